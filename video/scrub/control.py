"""Looking for text where there should be none: a detector's own proof comes with each picture.

A detector that judges by the picture as a whole sees letters in speckle where nothing is written at all.
So known words are set above and below: they keep it sober, and if it does not find them, it is not believed
about the rest.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox, TextFinder, TextFinderError

_WORDS = ("Sample 1234", "Control", "No 55-81", "15:42:07", "Proof sheet", "1977-03-12")
_STRIP_PX = 48
_BASELINE_PX = 30
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

    def find(self, rgb: NDArray[np.uint8]) -> tuple[TextBox, ...]:
        """Of the picture alone. Raises TextFinderError, also where the known words are not found."""
        height, width = rgb.shape[:2]
        strip = _strip(width)
        boxes = self._finder.find(np.vstack([strip, rgb, strip]))
        if not any(box.y0 < _STRIP_PX for box in boxes) or not any(
            box.y1 > _STRIP_PX + height for box in boxes
        ):
            raise TextFinderError(
                "The text detector does not find the words that are set beside each picture."
            )
        return tuple(
            TextBox(box.x0, max(0, box.y0 - _STRIP_PX), box.x1, min(height, box.y1 - _STRIP_PX), box.score)
            for box in boxes
            if box.y1 > _STRIP_PX and box.y0 < _STRIP_PX + height
        )


def _strip(width_px: int) -> NDArray[np.uint8]:
    """(48, width, 3) uint8: white words on black, as many as there is room for."""
    strip = np.zeros((_STRIP_PX, width_px, 3), np.uint8)
    x, number = _MARGIN_PX, 0
    while True:
        word = _WORDS[number % len(_WORDS)]
        (word_px, _), _ = cv2.getTextSize(word, _FONT, _SCALE, 1)
        if number and x + word_px + _MARGIN_PX > width_px:
            return strip
        cv2.putText(strip, word, (x, _BASELINE_PX), _FONT, _SCALE, _INK, 1, cv2.LINE_AA)
        x += word_px + _GAP_PX
        number += 1
