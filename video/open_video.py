"""Open whatever clip or loop the bytes are: by their content, never by a file's name."""

from ground.source import ByteSource
from video.errors import NotAVideoError
from video.formats.container import is_container, open_container
from video.formats.dicom import is_dicom_video, open_dicom_video
from video.limits import Limits
from video.model import Video

_PREAMBLE_BYTES = 128  # DICOM PS3.10, 7.1


def is_video(source: ByteSource) -> bool:
    """Whether the bytes are of a kind that `open_video` knows; whether they can be read shows there."""
    return (
        is_dicom_video(source) if _has_dicom_mark(source) else is_container(source) or is_dicom_video(source)
    )


def open_video(source: ByteSource, limits: Limits | None = None) -> Video:
    """Recognise and open a clip or loop; `source` must stay open as long as the video is used.

    Raises NotAVideoError, UnsupportedVideoError, CorruptVideoError, VideoTooLargeError.
    """
    limits = limits or Limits()
    # DICOM's mark first: what stands before it is anybody's. A data set without it comes last.
    if not _has_dicom_mark(source) and is_container(source):
        return open_container(source, limits)
    if is_dicom_video(source):
        return open_dicom_video(source, limits)
    raise NotAVideoError("the file is of no kind of clip or loop that is known here")


def _has_dicom_mark(source: ByteSource) -> bool:
    return source.read_at(_PREAMBLE_BYTES, 4) == b"DICM"
