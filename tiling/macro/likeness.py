"""Where a file's picture of the label is seen again in its picture of the whole glass."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tiling.model import Pixels

# The likeliest sizes are found in a smaller picture, and looked at again in a larger.
_ROUGH_WIDTH_PX, _SEARCH_WIDTH_PX = 160, 320
_LOOKED_AT_AGAIN = 16
# Of the label to the glass: along it and across.
_WIDTHS = tuple(0.14 + 0.02 * step for step in range(12))
_HEIGHTS = (0.6, 0.68, 0.76, 0.84, 0.92, 1.0)
_LEAST_SIDE_PX = 8
_LEAST_CONTRAST = 6.0  # grey levels: an empty label is like any empty place
_LEAST_SHARE_OF_CONTRAST = 0.5


_Form = tuple[int, float, float]
"""Of a label in the macro: quarter turns, width and height as shares of the glass's."""


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
    whole = _grey(label, 1.0)
    if float(whole.std()) < _LEAST_CONTRAST:
        return None
    rough = _seen_as(macro, whole, itertools.product(range(4), _WIDTHS, _HEIGHTS), _ROUGH_WIDTH_PX)
    likeliest = sorted(rough, key=lambda form: -rough[form].score)[:_LOOKED_AT_AGAIN]
    close = _seen_as(macro, whole, likeliest, _SEARCH_WIDTH_PX)
    return max(close.values(), key=lambda seen: seen.score, default=None)


def _seen_as(
    macro: Pixels, label: NDArray[np.uint8], forms: Iterable[_Form], width_px: int
) -> dict[_Form, Seen]:
    """The best place of each form that has one."""
    shrink = width_px / macro.shape[1]
    scene = _grey(macro, shrink)
    large = min(1.0, width_px / max(label.shape))
    size = (max(1, round(label.shape[1] * large)), max(1, round(label.shape[0] * large)))
    small = np.asarray(cv2.resize(label, size, interpolation=cv2.INTER_AREA), np.uint8)
    turned = [np.ascontiguousarray(np.rot90(small, turns)) for turns in range(4)]
    found = {}
    for form in forms:
        turns, width, height = form
        pixels = round(width * scene.shape[1]), round(height * scene.shape[0])
        seen = _best_place(scene, turned[turns], *pixels)
        if seen is not None:
            found[form] = Seen(round(seen.x0_px / shrink), round(seen.x1_px / shrink), seen.score)
    return found


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


def _contrast(scene: NDArray[np.uint8], width: int, height: int) -> NDArray[np.float32]:
    """The standard deviation in each window of this size, by its upper left corner."""
    size, corner = (width, height), (0, 0)
    mean = cv2.boxFilter(scene, cv2.CV_32F, size, anchor=corner)
    variance = cv2.sqrBoxFilter(scene, cv2.CV_32F, size, anchor=corner) - mean * mean
    inside = variance[: scene.shape[0] - height + 1, : scene.shape[1] - width + 1]
    return np.asarray(np.sqrt(inside.clip(0)), np.float32)


def _grey(pixels: Pixels, factor: float) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if factor == 1.0:
        return np.asarray(grey, np.uint8)
    size = (max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
