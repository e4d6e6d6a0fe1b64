"""Outlines in their normal form: rings without repeated vertices, directed, begun at their smallest vertex.

Where a ring was begun and which way it was drawn says nothing about the object; here it is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Vertices: TypeAlias = NDArray[np.float64]
"""(n, 2) float64, px. A ring's closing vertex is not among them."""


NOTHING_PX = 1e-6
"""What is smaller than this nobody drew on purpose: too small to be followed along its outline."""


@dataclass(frozen=True, slots=True)
class Part:
    """One polygon: its outer ring has positive area, its holes have negative."""

    outer: Vertices
    holes: tuple[Vertices, ...]

    def filled(self) -> shapely.Polygon:
        """The polygon without its holes."""
        return shapely.Polygon(self.outer)

    def rings(self) -> tuple[Vertices, ...]:
        """The outer ring and then the holes."""
        return (self.outer, *self.holes)


def parts_of(geometry: BaseGeometry) -> tuple[Part, ...]:
    """The parts of a Polygon or MultiPolygon, in the order of their first vertices."""
    parts = []
    for polygon in shapely.get_parts(geometry):
        outer, *holes = (shapely.get_coordinates(ring) for ring in shapely.get_rings(polygon))
        inner = sorted((normal_ring(hole, -1.0) for hole in holes), key=_first)
        parts.append(Part(normal_ring(outer, 1.0), tuple(inner)))
    parts.sort(key=lambda part: _first(part.outer))
    return tuple(parts)


def normal_ring(closed: Vertices, sign: float) -> Vertices:
    """The vertices of a closed ring with an area of that sign, from the smallest one (by x, then y)."""
    following = closed[1:]
    ring = following[(following != closed[:-1]).any(axis=1)]
    if signed_area(ring) * sign < 0:
        ring = ring[::-1]
    x = ring[:, 0]
    lowest = np.flatnonzero(x == x.min())
    start = int(lowest[ring[lowest, 1].argmin()])
    return np.concatenate((ring[start:], ring[:start]))


def without_repeats(line: Vertices) -> Vertices:
    """The vertices of a line without those that equal the one before."""
    keep = np.ones(len(line), dtype=bool)
    keep[1:] = (line[1:] != line[:-1]).any(axis=1)
    return line[keep]


def signed_area(ring: Vertices) -> float:
    """Positive where x to the right turns towards y down. Taken from the first vertex, for digits' sake."""
    x, y = (ring - ring[0]).T
    return 0.5 * float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))


def ring_centroid(ring: Vertices) -> Vertices:
    """The centroid of the filled ring, (2,)."""
    x, y = (ring - ring[0]).T
    cross = x[:-1] * y[1:] - x[1:] * y[:-1]
    twice = cross.sum()
    if twice == 0.0:
        return np.asarray(ring.mean(axis=0))
    middle = np.array([np.dot(x[:-1] + x[1:], cross), np.dot(y[:-1] + y[1:], cross)])
    return np.asarray(ring[0] + middle / (3.0 * twice))


def centroid(parts: Sequence[Part]) -> Vertices:
    """The centroid of the area of all parts, holes taken away. (2,)"""
    if len(parts) == 1 and not parts[0].holes:
        return ring_centroid(parts[0].outer)
    whole = shapely.MultiPolygon([(part.outer, part.holes) for part in parts])
    return np.asarray(shapely.get_coordinates(shapely.centroid(whole))[0])


def extent_px(vertices: Vertices) -> float:
    """The longer side of the upright box around them."""
    return float(np.ptp(vertices, axis=0).max())


def is_same(first: tuple[Part, ...], second: tuple[Part, ...]) -> bool:
    """Whether two outlines have the same rings."""
    return len(first) == len(second) and all(
        len(one.holes) == len(other.holes)
        and all(np.array_equal(a, b) for a, b in zip(one.rings(), other.rings(), strict=True))
        for one, other in zip(first, second, strict=True)
    )


def is_ordered(first: tuple[Part, ...], second: tuple[Part, ...]) -> bool:
    """Whether `first` comes before `second`: a rule that depends on nothing but the two shapes, so that going
    back in time makes the same choices as going forth."""
    if len(first) != len(second):
        return len(first) < len(second)
    for one, other in zip(first, second, strict=True):
        if len(one.holes) != len(other.holes):
            return len(one.holes) < len(other.holes)
        for a, b in zip(one.rings(), other.rings(), strict=True):
            order = compare_vertices(a, b)
            if order:
                return order < 0
    return True


def compare_vertices(first: Vertices, second: Vertices) -> int:
    """-1, 0 or 1: fewer vertices come first, then smaller coordinates."""
    if len(first) != len(second):
        return -1 if len(first) < len(second) else 1
    different = np.flatnonzero(first.ravel() != second.ravel())
    if not different.size:
        return 0
    at = different[0]
    return -1 if first.flat[at] < second.flat[at] else 1


def _first(ring: Vertices) -> tuple[float, float]:
    return (float(ring[0, 0]), float(ring[0, 1]))
