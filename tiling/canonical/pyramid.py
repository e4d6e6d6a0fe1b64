"""Make every reduced level from level 0 in one pass, row by row, on all workers, in bounded memory.

Per level a band of at most a few rows of tiles is held: for a slide 60,000 px wide about 0.3 GB in all.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from tiling.canonical.bands import (
    AlternatingBand,
    Band,
    Rows,
    first_row_needed,
    reduce_part,
    reducible_rows,
)
from tiling.canonical.coder import Coder
from tiling.canonical.rate import Codings
from tiling.geometry import Size, TileGrid, pyramid_sizes
from tiling.model import Pixels
from tiling.pixels import pad_to, stretch

_PART_COLS_PX = 1_024
_TILES_PER_TASK = 8

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class EncodedTile:
    """jpeg: as TIFF stores it, full and padded. cropped_jpeg: as Deep Zoom shows it, where that differs."""

    jpeg: bytes
    cropped_jpeg: bytes | None


class TileSink(Protocol):
    def put_tile(self, level: int, col: int, row: int, tile: EncodedTile) -> None: ...


def in_order(futures: Sequence[Future[_T]]) -> Iterator[_T]:
    """The results in the order of submission, so that the output does not depend on who was faster."""
    for future in futures:
        yield future.result()


class Pyramid:
    """Feed it level 0, a row of tiles at a time; it hands encoded tiles of the other levels to `sink`."""

    def __init__(
        self, size: Size, tile_size_px: int, codings: Codings, pool: Executor, sink: TileSink
    ) -> None:
        self._codings = codings
        self._tile_size_px = tile_size_px
        self._pool = pool
        self._sink = sink
        self.base = AlternatingBand(size, tile_size_px)
        sizes = pyramid_sizes(size, tile_size_px)
        self._grids = [TileGrid(level_size, tile_size_px) for level_size in sizes]
        self._bands: list[Rows] = [self.base]
        for level_size in sizes[1:]:
            self._bands.append(Band(level_size, min(level_size.height_px, 2 * tile_size_px + 16)))
        self._next_tile_rows = [0] * len(sizes)
        self._overview_level = _overview_level(sizes)
        self._overview: list[Pixels] = []

    def advance(self) -> None:
        """Take in the rows of level 0 that were published, and make everything that has become possible."""
        if self._overview_level == 0:
            self._collect_overview(0, self.base.end_row - self._rows_collected())
        for level in range(1, len(self._bands)):
            self._reduce(level)

    def _reduce(self, level: int) -> None:
        source, band = self._bands[level - 1], self._bands[level]
        assert isinstance(band, Band)  # noqa: S101 - level 0 alone is not
        start, end = band.end_row, reducible_rows(source)
        if end > start:
            out = band.grow(end - start)
            self._run_parts(source, start, end, band.size.width_px, out)
            if level == self._overview_level:
                self._collect_overview(level, end - start)
        self._encode_complete_rows(level, band)
        needed = min(first_row_needed(end), self._next_tile_rows[level - 1] * self._tile_size_px)
        source.forget_before(needed if level > 1 else first_row_needed(end))

    def _run_parts(self, source: Rows, start: int, end: int, width_px: int, out: Pixels) -> None:
        lefts = range(0, width_px, _PART_COLS_PX)
        futures = [
            self._pool.submit(reduce_part, source, start, end, left, min(width_px, left + _PART_COLS_PX), out)
            for left in lefts
        ]
        for _ in in_order(futures):
            pass

    def _encode_complete_rows(self, level: int, band: Band) -> None:
        grid = self._grids[level]
        side = self._tile_size_px
        while (row := self._next_tile_rows[level]) < grid.rows:
            bottom = min((row + 1) * side, band.size.height_px)
            if band.end_row < bottom:
                return
            pixels = band.rows(row * side, bottom)
            if grid.count == 1:
                pixels = self.whole(band.size)
            starts = range(0, grid.cols, _TILES_PER_TASK)
            futures = [
                self._pool.submit(
                    _encode_part,
                    pixels[:, first * side : (first + _TILES_PER_TASK) * side],
                    side,
                    self._codings.of(level),
                )
                for first in starts
            ]
            for first, tiles in zip(starts, in_order(futures), strict=True):
                for number, tile in enumerate(tiles):
                    self._sink.put_tile(level, first + number, row, tile)
            self._next_tile_rows[level] += 1

    def _rows_collected(self) -> int:
        return sum(len(part) for part in self._overview)

    def _collect_overview(self, level: int, row_count: int) -> None:
        band = self._bands[level]
        self._overview.append(band.rows(band.end_row - row_count, band.end_row).copy())

    def overview(self) -> Pixels:
        """The whole slide at the smallest level whose longer side is at least 512 px (or at level 0)."""
        return np.concatenate(self._overview)

    def whole(self, size: Size) -> Pixels:
        """The whole slide at a size that fits in a tile.

        Larger levels round up by repeating their last row and column. Where one tile shows everything, Deep
        Zoom's own renderer stretches the slide over the rounded size instead, and viewers expect it: at
        a few pixels, half a pixel of padding is a shift that one sees.
        """
        l0_size, downsample = self.base.size, 2**self._overview_level
        box = (l0_size.width_px / downsample, l0_size.height_px / downsample)
        return stretch(self.overview(), box, size.width_px, size.height_px)


def _overview_level(sizes: Sequence[Size]) -> int:
    large = [level for level, size in enumerate(sizes) if max(size.width_px, size.height_px) >= 512]
    return large[-1] if large else 0


def _encode_part(pixels: Pixels, side_px: int, coder: Coder) -> list[EncodedTile]:
    """Encode neighbouring tiles of one row."""
    tiles = []
    for left in range(0, pixels.shape[1], side_px):
        cropped = pixels[:, left : left + side_px]
        if cropped.shape[:2] == (side_px, side_px):
            tiles.append(EncodedTile(coder.encode(cropped), None))
        else:
            padded = pad_to(cropped, side_px, side_px)
            tiles.append(EncodedTile(coder.encode(padded), coder.encode(cropped)))
    return tiles
