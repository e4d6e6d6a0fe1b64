"""Prove that the result shows what the source shows, in OpenSlide's eyes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openslide
from numpy.typing import NDArray

from tiling.canonical.layout import SLIDE_FILE, Description
from tiling.errors import VerificationError
from tiling.geometry import TileGrid, pyramid_sizes
from tiling.model import Pixels, Slide, Witness

_SAMPLES = 32
# Decoders of different versions may round differently by one; another picture differs by far more.
_CARRIED_TOLERANCE = 1.0
_ENCODED_TOLERANCE = 5.0
# A level against the mean of the level above: the filter and the JPEG noise stay below 4 on dense tissue.
_REDUCED_TOLERANCE = 16.0
_MPP_RELATIVE_TOLERANCE = 1e-6  # OpenSlide reads the resolution as a 32-bit float


@dataclass(frozen=True, slots=True)
class PixelProof:
    """Mean absolute differences in grey levels. mpp_equal is None where the source states none."""

    sampled_tiles: int
    l0_worst_difference: float
    reduced_worst_difference: float
    mpp_equal: bool | None


def check_pixels(
    slide: Slide, witness: Witness, description: Description, slide_path: Path
) -> PixelProof:
    """Raises VerificationError where OpenSlide sees another size, scale or picture than the source has."""
    try:
        with openslide.OpenSlide(slide_path) as seen:
            return _compare(slide, witness, description, seen)
    except openslide.OpenSlideError as error:
        raise VerificationError("OpenSlide cannot read the result") from error


def _compare(
    slide: Slide, witness: Witness, description: Description, seen: openslide.OpenSlide
) -> PixelProof:
    sizes = pyramid_sizes(description.size, description.tile_size_px)
    if seen.level_dimensions != tuple((size.width_px, size.height_px) for size in sizes):
        raise VerificationError("OpenSlide sees other levels in the result than were written")
    grid = slide.grid
    sampled, worst = 0, 0.0
    for index in sorted({grid.count * number // _SAMPLES for number in range(_SAMPLES)}):
        if witness.stored_tile(index) is None:
            continue
        place = grid.region(index % grid.cols, index // grid.cols)
        size = place.size
        shown = _region(seen, 0, (place.origin.x, place.origin.y), (size.width_px, size.height_px))
        expected = witness.tile_pixels(index)[: size.height_px, : size.width_px]
        worst = max(worst, _difference(shown, expected))
        sampled += 1
    if worst > (_CARRIED_TOLERANCE if slide.carries_jpeg else _ENCODED_TOLERANCE):
        raise VerificationError("level 0 of the result does not show what the source shows")
    reduced_worst = max((_reduced_difference(seen, level, grid) for level in range(1, len(sizes))), default=0.0)
    if reduced_worst > _REDUCED_TOLERANCE:
        raise VerificationError("a reduced level of the result does not show what level 0 shows")
    return PixelProof(sampled, round(worst, 4), round(reduced_worst, 4), _mpp_is_equal(description, witness, seen))


def _reduced_difference(seen: openslide.OpenSlide, level: int, grid: TileGrid) -> float:
    """A patch in the middle of a level against the mean of 2×2 pixels of the level above."""
    width, height = seen.level_dimensions[level]
    side = grid.tile_size_px
    size = (min(side, width // 2), min(side, height // 2))
    if 0 in size:
        return 0.0
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    origin = (left << level, top << level)
    small = _region(seen, level, origin, size)
    large = _region(seen, level - 1, origin, (2 * size[0], 2 * size[1]))
    return _difference(small, cv2.resize(large, size, interpolation=cv2.INTER_AREA))


def _region(
    seen: openslide.OpenSlide, level: int, origin: tuple[int, int], size: tuple[int, int]
) -> Pixels:
    return np.asarray(seen.read_region(origin, level, size).convert("RGB"))


def _difference(one: NDArray[Any], other: NDArray[Any]) -> float:
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())


def _mpp_is_equal(description: Description, witness: Witness, seen: openslide.OpenSlide) -> bool | None:
    stated = description.mpp
    if stated is None:
        if openslide.PROPERTY_NAME_MPP_X in seen.properties:
            raise VerificationError("the result states a scale that the source does not")
        return None
    read = float(seen.properties.get(openslide.PROPERTY_NAME_MPP_X, "nan"))
    if witness.mpp != stated or not abs(read / stated.x_um - 1) < _MPP_RELATIVE_TOLERANCE:
        raise VerificationError("the result's scale is not the source's")
    return True
