"""Vertices that did not move: they stay where they are, and divide two curves into chains."""

from __future__ import annotations

from collections import Counter

import numpy as np

from annotations.motion.outlines import Vertices


def pins(first: Vertices, second: Vertices, *, is_ring: bool) -> list[tuple[int, int]]:
    """Pairs of indices of vertices with equal coordinates, rising in the first; none if their order differs.

    Each must occur once in its own curve. On rings their order is meant around the ring; of lines only what
    lies between the ends is asked.
    """
    inner = slice(None) if is_ring else slice(1, -1)
    there = _places(second[inner])
    here = _places(first[inner])
    offset = 0 if is_ring else 1
    found = [(index + offset, there[xy] + offset) for xy, index in here.items() if xy in there]
    if len(found) > 1:
        second_order = np.array([j for _, j in found])
        if is_ring:
            second_order = np.roll(second_order, -int(second_order.argmin()))
        if (np.diff(second_order) <= 0).any():
            return []
    return found


def _places(vertices: Vertices) -> dict[tuple[float, float], int]:
    """The index of every vertex that occurs once."""
    keys = list(map(tuple, vertices.tolist()))
    places = {key: index for index, key in enumerate(keys)}
    if len(places) < len(keys):
        counts = Counter(keys)
        places = {key: index for key, index in places.items() if counts[key] == 1}
    return places
