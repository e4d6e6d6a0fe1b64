"""Prove that what was masked is white: each masked tile, and what the levels above show of it."""

from collections.abc import Sequence

import cv2
import numpy as np
import simplejpeg
import tifffile
from numpy.typing import NDArray

from ground.source import ByteSource
from tiling.canonical.bands import REACH_PX
from tiling.canonical.layout import IN_SERVED, INDEX_RECORD, Description
from tiling.errors import VerificationError
from tiling.geometry import Point, Region, Size, TileGrid, pyramid_sizes
from tiling.model import Pixels

_WHITE = 255
# Reduced levels are made with a filter and coded sparingly: beyond its reach they are white but for noise.
_NEARLY_WHITE = 240
# Each level's filter reaches REACH_PX of the level above, and half of what that one has seen; then a block of
# the coding, in which a rim shows as ripples.
_RIM_PX = REACH_PX + 1 + 8


def require_white(
    jpeg: bytes, size: Size, *, otherwise: str = "a masked tile of the result is not white"
) -> None:
    """Raises VerificationError, saying `otherwise`, unless every pixel of a tile of this size is white."""
    pixels = _decoded(jpeg)
    if pixels.shape[:2] != (size.height_px, size.width_px) or (pixels != _WHITE).any():
        raise VerificationError(otherwise)


def check_masks(
    pages: Sequence[tifffile.TiffPage],
    slide_file: ByteSource,
    served_file: ByteSource,
    description: Description,
    masked_tiles: frozenset[int],
) -> None:
    """Check cropped forms of masked tiles, and the reduced levels. Raises VerificationError.

    The full forms of level 0 are checked with all other tiles.
    """
    if not masked_tiles:
        return
    side = description.tile_size_px
    sizes = pyramid_sizes(description.size, side)
    base = TileGrid(sizes[0], side)
    _check_cropped(served_file, description, base, masked_tiles)
    mask = np.zeros((base.rows, base.cols), np.uint8)
    mask.flat[sorted(masked_tiles)] = 1
    for level, page in enumerate(pages[1:], start=1):
        _check_level(page, slide_file, TileGrid(sizes[level], side), mask, level)
    thumbnail = _decoded(served_file.read_at(description.thumbnail_offset, description.thumbnail_bytes))
    shown = Region(Point(0, 0), Size(thumbnail.shape[1], thumbnail.shape[0]))
    if (thumbnail[_inside(mask, shown, side, sizes[0].width_px / thumbnail.shape[1])] < _NEARLY_WHITE).any():
        raise VerificationError("the thumbnail of the result shows what was masked")


def _check_cropped(
    served_file: ByteSource, description: Description, base: TileGrid, masked_tiles: frozenset[int]
) -> None:
    first = description.served_bytes - base.count * INDEX_RECORD.size
    for index in masked_tiles:
        col, row = index % base.cols, index // base.cols
        if base.is_whole(col, row):
            continue
        record = served_file.read_at(first + index * INDEX_RECORD.size, INDEX_RECORD.size)
        word, length = INDEX_RECORD.unpack(record)
        if word & 1 != IN_SERVED:
            raise VerificationError("a cropped Deep Zoom tile is not where it should be")
        require_white(served_file.read_at(word >> 1, length), base.region(col, row).size)


def _check_level(
    page: tifffile.TiffPage, slide_file: ByteSource, grid: TileGrid, mask: NDArray[np.uint8], level: int
) -> None:
    """Decode each tile of the level that shows the inside of a mask."""
    for index, place in enumerate(grid):
        shown = grid.region(place.x, place.y)
        inside = _inside(mask, shown, grid.tile_size_px, 2.0**level)
        if inside.any():
            tile = _decoded(slide_file.read_at(page.dataoffsets[index], page.databytecounts[index]))
            if (tile[: shown.size.height_px, : shown.size.width_px][inside] < _NEARLY_WHITE).any():
                raise VerificationError("a reduced level of the result shows what was masked")


def _inside(mask: NDArray[np.uint8], shown: Region, side_px: int, downsample: float) -> NDArray[np.bool_]:
    """Which pixels of a region of a level show masked tiles alone, as far as filter and coding reach."""
    rows, cols = (
        (np.arange(start - _RIM_PX, start + length + _RIM_PX) * downsample // side_px).astype(np.int64)
        for start, length in (
            (shown.origin.y, shown.size.height_px),
            (shown.origin.x, shown.size.width_px),
        )
    )
    around = mask[rows.clip(0, mask.shape[0] - 1)][:, cols.clip(0, mask.shape[1] - 1)]
    if not around.any():
        return np.zeros((shown.size.height_px, shown.size.width_px), bool)
    core = cv2.erode(around, np.ones((2 * _RIM_PX + 1, 2 * _RIM_PX + 1), np.uint8))
    return np.asarray(core[_RIM_PX:-_RIM_PX, _RIM_PX:-_RIM_PX] > 0)


def _decoded(jpeg: bytes) -> Pixels:
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(jpeg, colorspace="RGB")
    except (ValueError, MemoryError) as error:
        raise VerificationError("a masked tile of the result cannot be decoded") from error
    return pixels
