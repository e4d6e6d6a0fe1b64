"""What can go wrong with a video.

Every error of this wing is a `VideoError`. Its text is one plain sentence that may be shown to anybody: it
never carries a tag's content, a file name or anything else that was read out of the file as text.
"""


class VideoError(Exception):
    """Base of everything this wing raises on purpose."""


class NotAVideoError(VideoError):
    """The bytes are not a clip or loop of any kind we know."""


class UnsupportedVideoError(VideoError):
    """A video, but of a make or a coding that is not handled (yet)."""


class CorruptVideoError(VideoError):
    """The file contradicts itself, or not one frame of it can be had."""


class VideoTooLargeError(VideoError):
    """The video exceeds a limit that protects this machine."""


class CanonicalVideoError(VideoError):
    """A canonical video on disk is missing, damaged or of another version."""


class FrameNotFoundError(VideoError):
    """There is no frame of this number."""


class VerificationError(VideoError):
    """The canonical video could not be proved clean or faithful, so it must not be used."""


class ConversionCancelled(VideoError):  # noqa: N818 - not a fault: the caller asked for it
    """The caller's `cancelled()` said so."""
