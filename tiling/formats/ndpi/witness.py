"""An NDPI read by tifffile and decoded by libjpeg: the second opinion that the proof rests on.

The source's own restart segments are put under its own header, as tifffile finds both, and decoded to stripes
of whole segments; nothing of our cutting is used. Stripes are kept for a while, so that all tiles together
cost about one decoding of the slide.
"""

import io
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import simplejpeg
import tifffile

from tiling.errors import VerificationError
from tiling.geometry import Mpp, Size, TileGrid, ceil_div
from tiling.model import Pixels
from tiling.source import ByteSource
from tiling.tiff.second_reader import LIBRARY_ERRORS, _SourceFile

_TILE_SIDE_PX = 256
_STRIPE_WIDTH_PX = 8192
_KEPT_STRIPES = 24  # of 6 MB each
_UM_PER_UNIT = {2: 25_400.0, 3: 10_000.0}
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 282, 283, 296


class NdpiWitness:
    """Implements `tiling.model.Witness`."""

    jpeg_tables = b""

    def __init__(self, source: ByteSource, page: tifffile.TiffPage) -> None:
        self._source = source
        self._page = page
        self.grid = TileGrid(Size(page.imagewidth, page.imagelength), _TILE_SIDE_PX)
        self.mpp = _mpp(page)
        self._cols = ceil_div(page.imagewidth, page.tilewidth)
        self._rows = ceil_div(page.imagelength, page.tilelength)
        if page.jpegheader is None or len(page.dataoffsets) != self._cols * self._rows:
            raise VerificationError("two libraries read the source's image differently")
        self._stripe_cols = max(1, _STRIPE_WIDTH_PX // page.tilewidth)
        self._lock = threading.Lock()
        self._stripes: OrderedDict[tuple[int, int], Pixels] = OrderedDict()

    def stored_tile(self, index: int) -> bytes | None:
        """Empty: tiles do not stand in the file as such."""
        return b""

    def tile_pixels(self, index: int) -> Pixels:
        return self._tile(index, is_plain=False)

    def plain_pixels(self, index: int) -> Pixels:
        return self._tile(index, is_plain=True)

    def _tile(self, index: int, *, is_plain: bool) -> Pixels:
        row, col = divmod(index, self.grid.cols)
        left, side = col * _TILE_SIDE_PX, _TILE_SIDE_PX
        tile = np.zeros((side, side, 3), np.uint8)
        width_px = self._stripe_cols * self._page.tilewidth
        for number in range(left // width_px, (left + side - 1) // width_px + 1):
            if number * self._stripe_cols >= self._cols:
                break
            stripe = self._stripe(row, number, is_plain=is_plain)
            begin = number * width_px
            shown = stripe[:, max(0, left - begin) : left + side - begin]
            at = max(0, begin - left)
            tile[: shown.shape[0], at : at + shown.shape[1]] = shown
        return tile

    def _stripe(self, row: int, number: int, *, is_plain: bool) -> Pixels:
        key = (row, number)
        if is_plain:
            with self._lock:
                if (known := self._stripes.get(key)) is not None:
                    return known
        pixels = self._decode(row, number, is_plain=is_plain)
        if is_plain:
            with self._lock:
                self._stripes[key] = pixels
                while len(self._stripes) > _KEPT_STRIPES:
                    self._stripes.popitem(last=False)
        return pixels

    def _decode(self, row: int, number: int, *, is_plain: bool) -> Pixels:
        page = self._page
        rows_per_tile = _TILE_SIDE_PX // page.tilelength
        first_row = row * rows_per_tile
        end_row = min(first_row + rows_per_tile, self._rows)
        first_col = number * self._stripe_cols
        end_col = min(first_col + self._stripe_cols, self._cols)
        parts = [self._row(y, first_col, end_col) for y in range(first_row, end_row)]
        segments = [segment for part in parts for segment in part]
        height_px = (end_row - first_row) * page.tilelength
        width_px = (end_col - first_col) * page.tilewidth
        jpeg = _with_size(page.jpegheader, width_px, height_px) + b"".join(
            segment[:-2] + bytes((0xFF, 0xD0 + index % 8)) for index, segment in enumerate(segments)
        )
        try:
            pixels: Pixels = simplejpeg.decode_jpeg(
                jpeg[:-2] + b"\xff\xd9", colorspace="RGB", fastupsample=is_plain
            )
        except (ValueError, MemoryError) as error:
            raise VerificationError("a part of the source could not be decoded a second time") from error
        return pixels

    def _row(self, y: int, first_col: int, end_col: int) -> list[bytes]:
        first, end = y * self._cols + first_col, y * self._cols + end_col
        offsets, counts = self._page.dataoffsets[first:end], self._page.databytecounts[first:end]
        data = self._source.read_at(offsets[0], offsets[-1] + counts[-1] - offsets[0])
        return [data[offset - offsets[0] :][:count] for offset, count in zip(offsets, counts, strict=True)]


def _with_size(header: bytes, width_px: int, height_px: int) -> bytes:
    at = header.index(b"\xff\xc0")
    return header[: at + 5] + height_px.to_bytes(2, "big") + width_px.to_bytes(2, "big") + header[at + 9 :]


def _mpp(page: tifffile.TiffPage) -> Mpp | None:
    unit_um = _UM_PER_UNIT.get(int(page.tags.valueof(_RESOLUTION_UNIT, 2)))
    values = [page.tags.valueof(tag) for tag in (_X_RESOLUTION, _Y_RESOLUTION)]
    if unit_um is None or any(value is None or 0 in value for value in values):
        return None
    x_um, y_um = (unit_um / (numerator / denominator) for numerator, denominator in values)
    return Mpp(x_um, y_um) if 0.01 <= min(x_um, y_um) and max(x_um, y_um) <= 100 else None


@contextmanager
def open_witness(source: ByteSource, directory: int) -> Iterator[NdpiWitness]:
    """Raises VerificationError where the second library disagrees or gives up."""
    try:
        file = tifffile.TiffFile(io.BufferedReader(_SourceFile(source)), is_ndpi=True)
        file.pages.useframes = False
        page = file.pages[directory]
        if not isinstance(page, tifffile.TiffPage):
            raise VerificationError("two libraries read the source's image differently")
        witness = NdpiWitness(source, page)
    except LIBRARY_ERRORS as error:
        raise VerificationError("an independent library could not read the source") from error
    with file:
        yield witness
