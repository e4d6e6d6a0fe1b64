"""Rulers and colour bars beside the sector: what a policy may keep, without the words next to them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from video.overlay.sector_shapes import Bitmap, Polygon, opened

_Box: TypeAlias = tuple[int, int, int, int]

_LIT = 40
_BAR_WIDTH = (0.006, 0.06)
_BAR_LENGTH = 0.08
_BAR_ASPECT = 2.5
_BAR_FILL = 0.9
_SAME_COLUMN = 12.0
_UNEVEN = 25.0
_TICK_LONG, _TICK_THIN_PX = 0.025, 5
_FEWEST_TICKS = 6
_ALIGNED_PX = 2
_REGULAR, _ALONE = 0.85, 0.95
_BESIDE, _MOSTLY = 0.015, 0.5
_SHORTEST_RULER = 0.2
_MARGIN_PX = 1
_MOST_SPECKS = 20_000


def colour_bars(picture: NDArray[np.uint8], outside: Bitmap) -> tuple[Polygon, ...]:
    """Upright bars of grey levels or colours in an (h, w, 3) RGB picture, where `outside` is 1.

    A bar is a narrow filled rectangle whose rows are each of one colour, and which changes along its length.
    """
    lit = opened((picture.max(axis=2) > _LIT).astype(np.uint8) & outside, 5)
    found: list[Polygon] = []
    height, width = lit.shape
    for x, y, columns, rows, _ in _stats(lit):
        if rows < _BAR_LENGTH * height or rows < _BAR_ASPECT * columns / 3:
            continue
        box = picture[y : y + rows, x : x + columns].astype(np.float32)
        for left, right in _alike_columns(box):
            is_narrow = _BAR_WIDTH[0] * width <= right - left <= _BAR_WIDTH[1] * width
            if is_narrow and rows >= _BAR_ASPECT * (right - left) and _is_bar(box[:, left:right]):
                found.append(_rectangle(x + left, y, x + right, y + rows))
    return tuple(found)


def rulers(picture: NDArray[np.uint8], outside: Bitmap) -> tuple[Polygon, ...]:
    """Rows and columns of ticks at even distances in an (h, w, 3) RGB picture, where `outside` is 1.

    Only the ticks' own strip: the figures beside them are not in it.
    """
    lit = (picture.max(axis=2) > _LIT).astype(np.uint8) & outside
    longest_px = max(6, round(_TICK_LONG * max(lit.shape)))
    ticks = [
        (x, y, x + columns, y + rows)
        for x, y, columns, rows, _ in _stats(lit)
        if max(columns, rows) <= longest_px and min(columns, rows) <= _TICK_THIN_PX
    ]
    boxes = _columns_of(ticks, lit)
    lying = _columns_of([(y0, x0, y1, x1) for x0, y0, x1, y1 in ticks], lit.T)
    boxes += [(y0, x0, y1, x1) for x0, y0, x1, y1 in lying]
    height, width = lit.shape
    return tuple(
        _rectangle(
            max(0, x0 - _MARGIN_PX),
            max(0, y0 - _MARGIN_PX),
            min(width, x1 + _MARGIN_PX),
            min(height, y1 + _MARGIN_PX),
        )
        for x0, y0, x1, y1 in boxes
    )


def _stats(bitmap: Bitmap) -> list[tuple[int, ...]]:
    count, _, stats, _ = cv2.connectedComponentsWithStats(bitmap, connectivity=8)
    if count > _MOST_SPECKS:
        return []  # snow; nothing in it is told from anything
    return [tuple(int(value) for value in row) for row in stats[1:]]


def _rectangle(x0: int, y0: int, x1: int, y1: int) -> Polygon:
    return ((x0, y0), (x1 - 1, y0), (x1 - 1, y1 - 1), (x0, y1 - 1))


def _alike_columns(box: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Runs of neighbouring columns that look the same: two bars may stand side by side."""
    steps = np.abs(np.diff(box, axis=1)).mean(axis=(0, 2))
    cuts = [0, *(int(step) + 1 for step in np.nonzero(steps > _SAME_COLUMN)[0]), box.shape[1]]
    return [(left, right) for left, right in pairwise(cuts) if right - left >= 3]


def _is_bar(box: NDArray[np.float32]) -> bool:
    inner = box[1:-1, 1:-1] if min(box.shape[:2]) > 4 else box
    is_filled = float((inner.max(axis=2) > 0).mean()) >= _BAR_FILL
    is_of_rows = float((inner.std(axis=1).max(axis=1) < _SAME_COLUMN).mean()) >= _BAR_FILL
    rows = inner.mean(axis=1)
    return is_filled and is_of_rows and float(np.ptp(rows, axis=0).max()) >= _UNEVEN


def _columns_of(ticks: Sequence[_Box], lit: Bitmap) -> list[_Box]:
    """Rectangles around ticks that stand one below the other at even distances, with nothing between them."""
    flat = [tick for tick in ticks if tick[2] - tick[0] >= tick[3] - tick[1]]
    found = []
    for edge in (0, 2):
        ordered = sorted(flat, key=lambda tick: (tick[edge], tick[1]))
        start = 0
        for stop in range(1, len(ordered) + 1):
            if stop < len(ordered) and ordered[stop][edge] - ordered[start][edge] <= _ALIGNED_PX:
                continue
            column = sorted(ordered[start:stop], key=lambda tick: tick[1])
            start = stop
            sides = [_free_sides(tick, lit) for tick in column]
            # A ruler ends where its last tick is that has room: beyond may be a banner's edge.
            with_room = [place for place, free in enumerate(sides) if free]
            if not with_room:
                continue
            inside = slice(with_room[0], with_room[-1] + 1)
            column, sides = column[inside], sides[inside]
            box = _around(column)
            is_alone = _is_alone(column, box, lit) and sides.count(2) >= _MOSTLY * len(sides)
            if is_alone and _is_even(column, lit.shape[0]):
                found.append(box)
    return found


def _around(column: Sequence[_Box]) -> _Box:
    x0, y0, x1, y1 = np.array(column).T
    return int(x0.min()), int(y0.min()), int(x1.max()), int(y1.max())


def _free_sides(tick: _Box, lit: Bitmap) -> int:
    """On how many sides nothing stands near a tick; dashes stand among letters."""
    x0, y0, x1, y1 = tick
    beside = max(_TICK_THIN_PX, round(_BESIDE * max(lit.shape)))
    rows = slice(max(0, y0 - _TICK_THIN_PX), y1 + _TICK_THIN_PX)
    sides = (lit[rows, max(0, x0 - beside) : x0], lit[rows, x1 : x1 + beside])
    return sum(not side.any() for side in sides)


def _is_alone(column: Sequence[_Box], box: _Box, lit: Bitmap) -> bool:
    """Whether next to nothing but the ticks is in their strip."""
    x0, y0, x1, y1 = box
    inked = sum(int(lit[tick[1] : tick[3], tick[0] : tick[2]].sum()) for tick in column)
    return inked >= _ALONE * int(lit[y0:y1, x0:x1].sum())


def _is_even(column: Sequence[_Box], height_px: int) -> bool:
    if len(column) < _FEWEST_TICKS:
        return False
    middles = np.array([(tick[1] + tick[3]) / 2 for tick in column])
    gaps = np.diff(middles)
    usual = float(np.median(gaps))
    if usual < 3 or middles[-1] - middles[0] < _SHORTEST_RULER * height_px:
        return False
    off = np.abs(gaps - usual * np.maximum(1, np.rint(gaps / usual)))
    return float((off <= max(1.5, 0.04 * usual)).mean()) >= _REGULAR
