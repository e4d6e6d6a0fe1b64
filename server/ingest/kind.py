"""Which wing reads a file: decided by its content, in the process that may be lost."""

from ground.source import ByteSource
from server.ingest.plan import Kind
from tiling.open_slide import is_slide
from video.formats.dicom import is_dicom_video
from video.open_video import is_video


def kind_of(source: ByteSource) -> Kind:
    """What the file is taken for, unknown if for nothing; whether it can be read as that shows there."""
    if is_dicom_video(source):
        # First, because a loop's preamble may be that of a TIFF (DICOM PS3.10, 7.1).
        return "video"
    if is_slide(source):
        return "slide"
    return "video" if is_video(source) else "unknown"
