"""Damaged tiles on the right and lower edge, as some Aperio scanners leave them.

Where a scan ends, the writer now and then breaks off a tile's data or leaves nonsense. No tissue is lost with
them, so a few are taken for left out, and said; anywhere else, or in numbers, damage stays damage.
"""

import threading
from collections.abc import Callable

from tiling.errors import CorruptSlideError, VerificationError
from tiling.geometry import TileGrid
from tiling.model import Tile
from tiling.pixels import require_decodable
from tiling.tiff.page_witness import PageWitness

_FEW = 8
_FEW_OF_ALL = 1 / 50


def is_on_edge(grid: TileGrid, index: int) -> bool:
    cols = grid.cols
    return index % cols == cols - 1 or index // cols == grid.rows - 1


class Edge:
    """Finds the damaged tiles of one slide's edge while they are read. Thread-safe."""

    def __init__(self, grid: TileGrid) -> None:
        self._grid = grid
        self._most = _FEW + int((grid.cols + grid.rows - 1) * _FEW_OF_ALL)
        self._lock = threading.Lock()
        self._damaged: set[int] = set()

    @property
    def remarks(self) -> tuple[str, ...]:
        count = len(self._damaged)
        if not count:
            return ()
        tiles = "1 tile at the edge is" if count == 1 else f"{count} tiles at the edge are"
        return (f"{tiles} damaged in the source and left white.",)

    def tile(self, col: int, row: int, read: Callable[[], Tile]) -> Tile:
        """What `read` gives; no tile where it is one of a few damaged ones. Raises CorruptSlideError."""
        index = row * self._grid.cols + col
        if not is_on_edge(self._grid, index):
            return read()
        try:
            tile = read()
            if tile.jpeg is not None:
                require_decodable(tile.jpeg, self._grid.tile_size_px, self._grid.tile_size_px)
        except CorruptSlideError:
            with self._lock:
                if index not in self._damaged and len(self._damaged) == self._most:
                    raise
                self._damaged.add(index)
            return Tile()
        return tile


class SvsWitness(PageWitness):
    """Decides by itself which tiles of the edge nobody can decode."""

    def stored_tile(self, index: int) -> bytes | None:
        stored = super().stored_tile(index)
        if stored is None or not is_on_edge(self.grid, index):
            return stored
        return stored if self._is_whole(index) else None

    def _is_whole(self, index: int) -> bool:
        decode: Callable[[int], object] = self.decode_plainly if self.holds_jpeg else self.tile_pixels
        try:
            decode(index)
        except VerificationError:
            return False
        return True
