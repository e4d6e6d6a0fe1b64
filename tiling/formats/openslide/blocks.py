"""Level 0 in blocks of several tiles: what a block touches is decoded once, several blocks side by side."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError
from tiling.formats.openslide.handle import Handle
from tiling.geometry import Point, Region, Size, TileGrid, ceil_div
from tiling.model import Pixels
from tiling.pixels import pad_to
from tiling.tiff.chunk_cache import ChunkCache

_CACHE_BYTES = 256 * 2**20
_BLOCK_WIDTH_PX = 2_048
_HIGHEST_BLOCK_PX = 1_024
_SPARE_BLOCKS = (
    8  # threads run ahead: a row of blocks and these must fit, or all is decoded again for each row
)
_NOTHING = np.zeros((0, 0, 4), np.uint8)
_DAMAGED = np.zeros((1, 1, 4), np.uint8)


class BlockReader:
    """Tiles of a grid over level 0, composed on a ground. Thread-safe. Raises CorruptSlideError.

    shift_px: how far the blocks' corners lie from the grid's, to the left and up. A witness reads with one of
    its own, so that it cuts the library's tiles at other places.
    """

    def __init__(
        self,
        handle: Handle,
        grid: TileGrid,
        ground: tuple[int, int, int],
        source_tile: Size | None,
        shift_px: int = 0,
    ) -> None:
        self._handle = handle
        self._grid = grid
        self._ground = np.array(ground, np.uint8)
        self._is_on_glass = ground == (255, 255, 255)
        self._shift_px = shift_px
        self._cache: ChunkCache[NDArray[np.uint8]] = ChunkCache(_CACHE_BYTES)
        self._block = Size(_BLOCK_WIDTH_PX, _block_height_px(grid, source_tile))

    def tile(self, col: int, row: int) -> Pixels | None:
        """(side, side, 3) RGB, edges repeated beyond the slide; None where nothing was scanned on glass."""
        place = self._grid.region(col, row)
        parts = list(self._parts(place))
        if any(part is _DAMAGED for _, part in parts):
            parts = [((0, 0), self._handle.read(place))]  # what spoils a block need not lie in this tile
        parts = [(at, part) for at, part in parts if part.any()]
        if not parts and self._is_on_glass:
            return None
        pixels = np.empty((place.size.height_px, place.size.width_px, 3), np.uint8)
        pixels[:] = self._ground
        for (y, x), part in parts:
            pixels[y : y + part.shape[0], x : x + part.shape[1]] = self._composed(part)
        side = self._grid.tile_size_px
        return pad_to(pixels, side, side)

    def _parts(self, place: Region) -> Iterator[tuple[tuple[int, int], NDArray[np.uint8]]]:
        """What of each block lies in a place, and where: (y, x) from the place's corner."""
        shift, width, height = self._shift_px, self._block.width_px, self._block.height_px
        left, top = place.origin.x + shift, place.origin.y + shift
        right, lower = left + place.size.width_px, top + place.size.height_px
        for block_row in range(top // height, ceil_div(lower, height)):
            for block_col in range(left // width, ceil_div(right, width)):
                block = self._block_at(block_col, block_row)
                if block is _NOTHING:
                    continue
                if block is _DAMAGED:
                    yield (0, 0), block
                    continue
                x, y = block_col * width, block_row * height
                x0, y0 = max(x, left), max(y, top)
                yield (
                    (y0 - top, x0 - left),
                    block[y0 - y : min(y + height, lower) - y, x0 - x : min(x + width, right) - x],
                )

    def _block_at(self, col: int, row: int) -> NDArray[np.uint8]:
        """Premultiplied pixels; _NOTHING where all are transparent, _DAMAGED where they cannot be had."""

        def read() -> NDArray[np.uint8]:
            corner = Point(
                col * self._block.width_px - self._shift_px, row * self._block.height_px - self._shift_px
            )
            try:
                pixels = self._handle.read(Region(corner, self._block))
            except CorruptSlideError:
                return _DAMAGED
            return pixels if pixels.view(np.uint32).any() else _NOTHING

        return self._cache.get((col, row), self._block.pixel_count * 4, read)

    def _composed(self, part: NDArray[np.uint8]) -> Pixels:
        colours: Pixels = part[:, :, 2::-1]
        alpha = part[:, :, 3:]
        if alpha.min() == 255:
            return colours
        rest = (255 - alpha.astype(np.uint16)) * self._ground + 127
        return (colours + rest // 255).clip(0, 255).astype(np.uint8)


def _block_height_px(grid: TileGrid, source_tile: Size | None) -> int:
    """As high as the source's tiles, in whole tiles of ours, as far as a row of blocks can be kept."""
    side = grid.tile_size_px
    wanted = ceil_div(source_tile.height_px, side) * side if source_tile else 2 * side
    columns = ceil_div(grid.size.width_px, _BLOCK_WIDTH_PX) + _SPARE_BLOCKS
    fitting = _CACHE_BYTES // (columns * _BLOCK_WIDTH_PX * 4)
    return max(side, min(wanted, _HIGHEST_BLOCK_PX, fitting) // side * side)
