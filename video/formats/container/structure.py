"""A container's own structure, walked by ourselves: what FFmpeg skips without a word still holds text."""

from video.formats.container.layout import Structure
from video.formats.container.sniff import Container
from video.limits import Limits
from video.source import ByteSource


def read_structure(source: ByteSource, container: Container, limits: Limits) -> Structure:
    """Raises CorruptVideoError, VideoTooLargeError where the structure alone says that decoding is no use."""
    return Structure()
