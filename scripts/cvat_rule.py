"""The rule that CVAT joins two outlines with, as its behaviour is known: only to be compared with.

Each ring is closed by repeating its first vertex; a vertex's place is its part of the length from there.
Going left to right, each left vertex takes the right one of nearest place; right ones left over join their
nearest left one. Every pair moves straight. Of the vertices that share a partner, those too near to one
another are dropped, and two alone that are too near become one. The last vertex is deleted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ring = NDArray[np.float64]


def between(left: Ring, right: Ring, t: float) -> Ring:
    """The ring at a part of the way; (n, 2) each, without closing vertices. It may be invalid, or empty."""
    a, b = np.concatenate((left, left[:1])), np.concatenate((right, right[:1]))
    partners = _partners(_places(a), _places(b))
    pairs = [(i, j) for i, own in enumerate(partners) for j in own]
    moved = np.array([a[i] + (b[j] - a[i]) * t for i, j in pairs])
    thinned: list[Ring] = []
    at = 0
    while at < len(pairs):
        end = at + 1
        axis = _shared(pairs, at)
        while axis is not None and end < len(pairs) and pairs[end][axis] == pairs[at][axis]:
            end += 1
        run = moved[at:end]
        if axis is not None and len(run) > 1:
            other, curve = (1, b) if axis == 0 else (0, a)
            indices = [pair[other] for pair in pairs[at:end]]
            length = float(np.hypot(*np.diff(curve[indices], axis=0).T).sum())
            run = _thin(run, length / (2 * len(run)))
        thinned.extend(run)
        at = end
    return np.array(thinned[:-1]).reshape(-1, 2)


def _places(closed: Ring) -> NDArray[np.float64]:
    along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))))
    return np.asarray(along / along[-1])


def _partners(left: NDArray[np.float64], right: NDArray[np.float64]) -> list[list[int]]:
    partners = [[int(np.abs(right - place).argmin())] for place in left]
    taken = {own[0] for own in partners}
    for j, place in enumerate(right):
        if j not in taken:
            partners[int(np.abs(left - place).argmin())].append(j)
    return [sorted(own) for own in partners]


def _shared(pairs: list[tuple[int, int]], at: int) -> int | None:
    """Which side of a pair the next one has in common with it."""
    if at + 1 == len(pairs):
        return None
    for axis in (0, 1):
        if pairs[at][axis] == pairs[at + 1][axis]:
            return axis
    return None


def _thin(run: Ring, nearest: float) -> list[Ring]:
    kept = [run[0]]
    for point in run[1:-1]:
        if np.hypot(*(point - kept[-1])) >= nearest:
            kept.append(point)
    kept.append(run[-1])
    if len(kept) == 2 and np.hypot(*(kept[1] - kept[0])) < nearest:
        return [(kept[0] + kept[1]) / 2.0]
    return kept
