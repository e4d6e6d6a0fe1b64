"""Places on a slide, in level-0 px, and the tiles that they touch."""

from collections.abc import Iterable, Iterator, Sequence

from ground.finding import Box
from tiling.geometry import Size, TileGrid, ceil_div

_REMOVED_SHARE = 0.9


def tiles_of(boxes: Iterable[Box], grid: TileGrid) -> frozenset[int]:
    """The numbers, row by row, of all tiles that a box touches. What lies beyond the slide touches none."""
    side = grid.tile_size_px
    touched: set[int] = set()
    for box in on_slide(boxes, grid.size):
        cols = range(box.x0 // side, ceil_div(box.x1, side))
        rows = range(box.y0 // side, ceil_div(box.y1, side))
        touched.update(row * grid.cols + col for row in rows for col in cols)
    return frozenset(touched)


def on_slide(boxes: Iterable[Box], size: Size) -> Iterator[Box]:
    """The part of each box that lies on the slide, where there is any."""
    for box in boxes:
        x0, x1 = max(0, box.x0), min(size.width_px, box.x1)
        y0, y1 = max(0, box.y0), min(size.height_px, box.y1)
        if x0 < x1 and y0 < y1:
            yield Box(x0, y0, x1, y1)


def is_removed(box: Box, removed: Sequence[Box]) -> bool:
    """Whether a person has said of this place that it is none: it lies, nearly all of it, within theirs."""
    area = (box.x1 - box.x0) * (box.y1 - box.y0)
    return any(_shared_area(box, other) >= _REMOVED_SHARE * area for other in removed)


def _shared_area(one: Box, other: Box) -> int:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(0, width) * max(0, height)
