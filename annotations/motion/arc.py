"""A curve by its arc length: where one is after a fraction of the way, in which direction, and the places
that an alignment compares."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from annotations.motion.outlines import Vertices

Fractions = NDArray[np.float64]
"""(n,) float64: parts of the whole length, from the first vertex."""

PIECES = 48
"""An edge is cut into pieces of at most this fraction of the whole length."""
MOST_EDGES = 256
"""A curve of more edges is compared at so many equal steps instead of at its vertices."""
TANGENT_REACH = 1.0 / 64.0


class Arc:
    """A ring (from its first vertex round to it) or a line.

    Attributes
    ----------
    vertices : (n, 2), a ring's without the closing one.
    s : (n + 1,) of a ring, (n,) of a line: the fraction of the length at each vertex and at the end.
    length_px : of the whole; more than 0.
    """

    __slots__ = ("_x", "_y", "is_ring", "length_px", "s", "vertices")

    def __init__(self, vertices: Vertices, *, is_ring: bool) -> None:
        self.vertices = vertices
        self.is_ring = is_ring
        path = np.concatenate((vertices, vertices[:1])) if is_ring else vertices
        self._x, self._y = np.ascontiguousarray(path.T)
        dx, dy = np.diff(self._x), np.diff(self._y)
        along = np.zeros(len(path))
        np.cumsum(np.sqrt(dx * dx + dy * dy), out=along[1:])
        self.length_px = float(along[-1])
        self.s: Fractions = along / self.length_px

    def at(self, s: Fractions) -> Vertices:
        """The positions at fractions of the length; round and round on a ring, held at a line's ends."""
        place = np.mod(s, 1.0) if self.is_ring else s
        found = np.empty((len(place), 2))
        found[:, 0] = np.interp(place, self.s, self._x)
        found[:, 1] = np.interp(place, self.s, self._y)
        return found

    def with_tangents(self, s: Fractions) -> tuple[Vertices, Vertices]:
        """The positions, and unit vectors along a short chord around each; (0, 0) where it has no length."""
        # Beyond a line's ends, `at` stays there.
        position, before, after = np.split(
            self.at(np.concatenate((s, s - TANGENT_REACH, s + TANGENT_REACH))), 3
        )
        chord = after - before
        length = np.sqrt((chord * chord).sum(axis=1))
        length[length == 0.0] = 1.0
        chord /= length[:, None]
        return position, chord

    def nodes(self, first: int, last: int) -> Fractions:
        """The places between two vertices, both included, at which the curve is compared with another.

        `last` may go beyond the end of a ring, up to once round. Fractions then go beyond 1.
        """
        s = self.s[first : last + 1]
        if self.is_ring and last > len(self.vertices):
            s = np.concatenate((self.s[first:-1], 1.0 + self.s[: last - len(self.vertices) + 1]))
        if last - first > MOST_EDGES:
            return np.asarray(s[0] + (s[-1] - s[0]) * (np.arange(MOST_EDGES + 1) / MOST_EDGES))
        spans = np.diff(s)
        pieces = np.maximum(np.ceil(spans * PIECES - 1e-9), 1.0).astype(np.intp)
        if int(pieces.max()) == 1:
            return s
        starts = np.repeat(np.arange(len(pieces)), pieces)
        within = np.arange(len(starts)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        cut = s[starts] + spans[starts] * (within / pieces[starts])
        return np.append(cut, s[-1])

    def middle(self) -> Vertices:
        """The centroid of a line, by length. (2,)"""
        dx, dy = np.diff(self._x), np.diff(self._y)
        weight = np.diff(self.s)
        x = np.dot(weight, self._x[:-1] + dx / 2)
        y = np.dot(weight, self._y[:-1] + dy / 2)
        return np.array([x, y])


def mean_radius(first: Arc, second: Arc) -> float:
    """The radius of the circle that is as long as two curves are on average."""
    return (first.length_px + second.length_px) / 2.0 / math.tau
