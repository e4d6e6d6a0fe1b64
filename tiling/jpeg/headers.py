"""The header of a JPEG whose size is not to be believed: read and stated anew."""

from collections.abc import Iterator

from tiling.errors import MalformedJpegError

_SOI_BYTES = 2
_EOI, _SOS, _DHT, _DAC = 0xD9, 0xDA, 0xC4, 0xCC
_RESERVED_FRAME = 0xC8


def with_size(data: bytes, width_px: int, height_px: int) -> bytes:
    """The stream with another size in its frame header, whatever it said there.

    Hamamatsu writes 0 where a side has more than 65,535 pixels. Raises MalformedJpegError.
    """
    for marker, start, _ in _segments_before_image(data):
        if _is_frame(marker):
            size = height_px.to_bytes(2, "big") + width_px.to_bytes(2, "big")
            return data[: start + 1] + size + data[start + 5 :]
    raise MalformedJpegError("the JPEG stream has no image")


def stated_size(data: bytes) -> tuple[int, int]:
    """Width and height in the frame header; 0 where nothing is stated. Raises MalformedJpegError."""
    for marker, start, end in _segments_before_image(data):
        if _is_frame(marker) and end >= start + 5:
            return (
                int.from_bytes(data[start + 3 : start + 5], "big"),
                int.from_bytes(data[start + 1 : start + 3], "big"),
            )
    raise MalformedJpegError("the JPEG stream has no image")


def find_image_data(data: bytes) -> int:
    """Offset of the first entropy-coded byte, behind the first SOS. Raises MalformedJpegError."""
    for marker, _, end in _segments_before_image(data):
        if marker == _SOS:
            return end
    raise MalformedJpegError("the JPEG stream has no image")


def _is_frame(marker: int) -> bool:
    return 0xC0 <= marker <= 0xCF and marker not in (_DHT, _DAC, _RESERVED_FRAME)


def _segments_before_image(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, and where the body starts and ends, up to the first SOS."""
    if data[:_SOI_BYTES] != b"\xff\xd8":
        raise MalformedJpegError("the bytes do not start a JPEG stream")
    offset = _SOI_BYTES
    while offset + 4 <= len(data) and data[offset] == 0xFF:
        marker = data[offset + 1]
        if marker == 0xFF:
            offset += 1
            continue
        end = offset + 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
        if end > len(data) or end < offset + 4:
            raise MalformedJpegError("a JPEG segment reaches beyond the stream")
        yield marker, offset + 4, end
        if marker in (_SOS, _EOI):
            return
        offset = end
