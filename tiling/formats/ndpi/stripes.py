"""A level decoded by libjpeg in stripes: for the proof, and by none of our own cutting.

The source's restart segments are put under the source's own header. A stripe has as many rows as a tile, and
begins and ends with whole segments. An image without restart markers, or with segments that do not end with
its rows, is one stripe, decoded as a whole.
"""

import re
import struct
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from tiling.errors import VerificationError
from tiling.geometry import Size, ceil_div
from tiling.model import Pixels

_STRIPE_WIDTH_PX = 8192
_KEPT_STRIPES = 12  # of 6 MB each, but for a whole image
LARGEST_WHOLE_PX = 100_000_000  # 300 MB of pixels
_HEADER_BYTES = 1 << 20
_CHUNK_BYTES = 8 << 20
_EOI = b"\xff\xd9"
_find_restarts = re.compile(rb"\xff[\xd0-\xd7]").finditer


@dataclass(frozen=True, slots=True)
class _Header:
    """data: all before the image data. sof: where the size stands in it."""

    data: bytes
    sof: int
    mcu_width_px: int
    mcu_height_px: int
    interval_mcu: int

    def with_size(self, width_px: int, height_px: int) -> bytes:
        size = struct.pack(">HH", height_px, width_px)
        return self.data[: self.sof] + size + self.data[self.sof + 4 :]


