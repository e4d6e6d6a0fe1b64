"""Pictures in which only what is as thin as a pen's stroke stands out, as a text detector wants them.

A whole ultrasound sector often seems one huge text to a detector, and swallows the real one. A stroke is
narrower than the square of an opening, tissue is not: the difference (top-hat, black-hat; Serra 1982) keeps
strokes, at one strength whatever is under them.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

STROKE_PX = 13
STROKES_PER_SIDE = 70
GAIN = 2
GROUND = 96
"""Of a picture in which both light and dark strokes show."""


def light_strokes(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w, 3) uint8: what is lighter than around it, on black."""
    return _grey(np.minimum(_top_hat(rgb).astype(np.uint16) * GAIN, 255).astype(np.uint8))


def all_strokes(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w, 3) uint8: what is lighter and what is darker than around it, on grey."""
    light = _top_hat(rgb).astype(np.int16)
    dark = cv2.morphologyEx(rgb.min(axis=2), cv2.MORPH_BLACKHAT, _square(rgb)).astype(np.int16)
    return _grey(np.clip(GROUND + GAIN * (light - dark), 0, 255).astype(np.uint8))


def strength(strokes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w) uint8: how much light or dark strokes stand out in what `all_strokes` gave."""
    return np.abs(strokes[..., 0].astype(np.int16) - GROUND).astype(np.uint8)


def _top_hat(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Of the strongest colour: yellow or blue letters are as light as white ones."""
    return cv2.morphologyEx(rgb.max(axis=2), cv2.MORPH_TOPHAT, _square(rgb)).astype(np.uint8, copy=False)


def _square(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    side = max(STROKE_PX, min(rgb.shape[:2]) // STROKES_PER_SIDE) | 1
    return np.ones((side, side), np.uint8)


def _grey(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(luma[..., None], 3, axis=2)
