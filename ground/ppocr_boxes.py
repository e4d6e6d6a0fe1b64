"""From the map of a text detector to boxes that cover the ink.

The detector is of the DB kind (Liao et al., "Real-time Scene Text Detection with Differentiable
Binarization", 2020): its map is high in the core of each line of text, which has to be grown to the line.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox

CORE_LEAST = 0.2
"""Where the map is higher, is the core of a text."""
SCORE_LEAST = 0.35
GROWTH = 1.8
"""Area over circumference of a core, times this: how far the text reaches beyond it."""
CORE_SIDE_LEAST_PX = 2.0
MOST_CORES = 4000


def boxes_of(
    likelihood: NDArray[np.float32], *, core_least: float = CORE_LEAST, score_least: float = SCORE_LEAST
) -> tuple[tuple[float, float, float, float, float], ...]:
    """(x0, y0, x1, y1, score) in px of the map, not yet clipped to it, for each text in the (h, w) map.

    Slanted text gets the upright box around it.
    """
    cores = (likelihood > core_least).astype(np.uint8)
    contours, _ = cv2.findContours(cores, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in sorted(contours, key=len, reverse=True)[:MOST_CORES]:
        score = _mean_inside(likelihood, contour)
        centre, (width, height), angle = cv2.minAreaRect(contour)
        width, height = width + 1.0, height + 1.0  # from the centres of the outermost pixels to their edges
        if score < score_least or min(width, height) < CORE_SIDE_LEAST_PX:
            continue
        reach = width * height * GROWTH / (2 * (width + height))
        corners = cv2.boxPoints((centre, (width + 2 * reach, height + 2 * reach), angle))
        (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
        found.append((float(x0), float(y0), float(x1) + 1, float(y1) + 1, score))
    return tuple(found)


def _mean_inside(likelihood: NDArray[np.float32], contour: NDArray[Any]) -> float:
    x, y, width, height = cv2.boundingRect(contour)
    inside = np.zeros((height, width), np.uint8)
    cv2.drawContours(inside, [contour], -1, 1, thickness=cv2.FILLED, offset=(-x, -y))
    return float(cv2.mean(likelihood[y : y + height, x : x + width], inside)[0])


def merged(boxes: tuple[TextBox, ...]) -> tuple[TextBox, ...]:
    """Boxes that lie (nearly) wholly in another are dropped; the one that stays keeps the higher score."""
    kept: list[TextBox] = []
    for box in sorted(boxes, key=lambda box: (-(box.x1 - box.x0) * (box.y1 - box.y0), box.x0, box.y0)):
        for number, larger in enumerate(kept):
            if larger.x0 <= box.x0 and larger.y0 <= box.y0 and box.x1 <= larger.x1 and box.y1 <= larger.y1:
                score = max(larger.score, box.score)
                kept[number] = TextBox(larger.x0, larger.y0, larger.x1, larger.y1, score)
                break
        else:
            kept.append(box)
    return tuple(sorted(kept, key=lambda box: (box.y0, box.x0, box.y1, box.x1)))
