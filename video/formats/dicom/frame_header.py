"""What a compressed frame says of itself, before anything makes room for what it says.

JPEG, lossless JPEG (ISO 10918-1), JPEG-LS (ISO 14495-1), JPEG 2000 and HTJ2K (ISO 15444-1, -15), JPEG XL
(ISO 18181-1). A frame's own header is believed before the data set: files were recompressed, cropped and
relabelled by others.
"""

from dataclasses import dataclass
from enum import StrEnum

_SOC_SIZ = b"\xff\x4f\xff\x51"
_JP2_BOXES = b"\0\0\0\x0cjP  "
_JXL = b"\xff\x0a"
_JXL_BOXES = b"\0\0\0\x0cJXL "
_SIDE_BITS = (9, 13, 18, 30)
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_BOXES_BYTES = 65_536
_SOI = b"\xff\xd8"
END_OF_IMAGE = b"\xff\xd9"  # of JPEG, and of JPEG 2000, too
_LONGEST_FILLING = 16
_SOF_DCT = frozenset({0xC0, 0xC1, 0xC2})
_SOF_LOSSLESS = 0xC3
_SOF_LS = 0xF7
_SOF_OTHERS = frozenset({0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_SOS, _EOI, _COD, _CAP, _SOT = 0xDA, 0xD9, 0x52, 0x50, 0x90
_MOST_MARKERS = 10_000


class Coding(StrEnum):
    """How a frame's samples are written down; the names stand in a video's `format_name`."""

    NATIVE = "uncompressed"
    DEFLATED = "deflated"
    RLE = "rle"
    JPEG = "jpeg"
    JPEG_LOSSLESS = "jpeg lossless"
    JPEG_LS = "jpeg-ls"
    JPEG_2000 = "jpeg 2000"
    HTJ2K = "htj2k"
    JPEG_XL = "jpeg xl"


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """bits: of a sample. sampling: (across, down) of each component, as JPEG counts (more is finer).

    transform: the colour transform that the stream itself states (Adobe's marker; 1 for JPEG 2000's own,
    0 for none), None where it says nothing. is_jfif: then three components are YCbCr.
    """

    coding: Coding
    width_px: int
    height_px: int
    components: int
    bits: int
    sampling: tuple[tuple[int, int], ...] = ()
    transform: int | None = None
    is_jfif: bool = False

    @property
    def is_subsampled(self) -> bool:
        return len(set(self.sampling)) > 1


def read_frame_header(data: bytes) -> FrameHeader | None:
    """data: the frame, or its beginning. None where it is none of these, or damaged, or of a rare kind."""
    header = None
    if data.startswith((_SOC_SIZ, _JP2_BOXES)):
        header = _jpeg_2000(data)
    elif data.startswith(_SOI):
        header = _jpeg(data)
    return header if header is not None and min(header.width_px, header.height_px) > 0 else None


def begins_frame(start: bytes) -> bool:
    """Whether a fragment's first bytes are those of a picture."""
    return start.startswith((_SOI, _SOC_SIZ, _JP2_BOXES, _JXL, _JXL_BOXES))


def ends_image(data: bytes) -> bool:
    """Whether a JPEG or JPEG 2000 frame has its end, behind which some bytes may stand: zeros, or one 0xFF.

    Inside of one these two bytes never follow each other, but for pictures in its header.
    """
    return END_OF_IMAGE in data[-_LONGEST_FILLING:]


def jpeg_xl_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG XL frame (ISO 18181-1, D.2); None where it is none, or is damaged.

    How many components there are and how deep they are is not read here: the data set says so, too.
    """
    start = data.find(_JXL, 0, _BOXES_BYTES) if data.startswith(_JXL_BOXES) else 0
    if start < 0 or data[start : start + 2] != _JXL:
        return None
    bits = _Bits(int.from_bytes(data[start + 2 : start + 18], "little"))
    is_small = bits.take(1)
    height_px = bits.side(is_small=bool(is_small))
    ratio = bits.take(3)
    if ratio:
        across, down = _RATIOS[ratio - 1]
        return height_px * across // down, height_px
    return bits.side(is_small=bool(is_small)), height_px


class _Bits:
    """Bits from the lowest on."""

    def __init__(self, value: int) -> None:
        self._value = value

    def take(self, count: int) -> int:
        found = self._value & ((1 << count) - 1)
        self._value >>= count
        return found

    def side(self, *, is_small: bool) -> int:
        return (self.take(5) + 1) * 8 if is_small else self.take(_SIDE_BITS[self.take(2)]) + 1


def _jpeg(data: bytes) -> FrameHeader | None:
    at, transform, is_jfif = 2, None, False
    for _ in range(_MOST_MARKERS):
        while at < len(data) and data[at] == 0xFF and data[at + 1 : at + 2] == b"\xff":
            at += 1  # markers may be preceded by any number of fill bytes
        if at + 4 > len(data) or data[at] != 0xFF:
            return None
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + length]
        if marker in _SOF_DCT or marker in (_SOF_LOSSLESS, _SOF_LS):
            return _from_sof(marker, body, transform, is_jfif=is_jfif)
        if marker in _SOF_OTHERS or marker in (_SOS, _EOI):
            return None
        if marker == 0xE0 and body.startswith(b"JFIF\0"):
            is_jfif = True
        elif marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
            transform = body[11]
        at += 2 + max(2, length)
    return None


def _from_sof(marker: int, body: bytes, transform: int | None, *, is_jfif: bool) -> FrameHeader | None:
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        return None
    coding = Coding.JPEG if marker in _SOF_DCT else Coding.JPEG_LOSSLESS
    if marker == _SOF_LS:
        coding = Coding.JPEG_LS
    sampling = tuple((body[at] >> 4, body[at] & 15) for at in range(7, 6 + 3 * body[5], 3))
    height_px, width_px = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    return FrameHeader(coding, width_px, height_px, body[5], body[0], sampling, transform, is_jfif)


def _jpeg_2000(data: bytes) -> FrameHeader | None:
    start = data.find(_SOC_SIZ, 0, _BOXES_BYTES)
    if start < 0 or len(data) < start + 45:
        return None
    siz = data[start + 4 :]
    right, lower, left, upper = (int.from_bytes(siz[at : at + 4], "big") for at in (4, 8, 12, 16))
    count = int.from_bytes(siz[36:38], "big")
    if not 1 <= count <= 4 or len(siz) < 38 + 3 * count:
        return None
    parts = [siz[38 + 3 * number : 41 + 3 * number] for number in range(count)]
    steps = [(part[1], part[2]) for part in parts]
    # As JPEG counts: the finest component has the largest number.
    sampling = tuple((4 // max(1, across), 4 // max(1, down)) for across, down in steps)
    bits = max((part[0] & 0x7F) + 1 for part in parts)
    transform, is_high_throughput = _main_header(data, start + 4 + int.from_bytes(siz[:2], "big"))
    return FrameHeader(
        Coding.HTJ2K if is_high_throughput else Coding.JPEG_2000,
        right - left,
        lower - upper,
        count,
        bits,
        sampling,
        transform,
    )


def _main_header(data: bytes, at: int) -> tuple[int | None, bool]:
    """Whether components are transformed together (1, 0, None: not found), and whether it is HTJ2K."""
    transform, is_high_throughput = None, False
    for _ in range(_MOST_MARKERS):
        if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] == _SOT:
            break
        if data[at + 1] == _COD and at + 9 <= len(data):
            transform = min(1, data[at + 8])
        is_high_throughput |= data[at + 1] == _CAP
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return transform, is_high_throughput
