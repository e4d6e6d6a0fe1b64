"""The whole slide in a small picture, with what the masks hide: for the person who decides about them."""

import threading

from tiling.geometry import TileGrid
from tiling.model import Pixels
from tiling.pixels import shrink


class AsItWas:
    """Remembers what is behind masked tiles, at the scale of a picture of the slide. Thread-safe.

    masked: numbers of tiles, row by row. picture_width_px: of the picture that `whole` completes.
    """

    def __init__(self, grid: TileGrid, masked: frozenset[int], picture_width_px: int) -> None:
        self._grid = grid
        self._masked = masked
        self._scale = picture_width_px / grid.size.width_px
        self._lock = threading.Lock()
        self._hidden: dict[tuple[int, int], Pixels] = {}

    def is_masked(self, col: int, row: int) -> bool:
        return row * self._grid.cols + col in self._masked

    def remember(self, col: int, row: int, pixels: Pixels) -> None:
        """pixels: the tile as the source has it, (side, side, 3)."""
        columns, rows = self._place(col, row)
        size = self._grid.region(col, row).size
        shown = pixels[: size.height_px, : size.width_px]
        small = shrink(shown, max(1, len(columns)), max(1, len(rows)))
        with self._lock:
            self._hidden[col, row] = small

    def whole(self, masked_picture: Pixels) -> Pixels:
        """The picture of the slide with its masks, (height, width, 3), without them."""
        if not self._hidden:
            return masked_picture
        picture = masked_picture.copy()
        for (col, row), pixels in sorted(self._hidden.items()):
            columns, rows = self._place(col, row)
            target = picture[rows.start : rows.stop, columns.start : columns.stop]
            target[:] = pixels[: target.shape[0], : target.shape[1]]
        return picture

    def _place(self, col: int, row: int) -> tuple[range, range]:
        """Columns and rows of the picture."""
        region = self._grid.region(col, row)
        x0, y0 = region.origin.x, region.origin.y
        x1, y1 = x0 + region.size.width_px, y0 + region.size.height_px
        columns, rows = (
            range(round(start * self._scale), max(round(start * self._scale) + 1, round(end * self._scale)))
            for start, end in ((x0, x1), (y0, y1))
        )
        return columns, rows
