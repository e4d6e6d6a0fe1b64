"""Find written text in a picture: the contract that every finder keeps."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class TextFinderError(Exception):
    """Text could not be looked for: the weights are missing or damaged, or the engine failed. Whoever asked
    knows nothing about the picture then, and must not go on as if it had no text."""


@dataclass(frozen=True, slots=True)
class TextBox:
    """Where text is; px of the picture, x1 and y1 beyond the last column and row. score: 0 to 1."""

    x0: int
    y0: int
    x1: int
    y1: int
    score: float


HIGHEST_TEXT_PX = 64
HIGHEST_TEXT_SHARE = 0.1


def highest_text_px(height_px: int, width_px: int) -> float:
    """No line of text is higher than both: so many px, and so much of the picture's shorter side."""
    return max(HIGHEST_TEXT_PX, HIGHEST_TEXT_SHARE * min(height_px, width_px))


class TextFinder(Protocol):
    """Finds text, and never says what it reads. One thread at a time."""

    @property
    def name(self) -> str:
        """Which detector, which weights, which version: for the report."""
        ...

    def find(self, rgb: NDArray[np.uint8], *, highest_px: float | None = None) -> tuple[TextBox, ...]:
        """Boxes that cover all ink of every text in the (h, w, 3) uint8 picture. Raises TextFinderError.

        highest_px : no text is larger both ways; None: as `highest_text_px` says. What is made up of several
        pictures is larger than they are, and the text in it is not.
        """
        ...
