"""Rectangles around what can be seen of a picture and goes, for the person who looks at it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ground.finding import Box, Finding, Reason
from video.overlay.sector_shapes import Bitmap

_VISIBLE = 12
_LETTERS = (15, 7)
_MOST_PLACES = 40
_SPECK_PX = 6
_MOSTLY = 0.5
_MOST_KEPT = 0.1
_MOST_CUTS = 4
_SMALLEST_PX = 16


def findings_of(brightest: NDArray[np.uint8], stays: Bitmap, declared: Bitmap | None) -> tuple[Finding, ...]:
    """brightest: (h, w, 3) RGB. declared: 1 inside of the file's regions; None where there are none to go by.

    Letters of a line share a rectangle, and a rectangle holds next to nothing of what stays.
    """
    levels = brightest.max(axis=2)
    visible = (levels > int(np.percentile(levels, 2)) + _VISIBLE).astype(np.uint8) & (1 - stays)
    columns, rows = _LETTERS
    while True:
        joined = np.asarray(cv2.dilate(visible, np.ones((rows, columns), np.uint8)), np.uint8) & (1 - stays)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        if count - 1 <= _MOST_PLACES:
            break
        columns, rows = columns * 2 + 1, rows * 2 + 1
    findings = []
    for number in range(1, count):
        x, y, width, height, _ = (int(value) for value in stats[number])
        there = (slice(y, y + height), slice(x, x + width))
        seen = visible[there] * (labels[there] == number).astype(np.uint8)
        if np.count_nonzero(seen) < _SPECK_PX:
            continue
        is_outside = declared is not None and float(declared[there][seen > 0].mean()) < _MOSTLY
        reason = Reason.OUTSIDE_REGIONS if is_outside else Reason.OUTSIDE_SECTOR
        for x0, y0, x1, y1 in _boxes(seen, stays[there], _MOST_CUTS):
            findings.append(Finding(reason, Box(x + x0, y + y0, x + x1, y + y1), is_masked=True))
    return tuple(findings)


def _boxes(seen: Bitmap, stays: Bitmap, cuts: int) -> list[tuple[int, int, int, int]]:
    """Around what is seen; halved as long as too much of what stays would be in it."""
    rows, columns = np.nonzero(seen.any(axis=1))[0], np.nonzero(seen.any(axis=0))[0]
    if not rows.size:
        return []
    y0, y1, x0, x1 = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    inside = (slice(y0, y1), slice(x0, x1))
    longest = max(y1 - y0, x1 - x0)
    if not cuts or longest < _SMALLEST_PX or float(stays[inside].mean()) <= _MOST_KEPT:
        return [(x0, y0, x1, y1)]
    if y1 - y0 >= x1 - x0:
        middle = (y0 + y1) // 2
        halves = ((x0, y0, x1, middle), (x0, middle, x1, y1))
    else:
        middle = (x0 + x1) // 2
        halves = ((x0, y0, middle, y1), (middle, y0, x1, y1))
    found = []
    for left, top, right, bottom in halves:
        half = (slice(top, bottom), slice(left, right))
        found += [
            (left + box[0], top + box[1], left + box[2], top + box[3])
            for box in _boxes(seen[half], stays[half], cuts - 1)
        ]
    return found
