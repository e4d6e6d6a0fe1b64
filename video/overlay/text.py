"""Where text is burned into the frames of a window, by what many frames say together.

What is written stays put while tissue moves: in the darkest value that each sample takes over time the tissue
has sunk and light letters stand alone; in the brightest, dark letters do. What moves is looked for in single
frames.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox, TextFinder
from video.overlay.survey_model import Window

STILL_CHANGE = 2
"""Where a sample changes by no more over time, every frame shows the same."""


def text_boxes(window: Window, finder: TextFinder) -> tuple[TextBox, ...]:
    """Boxes that cover all text in all frames of the window; frame px. Raises TextFinderError."""
    found: list[TextBox] = []
    for picture in _pictures(window):
        found += finder.find(picture)
    return joined(found)


def _pictures(window: Window) -> Iterable[NDArray[np.uint8]]:
    yield window.minimum
    if window.change.max(initial=0) <= STILL_CHANGE:
        return
    yield window.maximum
    yield window.median
    for _, sample in window.samples[:1]:
        yield sample


def joined(boxes: Iterable[TextBox]) -> tuple[TextBox, ...]:
    """Without those that lie wholly in another, which keeps the higher score."""
    kept: list[TextBox] = []
    for box in sorted(boxes, key=lambda box: -(box.x1 - box.x0) * (box.y1 - box.y0)):
        for number, larger in enumerate(kept):
            is_inside = larger.x0 <= box.x0 and box.x1 <= larger.x1
            if is_inside and larger.y0 <= box.y0 and box.y1 <= larger.y1:
                score = max(larger.score, box.score)
                kept[number] = TextBox(larger.x0, larger.y0, larger.x1, larger.y1, score)
                break
        else:
            kept.append(box)
    return tuple(sorted(kept, key=lambda box: (box.y0, box.x0, box.y1, box.x1)))
