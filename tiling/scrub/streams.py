"""The headers of JPEG streams, walked by a second, simpler reader than the one that wrote them.

The proof must not rest on the code it judges: nothing here is shared with `tiling.jpeg`.
"""

from dataclasses import dataclass

from tiling.errors import VerificationError

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_APP0, _APP14, _APP15, _COM = 0xE0, 0xEE, 0xEF, 0xFE
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JFIF_HEAD, _ADOBE_HEAD = b"JFIF\0", b"Adobe"
_JFIF_BYTES, _ADOBE_BYTES = 14, 12


@dataclass(frozen=True, slots=True)
class Walked:
    """width, height: of the frame. foreign_bytes: application data, comments, and what follows the image.

    scan_offset: where the first scan's data begins.
    """

    width_px: int
    height_px: int
    foreign_bytes: int
    scan_offset: int


def walk(data: bytes) -> Walked:
    """Raises VerificationError where the stream cannot be followed."""
    if data[:2] != b"\xff\xd8":
        raise VerificationError("a tile does not start like a JPEG")
    width_px = height_px = foreign_bytes = 0
    at = 2
    while True:
        while data[at : at + 2] == b"\xff\xff":
            at += 1
            foreign_bytes += 1
        if at + 4 > len(data) or data[at] != 0xFF:
            raise VerificationError("a tile's JPEG header cannot be followed")
        marker = data[at + 1]
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in _FRAMES:
            height_px = int.from_bytes(data[at + 5 : at + 7], "big")
            width_px = int.from_bytes(data[at + 7 : at + 9], "big")
        elif (_APP0 <= marker <= _APP15 or marker == _COM) and not _is_colour_mark(data, at, marker, length):
            foreign_bytes += length + 2
        at += 2 + length
        if marker == _SOS:
            break
    first_end = data.find(b"\xff\xd9", at)
    if first_end < 0:
        raise VerificationError("a tile's JPEG has no end")
    return Walked(width_px, height_px, foreign_bytes + len(data) - first_end - 2, at)


def _is_colour_mark(data: bytes, at: int, marker: int, length: int) -> bool:
    """JFIF without a thumbnail, or Adobe: both say how to read the colours, and have no room for text."""
    body = data[at + 4 : at + 2 + length]
    if marker == _APP0:
        return len(body) == _JFIF_BYTES and body.startswith(_JFIF_HEAD) and body[12:14] == b"\0\0"
    return marker == _APP14 and len(body) == _ADOBE_BYTES and body.startswith(_ADOBE_HEAD)
