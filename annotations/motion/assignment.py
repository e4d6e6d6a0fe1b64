"""The best one-to-one assignment, exactly: the Hungarian method with potentials, in its O(n³) form.

Kuhn 1955; Jonker and Volgenant 1987 for the shortest augmenting paths.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def best_assignment(score: NDArray[np.float64]) -> list[int]:
    """For each row of a square matrix its column, so that the sum of the scores is largest."""
    count = len(score)
    cost = -score
    row_potential, column_potential = np.zeros(count + 1), np.zeros(count + 1)
    row_of = np.full(count + 1, -1)
    # Column `count` stands for "not assigned yet": each row sets out from there.
    for row in range(count):
        row_of[count] = row
        column = count
        distance = np.full(count, np.inf)
        came_from = np.full(count, count)
        is_done = np.zeros(count + 1, dtype=bool)
        while row_of[column] >= 0:
            is_done[column] = True
            here = row_of[column]
            reduced = cost[here] - row_potential[here] - column_potential[:count]
            is_better = ~is_done[:count] & (reduced < distance)
            distance[is_better] = reduced[is_better]
            came_from[is_better] = column
            nearest = int(np.where(is_done[:count], np.inf, distance).argmin())
            step = distance[nearest]
            row_potential[row_of[is_done]] += step
            column_potential[is_done] -= step
            distance[~is_done[:count]] -= step
            column = nearest
        while column != count:
            row_of[column] = row_of[came_from[column]]
            column = int(came_from[column])
    assigned = [0] * count
    for column in range(count):
        assigned[row_of[column]] = column
    return assigned
