"""An NDPI read by tifffile and decoded by libjpeg: the second opinion that the proof rests on."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import tifffile

from ground.source import ByteSource
from tiling.errors import VerificationError
from tiling.formats.ndpi.resumed import ResumedStripes
from tiling.formats.ndpi.stripes import LARGEST_WHOLE_PX, Stripes, has_restart_markers
from tiling.geometry import Mpp, Size, TileGrid
from tiling.model import Pixels
from tiling.tiff.second_reader import LIBRARY_ERRORS, _SourceFile

_TILE_SIDE_PX = 256
_UM_PER_UNIT = {2: 25_400.0, 3: 10_000.0}
_STRIP_OFFSETS, _STRIP_BYTE_COUNTS = 273, 279
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 282, 283, 296


class NdpiWitness:
    """Implements `tiling.model.Witness`."""

    jpeg_tables = b""

    def __init__(self, source: ByteSource, page: tifffile.TiffPage) -> None:
        self.grid = TileGrid(Size(page.imagewidth, page.imagelength), _TILE_SIDE_PX)
        self.mpp = _mpp(page)
        begin = int(page.tags[_STRIP_OFFSETS].value[0])
        byte_count = int(page.tags[_STRIP_BYTE_COUNTS].value[0])
        size = self.grid.size

        def read(offset: int, length: int) -> bytes:
            return source.read_at(begin + offset, length)

        is_large = size.pixel_count > LARGEST_WHOLE_PX
        kind = Stripes if not is_large or has_restart_markers(read, byte_count, size) else ResumedStripes
        self._stripes: Stripes | ResumedStripes = kind(read, byte_count, size, _TILE_SIDE_PX)

    def stored_tile(self, index: int) -> bytes | None:
        """Empty: tiles do not stand in the file as such."""
        return b""

    def tile_pixels(self, index: int) -> Pixels:
        return self._tile(index, is_plain=False)

    def plain_pixels(self, index: int) -> Pixels:
        return self._tile(index, is_plain=True)

    def _tile(self, index: int, *, is_plain: bool) -> Pixels:
        """Black beyond the level."""
        row, col = divmod(index, self.grid.cols)
        side, width_px = _TILE_SIDE_PX, self._stripes.width_px
        left, right = col * side, min((col + 1) * side, self.grid.size.width_px)
        tile = np.zeros((side, side, 3), np.uint8)
        for number in range(left // width_px, (right - 1) // width_px + 1):
            stripe = (self._stripes.plain if is_plain else self._stripes.smooth)(row, number)
            begin = number * width_px
            shown = stripe[:side, max(0, left - begin) : right - begin]
            at = max(0, begin - left)
            tile[: shown.shape[0], at : at + shown.shape[1]] = shown
        return tile


def _mpp(page: tifffile.TiffPage) -> Mpp | None:
    unit_um = _UM_PER_UNIT.get(int(page.tags.valueof(_RESOLUTION_UNIT, 2)))
    values = [page.tags.valueof(tag) for tag in (_X_RESOLUTION, _Y_RESOLUTION)]
    if unit_um is None or any(value is None or 0 in value for value in values):
        return None
    x_um, y_um = (unit_um / (numerator / denominator) for numerator, denominator in values)
    return Mpp(x_um, y_um) if min(x_um, y_um) >= 0.01 and max(x_um, y_um) <= 100 else None


@contextmanager
def open_witness(source: ByteSource, directory: int) -> Iterator[NdpiWitness]:
    """`directory`: the number of the level to be seen. Raises VerificationError where the second library
    disagrees or gives up."""
    try:
        file = tifffile.TiffFile(io.BufferedReader(_SourceFile(source)), is_ndpi=True)
        file.pages.useframes = False  # frames share their first page's tags instead of reading their own
        page = file.pages[directory]
        if not isinstance(page, tifffile.TiffPage):
            raise VerificationError("two libraries read the source's image differently")
        witness = NdpiWitness(source, page)
    except LIBRARY_ERRORS as error:
        raise VerificationError("an independent library could not read the source") from error
    with file:
        yield witness
