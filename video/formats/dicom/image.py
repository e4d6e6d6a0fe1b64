"""What a data set says of its picture, as checked values."""

from dataclasses import dataclass

from video.errors import CorruptVideoError, UnsupportedVideoError, VideoTooLargeError
from video.formats.dicom import tags
from video.formats.dicom.data_set import DataSet
from video.formats.dicom.elements import Element
from video.limits import Limits

MONOCHROME = frozenset({"MONOCHROME1", "MONOCHROME2"})
PALETTE_COLOR = "PALETTE COLOR"
YBR_FULL = "YBR_FULL"
YBR_FULL_422 = "YBR_FULL_422"
YBR_PARTIAL = frozenset({"YBR_PARTIAL_422", "YBR_PARTIAL_420"})
_PHOTOMETRIC = frozenset(
    {*MONOCHROME, PALETTE_COLOR, "RGB", YBR_FULL, YBR_FULL_422, *YBR_PARTIAL, "YBR_ICT", "YBR_RCT"}
)
_BITS_ALLOCATED = frozenset({1, 8, 16})
_WIDEST_PIXEL = 16.0


@dataclass(frozen=True, slots=True)
class Image:
    """frame_count: as stated, None where it is not, or where it is nonsense. pixels: the element."""

    width_px: int
    height_px: int
    frame_count: int | None
    samples: int
    photometric: str
    is_planar: bool
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    pixel_aspect: float
    transfer_syntax: str
    pixels: Element


def read_image(data_set: DataSet, transfer_syntax: str, limits: Limits) -> Image:
    """Raises CorruptVideoError, UnsupportedVideoError, VideoTooLargeError."""
    pixels = _pixels(data_set)
    if pixels.byte_count > limits.dicom_bytes:
        raise VideoTooLargeError(
            f"the DICOM pixel data have more than {limits.dicom_bytes // 2**20:,} MiB, which is the most here"
        )
    width_px = data_set.number(tags.COLUMNS) or 0
    height_px = data_set.number(tags.ROWS) or 0
    is_stream = transfer_syntax in tags.STREAMS
    if not is_stream and (width_px < 1 or height_px < 1):
        raise CorruptVideoError("the DICOM file does not say how large its picture is")
    check_size(width_px, height_px, limits)
    photometric = data_set.code(tags.PHOTOMETRIC)
    samples = data_set.number(tags.SAMPLES_PER_PIXEL)
    if samples is None:
        samples = 1 if photometric in MONOCHROME or photometric == PALETTE_COLOR else 3
    if not photometric:
        photometric = "MONOCHROME2" if samples == 1 else "RGB"
    if photometric not in _PHOTOMETRIC or samples not in (1, 3):
        raise UnsupportedVideoError("the DICOM picture's colours are of a kind that is not supported")
    bits_allocated = data_set.number(tags.BITS_ALLOCATED) or 8
    if bits_allocated not in _BITS_ALLOCATED:
        raise UnsupportedVideoError(f"DICOM samples of {bits_allocated} bits are not supported")
    bits_stored = data_set.number(tags.BITS_STORED) or bits_allocated
    if not 1 <= bits_stored <= bits_allocated:
        bits_stored = bits_allocated
    high_bit = data_set.number(tags.HIGH_BIT)
    if high_bit is None or not bits_stored - 1 <= high_bit < bits_allocated:
        high_bit = bits_stored - 1
    frame_count = data_set.whole(tags.NUMBER_OF_FRAMES)
    return Image(
        width_px=width_px,
        height_px=height_px,
        frame_count=frame_count if frame_count is not None and frame_count > 0 else None,
        samples=samples,
        photometric=photometric,
        is_planar=samples == 3 and data_set.number(tags.PLANAR_CONFIGURATION) == 1,
        bits_allocated=bits_allocated,
        bits_stored=bits_stored,
        high_bit=high_bit,
        is_signed=data_set.number(tags.PIXEL_REPRESENTATION) == 1,
        pixel_aspect=_pixel_aspect(data_set),
        transfer_syntax=transfer_syntax,
        pixels=pixels,
    )


def check_size(width_px: int, height_px: int, limits: Limits) -> None:
    """Raises VideoTooLargeError."""
    if max(width_px, height_px) > limits.side_px or width_px * height_px > limits.frame_px:
        raise VideoTooLargeError(
            f"the frames have {width_px} × {height_px} px; a side may have {limits.side_px} px here"
            f" and a frame {limits.frame_px:,} px"
        )


def _pixels(data_set: DataSet) -> Element:
    kind = data_set.text(tags.SOP_CLASS)
    if kind == tags.WHOLE_SLIDE_IMAGE:
        raise UnsupportedVideoError("the DICOM file is a whole-slide image, not a clip")
    if kind == tags.MEDIA_DIRECTORY:
        raise UnsupportedVideoError(
            "the file is a list of DICOM files (DICOMDIR); bring the files themselves"
        )
    if kind in tags.NO_PICTURES:
        raise UnsupportedVideoError("the DICOM file holds no picture but what was made from one")
    pixels = data_set.element(tags.PIXEL_DATA)
    if pixels is not None:
        return pixels
    if data_set.element(tags.FLOAT_PIXEL_DATA) or data_set.element(tags.DOUBLE_PIXEL_DATA):
        raise UnsupportedVideoError("DICOM samples in floating point are not supported")
    if data_set.element(tags.ROWS):
        raise CorruptVideoError("the DICOM file has no pixel data; it may be cut short")
    raise UnsupportedVideoError("the DICOM file holds no picture")


def _pixel_aspect(data_set: DataSet) -> float:
    """Width of a pixel by its height. The element says height first, then width (PS3.3, C.7.6.3.1.7)."""
    numbers = [int(text) for text in data_set.strings(tags.PIXEL_ASPECT_RATIO) if text.isdecimal()]
    if len(numbers) != 2 or not all(0 < number < 1_000_000 for number in numbers):
        return 1.0
    aspect = numbers[1] / numbers[0]
    return aspect if 1 / _WIDEST_PIXEL <= aspect <= _WIDEST_PIXEL else 1.0
