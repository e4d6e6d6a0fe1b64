"""Clips in containers: MP4, MOV, MKV, WebM, AVI, MPEG program and transport streams, GIF, ASF, FLV."""

from ground.source import ByteSource
from video.errors import NotAVideoError
from video.formats.container.container_video import ContainerVideo
from video.formats.container.sniff import sniff
from video.limits import Limits

__all__ = ["is_container", "open_container"]


def is_container(source: ByteSource) -> bool:
    """By the first bytes alone; whether there is a video stream in it shows when it is opened."""
    return sniff(source) is not None


def open_container(source: ByteSource, limits: Limits | None = None) -> ContainerVideo:
    """`source` must stay open as long as the video is used.

    Raises NotAVideoError, UnsupportedVideoError, CorruptVideoError, VideoTooLargeError.
    """
    container = sniff(source)
    if container is None:
        raise NotAVideoError("the file is of no kind of video that is known here")
    return ContainerVideo(source, container, limits or Limits())
