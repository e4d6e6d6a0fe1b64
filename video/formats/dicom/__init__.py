"""DICOM loops and stills: ultrasound, angiography, endoscopy, secondary capture."""

from ground.source import ByteSource
from video.errors import UnsupportedVideoError, VideoError
from video.formats.dicom import tags
from video.formats.dicom.byte_window import ByteWindow
from video.formats.dicom.data_set import DataSet
from video.formats.dicom.dicom_video import DicomVideo
from video.formats.dicom.elements import ElementReader
from video.formats.dicom.file_layout import (
    MAGIC,
    MAX_ELEMENTS,
    PREAMBLE_BYTES,
    FileLayout,
    begins_like_dicom,
    find_data_set,
    stated_kind,
)
from video.formats.dicom.frame_bytes import is_encapsulated, read_fragments
from video.formats.dicom.image import read_image
from video.formats.dicom.stream_video import DicomStreamVideo, JoinedFragments, is_stream
from video.limits import Limits
from video.model import Video

__all__ = ["is_dicom_video", "open_dicom_video"]


def is_dicom_video(source: ByteSource) -> bool:
    """Whether the bytes are DICOM and no whole-slide image; whether they hold a picture shows on opening."""
    if not begins_like_dicom(source):
        return False
    has_magic = source.read_at(PREAMBLE_BYTES, len(MAGIC)) == MAGIC
    try:
        kind = stated_kind(source)
        if kind:
            return kind != tags.WHOLE_SLIDE_IMAGE
        data_set = _data_set(find_data_set(source))
    except VideoError:
        return has_magic  # damaged, and told so on opening
    if not has_magic and data_set.element(tags.ROWS) is None and data_set.element(tags.PIXEL_DATA) is None:
        return False
    return data_set.text(tags.SOP_CLASS) != tags.WHOLE_SLIDE_IMAGE


def open_dicom_video(source: ByteSource, limits: Limits | None = None) -> Video:
    """`source` must stay open as long as the video is used.

    Raises NotAVideoError, UnsupportedVideoError, CorruptVideoError, VideoTooLargeError.
    """
    limits = limits or Limits()
    layout = find_data_set(source)
    data_set = _data_set(layout)
    image = read_image(data_set, layout.transfer_syntax, limits)
    if not is_encapsulated(image, layout.source):
        return DicomVideo(source, layout, data_set, image, None, limits)
    fragments = read_fragments(image, data_set, layout.source, limits)
    stream = JoinedFragments(layout.source, fragments)
    if is_stream(stream):
        is_cut = not fragments.is_complete
        return DicomStreamVideo(source, layout, data_set, image, stream, limits, is_cut=is_cut)
    if layout.transfer_syntax in tags.STREAMS:
        raise UnsupportedVideoError("the DICOM file's stream is of no kind that is known here")
    return DicomVideo(source, layout, data_set, image, fragments, limits)


def _data_set(layout: FileLayout) -> DataSet:
    return DataSet(ElementReader(ByteWindow(layout.source), MAX_ELEMENTS), layout.span)
