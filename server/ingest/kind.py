"""Which wing reads a file: decided by its content, in the process that may be lost."""

from ground.source import ByteSource
from server.ingest.plan import Kind
from tiling.bundle import is_zip
from video.open_video import is_video

_PREAMBLE_BYTES = 128  # DICOM PS3.10, 7.1
_SLIDE_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"ZISRAWFILE", b"SQLite format 3\0")


def kind_of(source: ByteSource) -> Kind:
    """What the file is taken for, unknown if for nothing; whether it can be read as that shows there."""
    if source.read_at(0, 16).startswith(_SLIDE_MAGICS) or is_zip(source):
        return "slide"
    if is_video(source):
        return "video"
    return "slide" if source.read_at(_PREAMBLE_BYTES, 4) == b"DICM" else "unknown"
