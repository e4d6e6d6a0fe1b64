"""Looking for text where there should be none: a detector's own proof comes with each picture.

A detector that judges by the picture as a whole sees letters in speckle where nothing is written at all, and
in the black rectangles where something was. So known words are set above and below: they keep it sober, and
if it does not find them, it is not believed about the rest. And the rectangles, of which it is proved that
nothing is in them, take on the colours around them.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox, TextFinder, TextFinderError, highest_text_px
from video.overlay.survey_model import Window

_WORDS = ("Sample 1234", "Control", "No 55-81", "15:42:07", "Proof sheet", "1977-03-12")
STRIP_PX = 48
_BASELINE_PX = 30
_LEAST_WIDTH_PX = 240  # that two words have room
_MARGIN_PX, _GAP_PX = 8, 30
_FONT, _SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.5
_INK = (255, 255, 255)


class ControlledFinder:
    """A TextFinder that has to find known words beside each picture."""

    def __init__(self, finder: TextFinder) -> None:
        self._finder = finder

    @property
    def name(self) -> str:
        return self._finder.name

    def find(self, rgb: NDArray[np.uint8], *, highest_px: float | None = None) -> tuple[TextBox, ...]:
        """Of the picture alone. Raises TextFinderError, also where the known words are not found."""
        height, width = rgb.shape[:2]
        strip = _strip(max(width, _LEAST_WIDTH_PX))
        beside = np.zeros((height, strip.shape[1] - width, 3), np.uint8)
        boxes = self._finder.find(
            np.vstack([strip, np.hstack([rgb, beside]), strip]),
            highest_px=highest_px or highest_text_px(height, width),
        )
        if not any(box.y0 < STRIP_PX for box in boxes) or not any(
            box.y1 > STRIP_PX + height for box in boxes
        ):
            raise TextFinderError(
                "The text detector does not find the words that are set beside each picture."
            )
        return tuple(
            TextBox(
                box.x0,
                max(0, box.y0 - STRIP_PX),
                min(width, box.x1),
                min(height, box.y1 - STRIP_PX),
                box.score,
            )
            for box in boxes
            if box.y1 > STRIP_PX and box.y0 < STRIP_PX + height and box.x0 < width
        )


def as_blanked(window: Window, holes: NDArray[np.bool_], beyond: NDArray[np.bool_]) -> Window:
    """The window as if there were nothing in its blanked parts, both (h, w), of which it is proved that
    nothing shows: holes take on what is around them, smoothly, so that nothing is made up; what lies beyond
    the kept part is black."""
    if not (holes.any() or beyond.any()):
        return window

    def blanked(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        black = np.where(beyond[..., None], np.uint8(0), rgb) if beyond.any() else rgb
        return _filled(black, holes) if holes.any() else black

    return replace(
        window,
        minimum=blanked(window.minimum),
        maximum=blanked(window.maximum),
        median=blanked(window.median),
        samples=tuple((number, blanked(rgb)) for number, rgb in window.samples),
    )


def _filled(rgb: NDArray[np.uint8], holes: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Each hole from the finest of smaller and smaller pictures in which it has a colour (Gortler, 1996)."""
    picture: NDArray[np.float32] = rgb.astype(np.float32)
    levels = []
    weights: NDArray[np.float32] = (~holes).astype(np.float32)
    while True:
        levels.append((picture, weights))
        height, width = weights.shape
        if weights.all() or max(height, width) == 1:
            break
        size = (-(-width // 2), -(-height // 2))
        summed = cv2.resize(picture * weights[..., None], size, interpolation=cv2.INTER_AREA)
        weights = np.asarray(cv2.resize(weights, size, interpolation=cv2.INTER_AREA), np.float32)
        picture = (summed / np.maximum(weights, 1e-6)[..., None]).astype(np.float32)
        weights = np.asarray(weights > 0, np.float32)
    for finer, weights in reversed(levels[:-1]):
        size = (weights.shape[1], weights.shape[0])
        coarse = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
        picture = np.where(weights[..., None] > 0, finer, np.asarray(coarse, np.float32))
    return np.rint(picture).astype(np.uint8)


def _strip(width_px: int) -> NDArray[np.uint8]:
    """(48, width, 3) uint8: white words on black, as many as there is room for."""
    strip = np.zeros((STRIP_PX, width_px, 3), np.uint8)
    x, number = _MARGIN_PX, 0
    while True:
        word = _WORDS[number % len(_WORDS)]
        (word_px, _), _ = cv2.getTextSize(word, _FONT, _SCALE, 1)
        if number and x + word_px + _MARGIN_PX > width_px:
            return strip
        cv2.putText(strip, word, (x, _BASELINE_PX), _FONT, _SCALE, _INK, 1, cv2.LINE_AA)
        x += word_px + _GAP_PX
        number += 1
