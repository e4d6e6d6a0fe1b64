"""How one line becomes another. A line drawn the other way round is the same line."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from annotations.motion.arc import Arc
from annotations.motion.outlines import NOTHING_PX, Vertices, compare_vertices, extent_px, without_repeats
from annotations.motion.vertex_map import Curves, map_curves

TRAVEL_SAMPLES = 128
TIE = 1e-9


class LineMotion:
    """From one LineString to another."""

    __slots__ = ("_drift", "_end", "_left", "_start")

    def __init__(self, left: Vertices, start: Vertices, end: Vertices, drift: Vertices) -> None:
        self._left = left
        self._start = start
        self._end = end
        self._drift = drift

    @property
    def byte_count(self) -> int:
        """What it takes in memory, about."""
        return 1_000 + self._left.nbytes + self._start.nbytes + self._end.nbytes

    def at(self, t: float) -> BaseGeometry:
        """The line at a part of the way; it runs as the left one does."""
        line = self._start + (self._end - self._start) * t
        if (line == line[0]).all():
            line = self._left + self._drift * t
        return shapely.LineString(line)


class NearerLine:
    """Of two lines the nearer one in time: they are too small to be moved, the digits would not do."""

    __slots__ = ("_left", "_right")

    byte_count = 1_000
    """What it takes in memory, about."""

    def __init__(self, left: BaseGeometry, right: BaseGeometry) -> None:
        self._left = left
        self._right = right

    def at(self, t: float) -> BaseGeometry:
        """The line at a part of the way."""
        return self._left if t < 0.5 else self._right


def plan_line(left: BaseGeometry, right: BaseGeometry) -> LineMotion | NearerLine:
    """The motion between two lines."""
    ours = without_repeats(shapely.get_coordinates(left))
    theirs = without_repeats(shapely.get_coordinates(right))
    if min(extent_px(ours), extent_px(theirs)) < NOTHING_PX:
        return NearerLine(left, right)
    if _is_reversed(Arc(ours, is_ring=False), Arc(theirs, is_ring=False)):
        theirs = theirs[::-1]
    # Both are mapped in an order and a direction that do not depend on which of them is the left one.
    is_forward = compare_vertices(_either_way(ours), _either_way(theirs)) <= 0
    lines = (ours, theirs) if is_forward else (theirs, ours)
    is_turned = compare_vertices(lines[0], lines[0][::-1]) > 0
    first, second = (Arc(line[::-1] if is_turned else line, is_ring=False) for line in lines)
    (moving,) = map_curves([Curves(first, second, first.middle(), second.middle())])
    start, end = (moving.start, moving.end) if is_forward else (moving.end, moving.start)
    if is_turned:
        start, end = start[::-1], end[::-1]
    drift = (second.middle() - first.middle()) * (1.0 if is_forward else -1.0)
    return LineMotion(ours, start, end, drift)


def _either_way(line: Vertices) -> Vertices:
    """The line in the direction in which it comes first."""
    return line if compare_vertices(line, line[::-1]) <= 0 else line[::-1]


def _is_reversed(one: Arc, other: Arc) -> bool:
    """Whether less way is to be gone if the other is taken from its end."""
    s = np.arange(TRAVEL_SAMPLES + 1) / TRAVEL_SAMPLES
    p, q = one.at(s), other.at(s)
    straight = float(((p - q) ** 2).sum())
    turned = float(((p - q[::-1]) ** 2).sum())
    return turned < straight * (1.0 - TIE)
