"""DICOM loops and stills: ultrasound, angiography, endoscopy, secondary capture."""

from video.errors import VideoError
from video.formats.dicom import tags
from video.formats.dicom.byte_window import ByteWindow
from video.formats.dicom.data_set import DataSet
from video.formats.dicom.dicom_video import DicomVideo
from video.formats.dicom.elements import ElementReader
from video.formats.dicom.file_layout import MAX_ELEMENTS, begins_like_dicom, find_data_set
from video.formats.dicom.image import read_image
from video.limits import Limits
from video.model import Video
from video.source import ByteSource

__all__ = ["is_dicom_video", "open_dicom_video"]


def is_dicom_video(source: ByteSource) -> bool:
    """Whether the bytes are DICOM and no whole-slide image; whether they hold a picture shows on opening."""
    if not begins_like_dicom(source):
        return False
    try:
        layout = find_data_set(source)
        data_set = DataSet(ElementReader(ByteWindow(layout.source), MAX_ELEMENTS), layout.span)
    except VideoError:
        return True  # damaged, and told so on opening
    return data_set.text(tags.SOP_CLASS) != tags.WHOLE_SLIDE_IMAGE


def open_dicom_video(source: ByteSource, limits: Limits | None = None) -> Video:
    """`source` must stay open as long as the video is used.

    Raises NotAVideoError, UnsupportedVideoError, CorruptVideoError, VideoTooLargeError.
    """
    limits = limits or Limits()
    layout = find_data_set(source)
    data_set = DataSet(ElementReader(ByteWindow(layout.source), MAX_ELEMENTS), layout.span)
    image = read_image(data_set, layout.transfer_syntax, limits)
    return DicomVideo(source, layout, data_set, image, limits)
