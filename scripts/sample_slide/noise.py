"""Smooth random fields: ones as large as the slide's map, and periodic tiles for what is fine."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]

TILE_PX = 1024
"""Side of a periodic tile, in level-0 pixels: larger than what the eye compares at full zoom."""


def octaves(rng: np.random.Generator, shape: tuple[int, int], wavelength_px: float, count: int = 3) -> Field:
    """Value noise of ``shape`` (rows, columns): mean 0, deviation about 1, each octave half as strong."""
    total = np.zeros(shape, np.float32)
    power = 0.0
    for octave in range(count):
        step_px = wavelength_px / 2**octave
        if step_px < 2 and octave:
            break
        amplitude = 0.5**octave
        total += amplitude * _smooth(rng, shape, max(step_px, 1.0))
        power += amplitude**2
    return total / np.float32(np.sqrt(power))


def ridges_um(field: Field, um_per_px: float) -> Field:
    """Distance to the nearest zero of a field in µm, to first order: lines of even width through noise."""
    slope_y, slope_x = np.gradient(field, um_per_px)
    steepness = np.hypot(slope_x, slope_y)
    return np.abs(field) / (steepness + np.float32(0.15 * steepness.mean()))


def tile(rng: np.random.Generator, sigma_px: float) -> Field:
    """A periodic square of Gaussian noise, :data:`TILE_PX` wide: mean 0, deviation 1, grain ``sigma_px``."""
    white = rng.standard_normal((TILE_PX, TILE_PX)).astype(np.float32)
    frequency = np.fft.fftfreq(TILE_PX)
    low_pass = np.exp(-2 * (np.pi * sigma_px) ** 2 * (frequency[:, None] ** 2 + frequency[None, :] ** 2))
    smooth = np.fft.ifft2(np.fft.fft2(white) * low_pass).real
    smooth -= smooth.mean()
    return (smooth / smooth.std()).astype(np.float32)


def window(periodic: Field, left_px: int, top_px: int, width_px: int, height_px: int) -> Field:
    """The part of an endlessly repeated tile that lies under a rectangle of the slide."""
    rows = np.arange(top_px, top_px + height_px) % TILE_PX
    start = left_px % TILE_PX
    repeated = np.concatenate([periodic[rows]] * (-(-(start + width_px) // TILE_PX)), axis=1)
    return repeated[:, start : start + width_px]


def ramp(field: Field, width: float) -> Field:
    """0 below −width/2, 1 above +width/2, linear between: a soft edge at the zero of a distance."""
    return np.clip(field * np.float32(1 / width) + np.float32(0.5), 0, 1)


def _smooth(rng: np.random.Generator, shape: tuple[int, int], step_px: float) -> Field:
    rows, columns = (int(np.ceil(side / step_px)) + 4 for side in shape)
    coarse = rng.standard_normal((rows, columns)).astype(np.float32)
    fine = cv2.resize(coarse, None, fx=step_px, fy=step_px, interpolation=cv2.INTER_CUBIC)
    top, left = (int(rng.uniform(1, 2) * step_px) for _ in range(2))
    fine = fine[top : top + shape[0], left : left + shape[1]]
    return np.ascontiguousarray(fine - fine.mean(), np.float32) / np.float32(fine.std() + 1e-6)
