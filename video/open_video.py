"""Open whatever clip or loop the bytes are: by their content, never by a file's name."""

from video.errors import NotAVideoError
from video.formats.container import is_container, open_container
from video.limits import Limits
from video.model import Video
from video.source import ByteSource


def is_video(source: ByteSource) -> bool:
    """Whether the bytes are of a kind that `open_video` knows; whether they can be read shows there."""
    return is_container(source)


def open_video(source: ByteSource, limits: Limits | None = None) -> Video:
    """Recognise and open a clip or loop; `source` must stay open as long as the video is used.

    Raises NotAVideoError, UnsupportedVideoError, CorruptVideoError, VideoTooLargeError.
    """
    limits = limits or Limits()
    if is_container(source):
        return open_container(source, limits)
    raise NotAVideoError("the file is of no kind of clip or loop that is known here")
