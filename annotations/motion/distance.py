"""The signed distance to an outline on a grid, by way of pixels of half a cell."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from annotations.motion.contour import Field
from annotations.motion.outlines import Part

FINENESS = 2
"""Pixels a cell; the distance is then known to a quarter of a cell, and the mean of four to less."""


def signed_distance(parts: tuple[Part, ...], rows: int, columns: int) -> NDArray[np.float32]:
    """At the nodes of a grid, in cells, negative inside. The parts are in grid coordinates (x = column)."""
    # Pixel centres lie around each node, at ±¼ of a cell.
    inside = _filled(parts, rows * FINENESS, columns * FINENESS).view(np.uint8)
    out = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    within = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # From the last pixel inside to the first one outside it is one pixel: the outline is taken half way.
    fine = np.where(inside, 0.5 - within, out - 0.5) / FINENESS
    return np.asarray(fine.reshape(rows, FINENESS, columns, FINENESS).mean(axis=(1, 3)), dtype=np.float32)


def blend(first: NDArray[np.float32], second: NDArray[np.float32], t: float) -> Field:
    """The field between two, at a part of the way from the first."""
    return np.asarray(first * (1.0 - t) + second * t, dtype=np.float64)


def _filled(parts: tuple[Part, ...], rows: int, columns: int) -> NDArray[np.bool_]:
    """Which pixels have their centre inside: where an edge crosses a row, all to its right is switched."""
    switches = np.zeros((rows, columns + 1), dtype=np.int32)
    for part in parts:
        for ring in part.rings():
            # In pixels, (0, 0) being the centre of the first one.
            x, y = (ring.T * FINENESS) + (FINENESS - 1) / 2.0
            x1, y1 = np.roll(x, -1), np.roll(y, -1)
            low, high = np.minimum(y, y1), np.maximum(y, y1)
            start = np.ceil(low).astype(np.intp)
            count = np.maximum(np.ceil(high).astype(np.intp) - start, 0)
            edge = np.repeat(np.arange(len(x)), count)
            row = start[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
            slope = (x1 - x)[edge] / (y1 - y)[edge]
            column = np.ceil(x[edge] + (row - y[edge]) * slope).astype(np.intp)
            np.add.at(switches, (row, np.clip(column, 0, columns)), 1)
    return np.asarray(np.cumsum(switches[:, :-1], axis=1) % 2 == 1)
