"""Samples to the colours that people see: what the tags say a sample means (TIFF 6.0)."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tiling.model import Pixels

Samples = NDArray[Any]


class Colouring(Protocol):
    """(height, width, samples) of the source's kind to (height, width, 3) uint8, RGB. Thread-safe."""

    def __call__(self, samples: Samples) -> Pixels: ...


@dataclass(frozen=True, slots=True)
class Window:
    """The values that are shown as black and as the brightest colour."""

    low: float
    high: float

    def apply(self, samples: Samples) -> NDArray[np.float32]:
        """0 to 1."""
        span = np.float32(max(self.high - self.low, 1e-30))
        shares: NDArray[np.float32] = (samples.astype(np.float32) - np.float32(self.low)) / span
        return shares.clip(0, 1)

    def to_bytes(self, samples: Samples) -> Pixels:
        if samples.dtype == np.uint8 and (self.low, self.high) == (0, 255):
            return samples
        return (self.apply(samples) * np.float32(255) + np.float32(0.5)).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class RgbColouring:
    """The first three samples are red, green and blue."""

    window: Window

    def __call__(self, samples: Samples) -> Pixels:
        return self.window.to_bytes(np.ascontiguousarray(samples[:, :, :3]))


@dataclass(frozen=True, slots=True)
class GreyColouring:
    """The first sample is brightness, or darkness."""

    window: Window
    is_inverted: bool

    def __call__(self, samples: Samples) -> Pixels:
        grey = self.window.to_bytes(samples[:, :, :1])
        return np.repeat(255 - grey if self.is_inverted else grey, 3, axis=2)


@dataclass(frozen=True, slots=True)
class PaletteColouring:
    """The first sample is the number of a colour. palette: (2**bits, 3) uint8."""

    palette: Pixels

    def __call__(self, samples: Samples) -> Pixels:
        return self.palette[samples[:, :, 0]]
