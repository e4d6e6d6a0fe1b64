"""A bank of stamps: nuclei of every kind in many shapes and directions, drawn once and used everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .cells import Kind
from .noise import Field, ramp

DIRECTIONS = 16
SHAPES = 9
SIDE_PX = 80
"""Side of a stamp; the largest nucleus is 60 px (15 µm) long."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind of nucleus looks. Half axes in level-0 pixels of 0.25 µm; densities are optical."""

    long_px: float
    short_px: float
    spread: float  # of size, as a fraction
    irregular: float  # of outline
    density: float  # haematoxylin
    chromatin: float  # contrast of its texture
    rim: float  # density added at the membrane
    nucleoli: int


LOOKS = {
    Kind.HEPATOCYTE: Look(15.5, 14.5, 0.13, 0.03, 0.50, 0.40, 0.34, 2),
    Kind.TUMOUR: Look(22.0, 13.5, 0.20, 0.10, 0.80, 0.42, 0.28, 2),
    Kind.LYMPHOCYTE: Look(11.5, 10.8, 0.10, 0.05, 1.15, 0.35, 0.10, 0),
    Kind.FIBROBLAST: Look(23.0, 5.0, 0.22, 0.07, 0.72, 0.30, 0.12, 0),
    Kind.ENDOTHELIUM: Look(19.0, 4.6, 0.18, 0.06, 0.82, 0.25, 0.10, 0),
    Kind.FRAGMENT: Look(6.5, 4.5, 0.35, 0.16, 1.10, 0.25, 0.0, 0),
    Kind.DUCT: Look(14.0, 11.0, 0.10, 0.04, 0.78, 0.38, 0.22, 1),
}


@dataclass(frozen=True, slots=True)
class Bank:
    """Stamps by kind: arrays (stamp, SIDE_PX, SIDE_PX); ``cover`` is 0 … 1, ``density`` optical."""

    density: dict[Kind, NDArray[np.float32]]
    cover: dict[Kind, NDArray[np.float32]]

    def pick(self, kind: Kind, angle: float, chance: int) -> tuple[Field, Field]:
        """The density and cover of one stamp: the nearest direction, any shape."""
        direction = round(angle / np.pi * DIRECTIONS) % DIRECTIONS
        index = direction * SHAPES + chance % SHAPES
        return self.density[kind][index], self.cover[kind][index]


def draw_bank(rng: np.random.Generator) -> Bank:
    """Draw all stamps."""
    density: dict[Kind, NDArray[np.float32]] = {}
    cover: dict[Kind, NDArray[np.float32]] = {}
    for kind in Kind:
        drawn = [
            _draw(rng, kind, direction / DIRECTIONS * np.pi)
            for direction in range(DIRECTIONS)
            for _ in range(SHAPES)
        ]
        density[kind] = np.stack([one[0] for one in drawn])
        cover[kind] = np.stack([one[1] for one in drawn])
    return Bank(density, cover)


def _draw(rng: np.random.Generator, kind: Kind, angle: float) -> tuple[Field, Field]:
    if kind is Kind.RED_CELL:
        return _red_cell(rng)
    if kind is Kind.MITOSIS:
        return _mitosis(rng, angle)
    return _nucleus(rng, LOOKS[kind], angle)


def _nucleus(rng: np.random.Generator, look: Look, angle: float) -> tuple[Field, Field]:
    size = float(np.clip(rng.normal(1, look.spread), 0.65, 1.55))
    stretch = float(np.clip(rng.normal(1, 0.10), 0.8, 1.25))
    long_px, short_px = look.long_px * size * stretch, look.short_px * size / stretch
    p, q = _axes(angle + rng.normal(0, 0.06), bend=rng.normal(0, 0.10) if long_px > 2.5 * short_px else 0.0)
    around = np.arctan2(q / short_px, p / long_px)
    outline = np.ones_like(p)
    for wave in range(2, 6):
        outline += look.irregular / (wave - 1) * rng.normal() * np.cos(wave * around + rng.uniform(0, 6.3))
    reach = np.hypot(p / long_px, q / short_px) / outline
    inside_px = (1 - reach) * short_px
    cover = ramp(inside_px, 1.8)

    grain = 0.75 * _grain(rng, 1.5) + 0.5 * _grain(rng, 3.2)
    tone = look.density * float(np.clip(rng.normal(1, 0.16), 0.6, 1.5))
    density = tone * np.clip(1 + look.chromatin * grain, 0.25, 2.2)
    density += look.rim * np.exp(-(((inside_px - 1.6) / 1.5) ** 2))
    for _ in range(rng.integers(0, look.nucleoli + 1) if look.nucleoli else 0):
        place = rng.uniform(-0.5, 0.5, 2) * (long_px, short_px)
        size_px = rng.uniform(1.6, 3.0)
        density += 0.75 * np.exp(-(((p - place[0]) ** 2 + (q - place[1]) ** 2) / (2 * size_px**2)))
    focus_px = float(rng.uniform(0.6, 1.3))
    return _finish(density, cover, focus_px)


def _mitosis(rng: np.random.Generator, angle: float) -> tuple[Field, Field]:
    """A plate (metaphase) or two (anaphase) of dense chromatin."""
    p, q = _axes(angle)
    gap_px = 0.0 if rng.random() < 0.6 else rng.uniform(8, 13)
    ragged = 1.8 * _grain(rng, 2.0)
    plates = [
        ramp(4.6 - np.abs(q - side * gap_px) - 0.006 * p**2 + ragged, 2.5) * ramp(19 - np.abs(p) + ragged, 5)
        for side in ((-1, 1) if gap_px else (0,))
    ]
    cover = np.maximum.reduce(plates)
    return _finish(np.full_like(cover, 1.5) + 0.2 * _grain(rng, 2.0), cover, 0.8)


def _red_cell(rng: np.random.Generator) -> tuple[Field, Field]:
    """A disc of 6 to 7 µm, paler in the middle, seldom quite round."""
    p, q = _axes(rng.uniform(0, np.pi))
    radius_px = rng.uniform(11.5, 14)
    squeeze = rng.uniform(0.78, 1.0)
    reach = np.hypot(p, q / squeeze) / radius_px
    density = rng.uniform(0.50, 0.72) * (1 - 0.30 * np.exp(-((reach / 0.5) ** 2)))
    return _finish(density, ramp((1 - reach) * radius_px, 2.0), 0.9)


def _axes(angle: float, bend: float = 0.0) -> tuple[Field, Field]:
    """Coordinates along and across a direction, from a stamp's centre, in pixels."""
    half = SIDE_PX / 2 - 0.5
    y, x = np.mgrid[0:SIDE_PX, 0:SIDE_PX].astype(np.float32) - np.float32(half)
    p = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
    q = y * np.float32(np.cos(angle)) - x * np.float32(np.sin(angle))
    return p, (q + np.float32(bend) * p**2 / 22).astype(np.float32)


def _grain(rng: np.random.Generator, sigma_px: float) -> Field:
    noise = cv2.GaussianBlur(rng.standard_normal((SIDE_PX, SIDE_PX)).astype(np.float32), (0, 0), sigma_px)
    return noise / np.float32(noise.std())


def _finish(density: Field, cover: Field, focus_px: float) -> tuple[Field, Field]:
    """Give a stamp the microscope's softness, and a border of nothing."""
    cover = cv2.GaussianBlur(cover.astype(np.float32), (0, 0), focus_px)
    cover[cover < 0.01] = 0
    return cv2.GaussianBlur((density * cover).astype(np.float32), (0, 0), focus_px), cover
