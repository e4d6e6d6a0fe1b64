"""The stored levels as rasters: which one a view is best made from, and any rectangle of one, decoded."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tiling.canonical import CanonicalSlide
from tiling.canonical.layout import CanonicalInfo
from tiling.geometry import Point, Region, Size, TileGrid
from tiling.model import Pixels
from tiling.pixels import decode_jpeg_into
from tiling.render.errors import RenderCancelled
from tiling.render.padded import read_padded_tile

_ROUNDING = 1 + 1e-9
"""A view of a level's own scale is made from that level, however its numbers were rounded on the way here."""


@dataclass(frozen=True, slots=True)
class StoredLevel:
    """A pyramid level. downsample_x, downsample_y: level-0 pixels per pixel."""

    deepzoom_level: int
    grid: TileGrid
    downsample_x: float
    downsample_y: float

    @property
    def is_reduced(self) -> bool:
        """Whether it is one of ours, rather than the scanner's."""
        return self.downsample_x > 1

    def pixels_of(self, area_l0_px2: float) -> float:
        """How many of its pixels show that much of level 0."""
        return area_l0_px2 / (self.downsample_x * self.downsample_y)


def stored_levels(info: CanonicalInfo) -> tuple[StoredLevel, ...]:
    """Full size first.

    Each level is half of the one before, rounded up, its last column and row standing for what is left. The
    level that fits in one tile is stretched over its rounded size instead (:mod:`tiling.canonical.pyramid`).
    """
    levels = []
    for level in info.levels:
        grid = TileGrid(Size(level.width_px, level.height_px), info.tile_size_px)
        is_stretched = level.level > 0 and grid.count == 1
        levels.append(
            StoredLevel(
                deepzoom_level=info.deepzoom_level_count - 1 - level.level,
                grid=grid,
                downsample_x=info.width_px / level.width_px if is_stretched else level.downsample,
                downsample_y=info.height_px / level.height_px if is_stretched else level.downsample,
            )
        )
    return tuple(levels)


def next_finer(
    levels: tuple[StoredLevel, ...],
    downsample_x: float,
    downsample_y: float,
    most_px: int,
    area_l0_px2: float,
) -> StoredLevel:
    """The coarsest level that still has all the detail; a coarser one where that would be above most_px.

    The latter happens only to views that are squeezed far more in one direction than in the other.
    """
    fine = [
        number
        for number, level in enumerate(levels)
        if level.downsample_x <= downsample_x * _ROUNDING and level.downsample_y <= downsample_y * _ROUNDING
    ]
    chosen = fine[-1] if fine else 0
    while chosen < len(levels) - 1 and levels[chosen].pixels_of(area_l0_px2) > most_px:
        chosen += 1
    return levels[chosen]


def read_rectangle(
    slide: CanonicalSlide, level: StoredLevel, part: Region, cancelled: Callable[[], bool], out: Pixels
) -> None:
    """A rectangle of a level, that lies within it, as the stored tiles decode, into an array of its size.

    Raises CorruptSlideError, CanonicalError, RenderCancelled.
    """
    side, left, top = level.grid.tile_size_px, part.origin.x, part.origin.y
    right, bottom = left + part.size.width_px, top + part.size.height_px
    whole_tile = np.empty((side, side, 3), np.uint8)
    for row in range(top // side, -(-bottom // side)):
        for col in range(left // side, -(-right // side)):
            if cancelled():
                raise RenderCancelled("the rendering was cancelled")
            jpeg = None
            if not level.is_reduced and not level.grid.is_whole(col, row):
                jpeg = read_padded_tile(slide, col, row)
            tile = level.grid.region(col, row)
            size = Size(side, side) if jpeg is not None else tile.size
            is_full = (size.width_px, size.height_px) == (side, side)
            pixels = whole_tile if is_full else np.empty((size.height_px, size.width_px, 3), np.uint8)
            decode_jpeg_into(jpeg or slide.read_tile(level.deepzoom_level, col, row), pixels)
            _paste(pixels, tile.origin, out, part.origin)


def _paste(pixels: Pixels, origin: Point, out: Pixels, out_origin: Point) -> None:
    """Copy what `pixels` and `out` share, both placed on the same level."""
    top, left = max(origin.y, out_origin.y), max(origin.x, out_origin.x)
    bottom = min(origin.y + pixels.shape[0], out_origin.y + out.shape[0])
    right = min(origin.x + pixels.shape[1], out_origin.x + out.shape[1])
    out[top - out_origin.y : bottom - out_origin.y, left - out_origin.x : right - out_origin.x] = pixels[
        top - origin.y : bottom - origin.y, left - origin.x : right - origin.x
    ]
