"""A level without restart markers that is too large to be decoded at once, decoded by libjpeg in stripes.

Libjpeg cannot begin in the middle of a scan. So for each row of tiles it is given a stream that begins at
one of the places that our own index states. That is a statement of ours, so it is not believed: each stripe
begins one row of MCUs early, and that row must show exactly what the stripe above ends with. The first one
begins where the scan begins; so if all meet, all are what one decoding from the start would show.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

import simplejpeg

from tiling.errors import TilingError, VerificationError
from tiling.geometry import Size
from tiling.jpeg.headers import find_image_data
from tiling.jpeg.regrid import Regridder
from tiling.jpeg.resume import resumed
from tiling.jpeg.resync import ScanIndex
from tiling.model import Pixels

_HEADER_BYTES = 1 << 20
_KEPT_STRIPES = 3


class ResumedStripes:
    """Stripes of a level's whole width, a row of tiles each. Thread-safe; raises VerificationError."""

    def __init__(
        self, read: Callable[[int, int], bytes], strip_bytes: int, size: Size, tile_side_px: int
    ) -> None:
        """`read(offset, length)` gives bytes of the JPEG, which has `strip_bytes` in all."""
        self.width_px = size.width_px
        header = read(0, min(_HEADER_BYTES, strip_bytes))
        try:
            start = find_image_data(header)
            self._regridder = Regridder(header[:start], tile_side_px=tile_side_px)
        except TilingError as error:
            raise VerificationError("the source's image is no JPEG that can be proved") from error
        self._grid = self._regridder.mcu_grid(size.width_px, size.height_px)
        self._index = ScanIndex(self._regridder.blocks, self._grid, read, start, strip_bytes)
        self._rows_per_tile = tile_side_px // self._regridder.mcu_height_px
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, Pixels] = OrderedDict()
        # What the row above a stripe shows, as the stripe and as the one above it has it.
        self._seen_below: dict[int, bytes] = {}
        self._seen_above: dict[int, bytes] = {}

    def plain(self, row: int, number: int) -> Pixels:
        """RGB of a row of tiles, chroma samples repeated. `number` is 0: a stripe is as wide as the level."""
        with self._lock:
            known = self._kept.get(row)
            if known is None:
                known = self._kept[row] = self._decode_and_compare(row)
                while len(self._kept) > _KEPT_STRIPES:
                    self._kept.popitem(last=False)
            return known

    def smooth(self, row: int, number: int) -> Pixels:
        """The same with interpolated chroma; not kept."""
        with self._lock:
            return self._decode(row, is_plain=False)[1]

    def _decode_and_compare(self, row: int) -> Pixels:
        above, pixels = self._decode(row, is_plain=True)
        height_px = self._regridder.mcu_height_px
        if row > 0:
            self._seen_below[row] = hashlib.sha256(above).digest()
        self._seen_above[row + 1] = hashlib.sha256(pixels[-height_px:].tobytes()).digest()
        for border in (row, row + 1):
            seen = self._seen_below.get(border), self._seen_above.get(border)
            if None not in seen and seen[0] != seen[1]:
                raise VerificationError("two parts of the source's image do not meet")
        return pixels

    def _decode(self, row: int, *, is_plain: bool) -> tuple[bytes, Pixels]:
        """The row of MCUs above a row of tiles, and these."""
        first_row = row * self._rows_per_tile
        end_row = min(first_row + self._rows_per_tile, self._grid.rows)
        wanted_row = max(0, first_row - 1)
        columns, mcu_height_px = self._grid.columns, self._regridder.mcu_height_px
        segments = self._index.segments(wanted_row * columns, end_row * columns)
        begin_row = int(segments.firsts[0]) // columns
        jpeg = resumed(
            self._regridder.form,
            (self._regridder.mcu_width_px, mcu_height_px),
            segments,
            self._grid,
            end_row - begin_row,
        )
        try:
            shown: Pixels = simplejpeg.decode_jpeg(
                jpeg, colorspace="RGB", fastupsample=is_plain, strict=False
            )
        except (ValueError, MemoryError) as error:
            raise VerificationError("a part of the source could not be decoded a second time") from error
        top = (first_row - begin_row + 1) * mcu_height_px
        shown = shown[:, : self.width_px]
        return shown[top - mcu_height_px : top].tobytes(), shown[top:].copy()
