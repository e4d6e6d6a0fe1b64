"""Stand-ins for the detector of text: tests of what is done about writing need none that reads."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox, TextFinderError

INK = (255, 0, 255)
_INK_IN_A_NEGATIVE = (0, 255, 0)
_NEAR = 70
_GAP_PX = 9


class FakeInkFinder:
    """Takes for text whatever is written in INK, also in a negative."""

    name = "fake: magenta ink"

    def find(self, rgb: NDArray[np.uint8], *, highest_px: float | None = None) -> tuple[TextBox, ...]:
        seen = np.zeros(rgb.shape[:2], np.uint8)
        for colour in (INK, _INK_IN_A_NEGATIVE):
            seen |= (np.abs(rgb.astype(np.int16) - colour).max(axis=2) <= _NEAR).astype(np.uint8)
        joined = cv2.dilate(seen, np.ones((_GAP_PX, _GAP_PX), np.uint8))
        _, _, boxes, _ = cv2.connectedComponentsWithStats(joined)
        return tuple(TextBox(int(x), int(y), int(x + w), int(y + h), 0.9) for x, y, w, h, _ in boxes[1:])


class FakeBlindFinder:
    """Finds nothing."""

    name = "fake: blind"

    def find(self, _rgb: NDArray[np.uint8], *, highest_px: float | None = None) -> tuple[TextBox, ...]:
        return ()


class FakeFailingFinder:
    """Fails as a detector without weights does."""

    name = "fake: failing"

    def find(self, _rgb: NDArray[np.uint8], *, highest_px: float | None = None) -> tuple[TextBox, ...]:
        raise TextFinderError("the weights are missing")
