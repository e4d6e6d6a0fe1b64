"""Samples to the colours that people see: what the tags say a sample means (TIFF 6.0)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from tiling.formats.tiff.layout import Rgb
from tiling.model import Pixels

Samples = NDArray[Any]


class Colouring(Protocol):
    """(height, width, samples) of the source's kind to (height, width, 3) uint8, RGB. Thread-safe."""

    @property
    def ground(self) -> float:
        """The value of what a file leaves out: white on glass, nothing in the dark."""
        ...

    @property
    def is_on_glass(self) -> bool:
        """Whether what is left out is white."""
        ...

    def __call__(self, samples: Samples) -> Pixels: ...


@dataclass(frozen=True, slots=True)
class Window:
    """The values that are shown as black and as the brightest colour."""

    low: float
    high: float

    def apply(self, samples: Samples) -> NDArray[np.float32]:
        """0 to 1; what is not a number is 0."""
        span = np.float32(max(self.high - self.low, 1e-30))
        shares: NDArray[np.float32] = (samples.astype(np.float32) - np.float32(self.low)) / span
        if samples.dtype.kind == "f":
            shares = np.nan_to_num(shares, copy=False)
        return shares.clip(0, 1)

    def to_bytes(self, samples: Samples) -> Pixels:
        if samples.dtype == np.uint8 and (self.low, self.high) == (0, 255):
            return samples
        return (self.apply(samples) * np.float32(255) + np.float32(0.5)).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class RgbColouring:
    """The first three samples are red, green and blue; the fourth may be how much they count (over white).

    Only colours that were multiplied by it (TIFF 6.0, ExtraSamples 1) need it to be shown.
    """

    window: Window
    is_premultiplied: bool = False
    is_on_glass: bool = True

    @property
    def ground(self) -> float:
        return self.window.high

    def __call__(self, samples: Samples) -> Pixels:
        colours = self.window.to_bytes(np.ascontiguousarray(samples[:, :, :3]))
        if not self.is_premultiplied:
            return colours
        cover = self.window.to_bytes(np.ascontiguousarray(samples[:, :, 3:4]))
        # Multiplied colours are never brighter than their cover; where a file has them so, white is the end.
        return np.asarray(cv2.add(colours, np.repeat(255 - cover, 3, axis=2)), np.uint8)


@dataclass(frozen=True, slots=True)
class GreyColouring:
    """The first sample is brightness, or darkness."""

    window: Window
    is_inverted: bool

    @property
    def ground(self) -> float:
        return self.window.low

    @property
    def is_on_glass(self) -> bool:
        return self.is_inverted

    def __call__(self, samples: Samples) -> Pixels:
        grey = self.window.to_bytes(np.ascontiguousarray(samples[:, :, :1]))
        return np.repeat(255 - grey if self.is_inverted else grey, 3, axis=2)


@dataclass(frozen=True, slots=True)
class PaletteColouring:
    """The first sample is the number of a colour. palette: (2**bits, 3) uint8."""

    palette: Pixels
    ground: float = 0
    is_on_glass: bool = True

    def __call__(self, samples: Samples) -> Pixels:
        return np.asarray(np.take(self.palette, samples[:, :, 0], axis=0))


@dataclass(frozen=True, slots=True)
class CompositeColouring:
    """Each sample is a channel, shown in its colour within its window; colours add up, as light does."""

    windows: Sequence[Window]
    colours: Sequence[Rgb]
    ground: float = 0
    is_on_glass: bool = False

    def __call__(self, samples: Samples) -> Pixels:
        light = np.zeros((*samples.shape[:2], 3), np.float32)
        for number, (window, colour) in enumerate(zip(self.windows, self.colours, strict=True)):
            share = window.apply(samples[:, :, number])
            for band, strength in enumerate(colour):
                if strength:
                    light[:, :, band] += share * np.float32(strength)
        return (light.clip(0, 255) + np.float32(0.5)).astype(np.uint8)
