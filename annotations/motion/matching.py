"""Which part of one outline is which part of another, and which hole which hole."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely

from annotations.motion.assignment import best_assignment
from annotations.motion.outlines import Part, Vertices, centroid, ring_centroid

MOST_PARTS = 32
"""Of more parts, or holes in a part, nobody could say which is which; they are blended."""


def match_parts(first: Sequence[Part], second: Sequence[Part]) -> list[tuple[Part, Part]] | None:
    """Pairs of parts whose holes stand in pairs too; None where their numbers differ or are too large."""
    if len(first) != len(second) or len(first) > MOST_PARTS:
        return None
    order = [0]
    if len(first) > 1:
        outers = [part.outer for part in first], [part.outer for part in second]
        order = _matched(*outers, centroid(first), centroid(second))
    pairs = []
    for i, j in enumerate(order):
        one, other = first[i], second[j]
        if len(one.holes) != len(other.holes) or len(one.holes) > MOST_PARTS:
            return None
        holes = other.holes
        if len(holes) > 1:
            around = ring_centroid(one.outer), ring_centroid(other.outer)
            holes = tuple(holes[index] for index in _matched(one.holes, holes, *around))
        pairs.append((one, Part(other.outer, holes)))
    return pairs


def _matched(
    first: Sequence[Vertices], second: Sequence[Vertices], first_centre: Vertices, second_centre: Vertices
) -> list[int]:
    """For each ring of the first the index of its own in the second."""
    ours = [shapely.Polygon(ring - first_centre) for ring in first]
    theirs = [shapely.Polygon(ring - second_centre) for ring in second]
    x0, y0, x1, y1 = shapely.total_bounds([*ours, *theirs]).tolist()
    diagonal = math.hypot(x1 - x0, y1 - y0)
    score = np.empty((len(ours), len(theirs)))
    for i, one in enumerate(ours):
        for j, other in enumerate(theirs):
            apart = ring_centroid(first[i]) - first_centre - ring_centroid(second[j]) + second_centre
            score[i, j] = _overlap(one, other) - math.hypot(*apart.tolist()) / diagonal
    return best_assignment(score)


def _overlap(one: shapely.Polygon, other: shapely.Polygon) -> float:
    """Intersection over union."""
    if not shapely.intersects(one, other):
        return 0.0
    common = float(shapely.area(shapely.intersection(one, other)))
    return common / (float(one.area) + float(other.area) - common)
