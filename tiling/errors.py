"""What can go wrong with a slide.

Every error of this wing is a `TilingError`. Its text is one plain sentence that may be shown to anybody: it
never carries a tag's content, a file name or anything else that was read out of the slide as text.
"""


class TilingError(Exception):
    """Base of everything this wing raises on purpose."""


class NotASlideError(TilingError):
    """The bytes are not a whole-slide image of any kind we know."""


class UnsupportedSlideError(TilingError):
    """A slide, but of a make or a coding that is not handled (yet)."""


class CorruptSlideError(TilingError):
    """The file contradicts itself, is cut short, or points outside itself."""


class MalformedJpegError(CorruptSlideError):
    """A JPEG stream does not follow the marker syntax, or lacks what is needed to decode it."""


class UncroppableJpegError(TilingError):
    """A JPEG stream cannot be cropped without loss; decode and encode it instead."""


class SlideTooLargeError(TilingError):
    """The slide exceeds a limit that protects this machine."""


class CanonicalError(TilingError):
    """A canonical slide on disk is missing, damaged or of another version."""


class TileNotFoundError(TilingError):
    """There is no tile at this level, column and row."""


class VerificationError(TilingError):
    """The canonical slide could not be proved clean or faithful, so it must not be used."""


class ConversionCancelled(TilingError):  # noqa: N818 - not a fault: the caller asked for it
    """The caller's `cancelled()` said so."""
