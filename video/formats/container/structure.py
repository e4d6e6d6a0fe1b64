"""A container's own structure, walked by ourselves: what FFmpeg skips without a word still holds text."""

from collections.abc import Callable

from ground.source import ByteSource
from video.formats.container.ebml import walk_matroska
from video.formats.container.gif import walk_gif
from video.formats.container.layout import Structure
from video.formats.container.mp4 import walk_mp4
from video.formats.container.riff import walk_avi
from video.formats.container.sniff import Container
from video.formats.container.streaming import (
    walk_asf,
    walk_elementary,
    walk_flv,
    walk_program_stream,
    walk_transport_stream,
)
from video.limits import Limits

_WALKS: dict[str, Callable[[ByteSource, Limits], Structure]] = {
    "mov": walk_mp4,
    "matroska": walk_matroska,
    "avi": walk_avi,
    "gif": walk_gif,
    "mpeg": walk_program_stream,
    "mpegts": walk_transport_stream,
    "asf": walk_asf,
    "flv": walk_flv,
}


def read_structure(source: ByteSource, container: Container, limits: Limits) -> Structure:
    """Raises CorruptVideoError, UnsupportedVideoError, VideoTooLargeError where the structure alone says that
    decoding is no use.
    """
    return _WALKS.get(container.demuxer, walk_elementary)(source, limits)
