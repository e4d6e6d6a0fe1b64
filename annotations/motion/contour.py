"""The outline at which a field on a grid changes its sign: marching squares, linear along the cells' sides.

Every crossing of a side has one way in and one way out, so that the rings close, and no two of them cross.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from annotations.motion.outlines import Vertices, signed_area

Field = NDArray[np.float64]
"""(rows, columns) float64, negative inside, positive at its border. In cells."""

NUDGE = 1e-6
"""A node this near to the outline counts as outside: crossings are never on a node."""

# Sides of a cell: 0 upper, 1 right, 2 lower, 3 left. For each case (corners inside: 1 upper left, 2 upper
# right, 4 lower right, 8 lower left) the ways from side to side, the inside on the right hand as x goes right
# and y goes down, so that outer rings have positive area.
_WAYS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((0, 3),),
    2: ((1, 0),),
    3: ((1, 3),),
    4: ((2, 1),),
    6: ((2, 0),),
    7: ((2, 3),),
    8: ((3, 2),),
    9: ((0, 2),),
    11: ((1, 2),),
    12: ((3, 1),),
    13: ((0, 1),),
    14: ((3, 0),),
}
_SADDLES = {
    # Corners inside and whether they are joined.
    (5, True): ((0, 1), (2, 3)),
    (5, False): ((0, 3), (2, 1)),
    (10, True): ((3, 0), (1, 2)),
    (10, False): ((1, 0), (3, 2)),
}


def zero_outline(field: Field) -> list[Vertices]:
    """The rings around what is negative, in grid coordinates (x = column); holes have negative area."""
    field = np.where(np.abs(field) < NUDGE, NUDGE, field)
    inside = field < 0
    rows, columns = field.shape
    case = (
        inside[:-1, :-1].astype(np.uint8)
        + 2 * inside[:-1, 1:].astype(np.uint8)
        + 4 * inside[1:, 1:].astype(np.uint8)
        + 8 * inside[1:, :-1].astype(np.uint8)
    )
    # Horizontal sides are numbered first, then vertical ones.
    following: dict[int, int] = {}
    for number, ways in _WAYS.items():
        _connect(np.argwhere(case == number), ways, rows, columns, following)
    for number in (5, 10):
        cells = np.argwhere(case == number)
        y, x = cells.T
        joined = field[y, x] + field[y, x + 1] + field[y + 1, x] + field[y + 1, x + 1] < 0
        _connect(cells[joined], _SADDLES[number, True], rows, columns, following)
        _connect(cells[~joined], _SADDLES[number, False], rows, columns, following)
    return [_crossings(np.array(loop), field) for loop in _loops(following)]


def polygons_of(rings: list[Vertices], least_area: float) -> BaseGeometry | None:
    """A polygon or multipolygon of nested rings that do not touch; small ones are left out, None if all."""
    outers: list[tuple[float, Vertices]] = []
    holes: list[tuple[float, Vertices]] = []
    for ring in rings:
        area = signed_area(ring)
        if abs(area) >= least_area:
            (outers if area > 0 else holes).append((abs(area), ring))
    if not outers:
        return None
    # A hole belongs to the smallest outer ring around it.
    outers.sort(key=lambda item: item[0])
    filled = [shapely.Polygon(ring) for _, ring in outers]
    inner: list[list[Vertices]] = [[] for _ in outers]
    for _, hole in holes:
        around = np.flatnonzero(shapely.contains_xy(filled, *hole[0]))
        if around.size:
            inner[around[0]].append(hole)
    parts = [shapely.Polygon(ring, own_holes) for (_, ring), own_holes in zip(outers, inner, strict=True)]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _connect(
    cells: NDArray[np.intp],
    ways: tuple[tuple[int, int], ...],
    rows: int,
    columns: int,
    following: dict[int, int],
) -> None:
    y, x = cells.T
    vertical = rows * columns
    sides = (
        y * columns + x,
        vertical + y * columns + x + 1,
        (y + 1) * columns + x,
        vertical + y * columns + x,
    )
    for start, end in ways:
        following.update(zip(sides[start].tolist(), sides[end].tolist(), strict=True))


def _loops(following: dict[int, int]) -> list[list[int]]:
    loops = []
    while following:
        start, side = following.popitem()
        loop = [start]
        while side != start:
            loop.append(side)
            side = following.pop(side)
        loops.append(loop)
    return loops


def _crossings(sides: NDArray[np.intp], field: Field) -> Vertices:
    """Where the field is zero on each of these sides."""
    rows, columns = field.shape
    is_vertical = sides >= rows * columns
    y, x = np.divmod(np.where(is_vertical, sides - rows * columns, sides), columns)
    here = field[y, x]
    there = field[np.where(is_vertical, y + 1, y), np.where(is_vertical, x, x + 1)]
    part = here / (here - there)
    return np.stack((np.where(is_vertical, x, x + part), np.where(is_vertical, y + part, y)), axis=1)