class Stripes:
    """Decodes what is asked for, once, and keeps it for a while. Thread-safe; raises VerificationError."""

    def __init__(
        self, read: Callable[[int, int], bytes], strip_bytes: int, size: Size, tile_side_px: int
    ) -> None:
        """`read(offset, length)` gives bytes of the JPEG, which has `strip_bytes` in all."""
        self._read, self._strip_bytes, self._size = read, strip_bytes, size
        self._rows_px = tile_side_px
        self._header = header = _parse(read(0, min(_HEADER_BYTES, strip_bytes)))
        self._cols = ceil_div(size.width_px, header.mcu_width_px)
        self._rows = ceil_div(size.height_px, header.mcu_height_px)
        interval = header.interval_mcu
        self._is_whole = not interval or self._cols % interval > 0
        if self._is_whole:
            if size.pixel_count > LARGEST_WHOLE_PX:
                raise VerificationError(
                    "an image without restart markers in each row is too large to be proved"
                )
            self.width_px = size.width_px
        else:
            segment_px = interval * header.mcu_width_px
            self._segments_across = self._cols // interval
            self._segments_per_stripe = max(1, _STRIPE_WIDTH_PX // segment_px)
            self.width_px = self._segments_per_stripe * segment_px
            self._starts = self._find_segments()
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[int, int], Future[Pixels]] = OrderedDict()

    def plain(self, row: int, number: int) -> Pixels:
        """RGB from the top of a row of tiles on, of the stripe that is the row's `number`-th.

        Chroma samples are repeated.
        """
        if self._is_whole:
            return self._whole(row, is_plain=True)
        return self._once((row, number), lambda: self._decode(row, number, is_plain=True))

    def smooth(self, row: int, number: int) -> Pixels:
        """The same with interpolated chroma; not kept."""
        if self._is_whole:
            return self._whole(row, is_plain=False)
        return self._decode(row, number, is_plain=False)

    def _whole(self, row: int, *, is_plain: bool) -> Pixels:
        """Only one whole image is kept: the proof asks for all plain tiles first, then for smooth ones."""
        key = (int(is_plain), 0)
        return self._once(key, lambda: self._decode_whole(is_plain=is_plain))[row * self._rows_px :]

    def _once(self, key: tuple[int, int], decode: Callable[[], Pixels]) -> Pixels:
        with self._lock:
            known = self._known.get(key)
            if known is None:
                mine: Future[Pixels] = Future()
                self._known[key] = mine
                while len(self._known) > (1 if self._is_whole else _KEPT_STRIPES):
                    self._known.popitem(last=False)
        if known is not None:
            return known.result()
        try:
            mine.set_result(decode())
        except BaseException as error:  # noqa: BLE001 - raised where the stripe is asked for
            mine.set_exception(error)
        return mine.result()

    def _find_segments(self) -> NDArray[np.int64]:
        """Where each segment begins, by the markers alone; and where the last one ends."""
        found = [np.array([len(self._header.data)], np.int64)]
        for offset in range(len(self._header.data), self._strip_bytes, _CHUNK_BYTES):
            chunk = self._read(offset, min(_CHUNK_BYTES + 1, self._strip_bytes - offset))
            ends = [match.end() for match in _find_restarts(chunk)]
            found.append(np.array(ends, np.int64) + offset)
        found.append(np.array([self._strip_bytes + 2], np.int64))
        starts = np.concatenate(found)
        if len(starts) != self._segments_across * self._rows + 1:
            raise VerificationError("the source's restart segments do not fill its image")
        return starts

    def _decode(self, row: int, number: int, *, is_plain: bool) -> Pixels:
        header = self._header
        rows = range(
            row * self._rows_px // header.mcu_height_px,
            min((row + 1) * self._rows_px // header.mcu_height_px, self._rows),
        )
        first = number * self._segments_per_stripe
        end = min(first + self._segments_per_stripe, self._segments_across)
        segments = [
            segment for y in rows for segment in self._segments(y * self._segments_across, first, end)
        ]
        body = b"".join(segment + bytes((0xFF, 0xD0 + index % 8)) for index, segment in enumerate(segments))[
            :-2
        ]
        width_px = (end - first) * header.interval_mcu * header.mcu_width_px
        jpeg = header.with_size(width_px, len(rows) * header.mcu_height_px) + body + _EOI
        return _decoded(jpeg, is_plain=is_plain)

    def _segments(self, row_start: int, first: int, end: int) -> list[bytes]:
        """Without the restart markers that follow them."""
        starts = self._starts[row_start + first : row_start + end + 1].tolist()
        data = self._read(starts[0], starts[-1] - 2 - starts[0])
        return [data[a - starts[0] : b - starts[0] - 2] for a, b in pairwise(starts)]

    def _decode_whole(self, *, is_plain: bool) -> Pixels:
        header = self._header
        body = self._read(len(header.data), self._strip_bytes - len(header.data))
        jpeg = header.with_size(self._size.width_px, self._size.height_px) + body
        return _decoded(jpeg, is_plain=is_plain)


def has_restart_markers(read: Callable[[int, int], bytes], strip_bytes: int, size: Size) -> bool:
    """Whether a JPEG of this size is divided by restart markers. Raises VerificationError."""
    header = _parse(read(0, min(_HEADER_BYTES, strip_bytes)))
    mcus = ceil_div(size.width_px, header.mcu_width_px) * ceil_div(size.height_px, header.mcu_height_px)
    return 0 < header.interval_mcu < mcus


def _decoded(jpeg: bytes, *, is_plain: bool) -> Pixels:
    """Where a part is damaged the rest is still decoded: which tiles are damaged is told elsewhere."""
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(jpeg, colorspace="RGB", fastupsample=is_plain, strict=False)
    except (ValueError, MemoryError) as error:
        raise VerificationError("a part of the source could not be decoded a second time") from error
    return pixels


def _parse(data: bytes) -> _Header:
    """Read the segments up to the first SOS."""
    offset, sof, interval_mcu, factors = 2, 0, 0, [0x11]
    while offset + 4 <= len(data) and data[offset] == 0xFF:
        marker, length = data[offset + 1], int.from_bytes(data[offset + 2 : offset + 4], "big")
        if marker in (0xC0, 0xC1, 0xC2):
            sof = offset + 5
            factors = list(data[sof + 6 : offset + 2 + length : 3])
        elif marker == 0xDD:
            interval_mcu = int.from_bytes(data[offset + 4 : offset + 6], "big")
        offset += 2 + length
        if marker == 0xDA and sof and factors:
            if len(factors) == 1:
                factors = [0x11]
            across, down = max(f >> 4 for f in factors), max(f & 15 for f in factors)
            return _Header(data[:offset], sof, 8 * across, 8 * down, interval_mcu)
    raise VerificationError("the source's image is no JPEG that can be proved")
