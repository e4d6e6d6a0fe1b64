"""Where a file's picture of the label is seen again in its picture of the whole glass."""

import itertools
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tiling.model import Pixels

_SEARCH_WIDTH_PX = 320
# Of the label to the glass: along it and across.
_WIDTHS = tuple(0.14 + 0.02 * step for step in range(12))
_HEIGHTS = (0.6, 0.68, 0.76, 0.84, 0.92, 1.0)
_LEAST_SIDE_PX = 8
_LEAST_CONTRAST = 6.0  # grey levels: an empty label is like any empty place
_LEAST_SHARE_OF_CONTRAST = 0.5


@dataclass(frozen=True, slots=True)
class Seen:
    """x0_px, x1_px: columns of the picture. score: correlation, up to 1."""

    x0_px: int
    x1_px: int
    score: float


def find_label(macro: Pixels, label: Pixels) -> Seen | None:
    """The likeliest place, turned in any of four ways, at any size that labels have; None if it is blank.

    macro, label: (height, width, 3) uint8.
    """
    shrink = _SEARCH_WIDTH_PX / macro.shape[1]
    scene = _grey(macro, shrink)
    best: Seen | None = None
    whole = _grey(label, 1.0)
    if float(whole.std()) < _LEAST_CONTRAST:
        return None
    for turns in range(4):
        turned = np.ascontiguousarray(np.rot90(whole, turns))
        for width, height in itertools.product(_WIDTHS, _HEIGHTS):
            seen = _best_place(scene, turned, round(width * scene.shape[1]), round(height * scene.shape[0]))
            if seen is not None and (best is None or seen.score > best.score):
                best = Seen(round(seen.x0_px / shrink), round(seen.x1_px / shrink), seen.score)
    return best


def _best_place(
    scene: NDArray[np.uint8], template: NDArray[np.uint8], width: int, height: int
) -> Seen | None:
    if min(width, height) < _LEAST_SIDE_PX:
        return None
    small = cv2.resize(template, (width, height), interpolation=cv2.INTER_AREA)
    scores = np.nan_to_num(cv2.matchTemplate(scene, small, cv2.TM_CCOEFF_NORMED))
    # Correlation knows no contrast: a shade on empty glass would be as good as print.
    scores[_contrast(scene, width, height) < _LEAST_SHARE_OF_CONTRAST * float(small.std())] = 0
    _, score, _, (x, _) = cv2.minMaxLoc(scores)
    return Seen(x, x + width, float(score))


def _contrast(scene: NDArray[np.uint8], width: int, height: int) -> NDArray[np.float64]:
    """The standard deviation in each window of this size."""
    sums, squares = cv2.integral2(scene)
    area = width * height

    def inside(table: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(
            table[height:, width:]
            - table[:-height, width:]
            - table[height:, :-width]
            + table[:-height, :-width],
            np.float64,
        )

    mean = inside(sums) / area
    return np.asarray(np.sqrt((inside(squares) / area - mean**2).clip(0)))


def _grey(pixels: Pixels, factor: float) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if factor == 1.0:
        return np.asarray(grey, np.uint8)
    size = (max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
