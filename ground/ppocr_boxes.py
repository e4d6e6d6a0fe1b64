"""From the map of a text detector to boxes that cover the ink.

The detector is of the DB kind (Liao et al., "Real-time Scene Text Detection with Differentiable
Binarization", 2020): its map is high in the core of each line of text, which has to be grown to the line.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

CORE_LEVELS = (0.2, 0.4, 0.6, 0.8)
"""Where the map is higher, is the core of a text."""
SCORE_LEAST = 0.35
GROWTH = 1.0
"""Area over circumference of a core, times this: how far the text reaches beyond it."""
CORE_SIDE_LEAST_PX = 2.0
MOST_CORES = 4000


def boxes_of(
    likelihood: NDArray[np.float32], *, highest_px: float
) -> tuple[tuple[float, float, float, float, float], ...]:
    """(x0, y0, x1, y1, score) in px of the map, not yet clipped to it, for each text in the (h, w) map.

    Slanted text gets the upright box around it. What is larger both ways than highest_px is no text (a whole
    ultrasound sector often seems one to the detector), but may hold some: it is looked at more strictly.
    """
    found = []
    left = likelihood
    for least in CORE_LEVELS:
        contours, _ = cv2.findContours(
            (left > least).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
        )
        large = np.zeros(likelihood.shape, np.uint8)
        for contour in sorted(contours, key=len, reverse=True)[:MOST_CORES]:
            score = _mean_inside(likelihood, contour)
            centre, (width, height), angle = cv2.minAreaRect(contour)
            width, height = (
                width + 1.0,
                height + 1.0,
            )  # from the centres of the outermost pixels to their edges
            if score < SCORE_LEAST or min(width, height) < CORE_SIDE_LEAST_PX:
                continue
            reach = width * height * GROWTH / (2 * (width + height))
            if min(width, height) + 2 * reach > highest_px:
                cv2.drawContours(large, [contour], -1, 1, thickness=cv2.FILLED)
                continue
            corners = cv2.boxPoints((centre, (width + 2 * reach, height + 2 * reach), angle))
            (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
            found.append((float(x0) + 0.5, float(y0) + 0.5, float(x1) + 0.5, float(y1) + 0.5, score))
        if not large.any():
            break
        left = likelihood * large
    return tuple(found)


def _mean_inside(likelihood: NDArray[np.float32], contour: NDArray[Any]) -> float:
    x, y, width, height = cv2.boundingRect(contour)
    inside = np.zeros((height, width), np.uint8)
    cv2.drawContours(inside, [contour], -1, 1, thickness=cv2.FILLED, offset=(-x, -y))
    return float(cv2.mean(likelihood[y : y + height, x : x + width], inside)[0])
