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


class TextFinder(Protocol):
    """Finds text, and never says what it reads. One thread at a time."""

    @property
    def name(self) -> str:
        """Which detector, which weights, which version: for the report."""
        ...

    def find(self, rgb: NDArray[np.uint8]) -> tuple[TextBox, ...]:
        """Boxes that cover all ink of every text in the (h, w, 3) uint8 picture. Raises TextFinderError."""
        ...
