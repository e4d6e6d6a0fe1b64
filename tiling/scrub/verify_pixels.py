"""Prove that the result shows what the source shows, in OpenSlide's eyes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import openslide
import tifffile
from numpy.typing import NDArray

from tiling.canonical.layout import Description
from tiling.errors import VerificationError
from tiling.geometry import TileGrid, pyramid_sizes
from tiling.model import Carriage, Slide, Witness
from tiling.scrub.execute import Executed
from tiling.tiff.second_reader import LIBRARY_ERRORS

_SAMPLES = 32
# Decoders of different versions may round differently by one; another picture differs by far more.
_CARRIED_TOLERANCE = 1.0
_ENCODED_TOLERANCE = 5.0
# A level against the mean of the level above: the filter and the JPEG noise stay below 4 on dense tissue.
_REDUCED_TOLERANCE = 16.0
_SMALLEST_PATCH_PX = 8  # below that the noise of a few pixels decides
_MPP_RELATIVE_TOLERANCE = 1e-6  # OpenSlide reads the resolution as a 32-bit float


@dataclass(frozen=True, slots=True)
class PixelProof:
    """Mean absolute differences in grey levels. mpp_equal is None where the source states none."""

    sampled_tiles: int
    l0_worst_difference: float
    reduced_worst_difference: float
    mpp_equal: bool | None


def check_pixels(
    slide: Slide,
    witness: Witness,
    executed: Executed,
    pages: Sequence[tifffile.TiffPage],
    slide_path: Path,
) -> PixelProof:
    """Raises VerificationError where another library sees another size, scale or picture."""
    description = executed.description
    try:
        with openslide.OpenSlide(slide_path) as seen:
            sampled, worst = _compare_base(slide, witness, executed, seen)
            mpp_equal = _mpp_is_equal(description, witness, seen)
    except openslide.OpenSlideError as error:
        raise VerificationError("OpenSlide cannot read the result") from error
    reduced_worst = max(
        (_reduced_difference(pages, description, level) for level in range(1, len(pages))),
        default=0.0,
    )
    if reduced_worst > _REDUCED_TOLERANCE:
        raise VerificationError("a reduced level of the result does not show what level 0 shows")
    return PixelProof(sampled, round(worst, 4), round(reduced_worst, 4), mpp_equal)


def _compare_base(
    slide: Slide, witness: Witness, executed: Executed, seen: openslide.OpenSlide
) -> tuple[int, float]:
    """How many tiles were compared, and the worst of their differences."""
    description = executed.description
    sizes = pyramid_sizes(description.size, description.tile_size_px)
    if seen.level_dimensions != tuple((size.width_px, size.height_px) for size in sizes):
        raise VerificationError("OpenSlide sees other levels in the result than were written")
    grid = slide.grid
    sampled, worst = 0, 0.0
    for index in sorted({grid.count * number // _SAMPLES for number in range(_SAMPLES)}):
        if index in executed.damaged_tiles | executed.masked_tiles or witness.stored_tile(index) is None:
            continue
        place = grid.region(index % grid.cols, index // grid.cols)
        size = (place.size.width_px, place.size.height_px)
        shown = seen.read_region((place.origin.x, place.origin.y), 0, size).convert("RGB")
        expected = witness.tile_pixels(index)[: size[1], : size[0]]
        worst = max(worst, _difference(np.asarray(shown), expected))
        sampled += 1
    if worst > (_ENCODED_TOLERANCE if slide.carriage is Carriage.ENCODED else _CARRIED_TOLERANCE):
        raise VerificationError("level 0 of the result does not show what the source shows")
    return sampled, worst


def _reduced_difference(pages: Sequence[tifffile.TiffPage], description: Description, level: int) -> float:
    """The middle tile of a level against the mean of 2×2 pixels of the four tiles that it shows."""
    sizes = pyramid_sizes(description.size, description.tile_size_px)
    grid, above = (TileGrid(sizes[number], description.tile_size_px) for number in (level, level - 1))
    col, row = grid.cols // 2, grid.rows // 2
    side = description.tile_size_px
    large = np.zeros((2 * side, 2 * side, 3), np.uint8)
    # Only where the level above has whole pixels of its own: beyond, both are made up to fill tiles.
    width, height = (
        min(2 * side, total - 2 * side * start) // 2
        for total, start in ((above.size.width_px, col), (above.size.height_px, row))
    )
    if width < _SMALLEST_PATCH_PX or height < _SMALLEST_PATCH_PX:
        return 0.0
    for down in range(min(2, above.rows - 2 * row)):
        for right in range(min(2, above.cols - 2 * col)):
            pixels = _tile(pages[level - 1], (2 * row + down) * above.cols + 2 * col + right)
            large[down * side : (down + 1) * side, right * side : (right + 1) * side] = pixels
    if grid.count == 1:
        # One tile shows everything: there the slide is stretched over the rounded size, not padded.
        width, height = grid.size.width_px, grid.size.height_px
        large = large[: above.size.height_px, : above.size.width_px]
        mean = cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)
    else:
        mean = cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA)
    small = _tile(pages[level], row * grid.cols + col)
    return _difference(small[:height, :width], mean[:height, :width])


def _tile(page: tifffile.TiffPage, index: int) -> NDArray[np.uint8]:
    page.parent.filehandle.seek(page.dataoffsets[index])
    data = page.parent.filehandle.read(page.databytecounts[index])
    try:
        pixels = np.asarray(page.decode(data, index, _fullsize=True)[0])
    except (*LIBRARY_ERRORS, imagecodecs.Jpeg8Error) as error:
        raise VerificationError("a tile of the result cannot be decoded") from error
    return pixels.reshape(page.tilelength, page.tilewidth, 3)


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
