"""Monotone alignment of two chains of nodes (dynamic time warping), many pairs of chains at once.

The sum along a path is an integral over both arc lengths: it does not matter how finely a chain is cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STALL = 0.3
"""What it costs to move along one chain faster than along the other."""
TIE = 1e-9
CELLS_AT_ONCE = 1 << 18
"""As much of the cost matrices as stays in a processor's cache."""

_BOTH, _FIRST, _SECOND = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Chains:
    """Two chains to be aligned, end with end.

    Attributes
    ----------
    a, b : (n,) and (m,), rising from 0 to 1: each node's place along its chain.
    cost : (n, m), what it costs to match one node with the other.
    """

    a: NDArray[np.float64]
    b: NDArray[np.float64]
    cost: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Path:
    """Which place of the one chain goes with which of the other.

    a, b : (k,), never falling, from 0 to 1; a + b rises.
    """

    a: NDArray[np.float64]
    b: NDArray[np.float64]


def align(problems: Sequence[Chains]) -> list[Path]:
    """The path of least cost for each pair of chains."""
    paths: list[Path | None] = [None] * len(problems)
    # Those of one size share their matrices, with little to fill up.
    order = sorted(range(len(problems)), key=lambda index: problems[index].cost.shape)
    batch: list[int] = []
    rows = columns = 0
    for index in order:
        n, m = problems[index].cost.shape
        if batch and (len(batch) + 1) * max(rows, n) * max(columns, m) > CELLS_AT_ONCE:
            _solve(problems, batch, paths)
            batch, rows, columns = [], 0, 0
        batch.append(index)
        rows, columns = max(rows, n), max(columns, m)
    if batch:
        _solve(problems, batch, paths)
    return [path for path in paths if path is not None]


def _solve(problems: Sequence[Chains], batch: Sequence[int], paths: list[Path | None]) -> None:
    chosen = [problems[index] for index in batch]
    rows = max(len(chains.a) for chains in chosen)
    columns = max(len(chains.b) for chains in chosen)
    cost = np.zeros((len(chosen), rows, columns))
    da, db = np.zeros((len(chosen), rows)), np.zeros((len(chosen), columns))
    for at, chains in enumerate(chosen):
        n, m = chains.cost.shape
        cost[at, :n, :m] = chains.cost
        da[at, 1:n] = chains.a[1:] - chains.a[:-1]
        db[at, 1:m] = chains.b[1:] - chains.b[:-1]
    steps = _best_steps(cost, da, db)
    for at, index in enumerate(batch):
        chains = chosen[at]
        n, m = chains.cost.shape
        i, j = _walk_back(steps[at].tobytes(), columns, n - 1, m - 1)
        paths[index] = Path(chains.a[i], chains.b[j])


def _best_steps(
    cost: NDArray[np.float64], da: NDArray[np.float64], db: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """By which step each cell is reached at least cost. (pairs, rows, columns)"""
    count, rows, columns = cost.shape
    steps = np.full((count, rows, columns), _SECOND, dtype=np.uint8)
    steps[:, :, 0] = _FIRST
    alone = db[:, None, 1:] * ((cost[:, :, :-1] + cost[:, :, 1:]) * 0.5 + STALL)
    # Sums of steps along the second chain alone, so that a row is one running minimum.
    along = np.zeros_like(cost)
    np.cumsum(alone, axis=2, out=along[:, :, 1:])
    least = along[:, 0].copy()
    for row in range(1, rows):
        step = da[:, row, None]
        here, before = cost[:, row], cost[:, row - 1]
        first = least + step * ((before + here) * 0.5 + STALL)
        both = least[:, :-1] + (
            (step + db[:, 1:]) * ((before[:, :-1] + here[:, 1:]) * 0.5) + STALL * np.abs(step - db[:, 1:])
        )
        reach = first.copy()
        np.minimum(first[:, 1:], both, out=reach[:, 1:])
        reach -= along[:, row]
        np.minimum.accumulate(reach, axis=1, out=reach)
        least = reach + along[:, row]
        bound = least + TIE
        chosen = steps[:, row]
        chosen[first <= bound] = _FIRST
        chosen[:, 1:][both <= bound[:, 1:]] = _BOTH
    return steps


def _walk_back(steps: bytes, columns: int, i: int, j: int) -> tuple[list[int], list[int]]:
    first, second = [i], [j]
    while i or j:
        step = steps[i * columns + j] if i else _SECOND
        if step != _SECOND:
            i -= 1
        if step != _FIRST:
            j -= 1
        first.append(i)
        second.append(j)
    first.reverse()
    second.reverse()
    return first, second
