"""Make every reduced level from level 0 in one pass, row by row, on all workers, in bounded memory.

Of each level at most two rows of tiles are held: for a slide 60,000 px wide about 0.15 GB in all. Slides
that are far wider are made stripe by stripe.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from tiling.canonical.bands import (
    REACH_PX,
    AlternatingBand,
    Band,
    Picture,
    Rows,
    first_row_needed,
    reduce_part,
    reducible_rows,
)
from tiling.canonical.coder import Coder
from tiling.canonical.rate import Codings
from tiling.canonical.stripes import Stripe, plan_stripes
from tiling.geometry import Size, TileGrid, ceil_div, pyramid_sizes
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
    def put_tiles(self, level: int, first_col: int, row: int, tiles: Sequence[EncodedTile]) -> None:
        """Take neighbouring tiles of one row."""
        ...


def in_order(futures: Sequence[Future[_T]]) -> Iterator[_T]:
    """The results in the order of submission, so that the output does not depend on who was faster."""
    for future in futures:
        yield future.result()


class Pyramid:
    """Makes a slide's reduced levels, and hands their encoded tiles to `sink`.

    Feed every stripe of `stripes`, then `finish`. The tiles are the same, however the slide is striped.
    """

    def __init__(
        self,
        size: Size,
        tile_size_px: int,
        codings: Codings,
        pool: Executor,
        sink: TileSink,
        stripes: Sequence[Stripe] | None = None,
        picture_side_px: int | None = None,
    ) -> None:
        """picture_side_px: keep the largest level that is no larger, for `picture`."""
        self.stripes = plan_stripes(size, tile_size_px) if stripes is None else stripes
        self.tile_size_px = tile_size_px
        self.codings = codings
        self.pool = pool
        self.sink = sink
        self.sizes = pyramid_sizes(size, tile_size_px)
        self._top_level = self.stripes[0].top_level
        self._overview_level = _overview_level(self.sizes)
        self._picture_level = _picture_level(self.sizes, picture_side_px)
        kept = {self._overview_level, self._picture_level}
        if self._top_level < len(self.sizes) - 1:
            kept.add(self._top_level)
        self._kept = {level: _picture(self.sizes[level]) for level in kept}

    def start(self, stripe: Stripe) -> "StripePyramid":
        """What makes a stripe's tiles. One at a time: each takes the memory of a few rows of tiles."""
        columns = stripe.held_columns(0)
        base = AlternatingBand(self.sizes[0], columns, self.tile_size_px)
        spans = [
            Span(level, stripe.held_columns(level), stripe.own_tiles(level))
            for level in range(1, self._top_level + 1)
        ]
        return StripePyramid(self, base, stripe.own_columns(0), spans)

    def finish(self) -> None:
        """Make the levels below those that the stripes made."""
        top, side = self._top_level, self.tile_size_px
        if top == len(self.sizes) - 1:
            return
        picture = Picture(self._kept[top])
        spans = [
            Span(level, range(size.width_px), range(TileGrid(size, side).cols))
            for level, size in enumerate(self.sizes[top + 1 :], start=top + 1)
        ]
        rest = Descent(self, picture, spans)
        while picture.end_row < picture.size.height_px:
            picture.show_more(side)
            rest.advance()

    def keep(self, level: int, source: Rows, rows: range, columns: range) -> None:
        """Remember these pixels, if they are of a level that is wanted as a whole."""
        picture = self._kept.get(level)
        if picture is not None:
            picture[rows.start : rows.stop, columns.start : columns.stop] = source.part(rows, columns)

    def overview(self) -> Pixels:
        """The whole slide at the smallest level whose longer side is at least 512 px (or at level 0)."""
        return self._kept[self._overview_level]

    def picture(self) -> Pixels:
        """The whole slide, at most `picture_side_px` a side."""
        return self._kept[self._picture_level]

    def whole(self, size: Size) -> Pixels:
        """The whole slide at a size that fits in a tile.

        Larger levels round up by repeating their last row and column. Where one tile shows everything, Deep
        Zoom's own renderer stretches the slide over the rounded size instead, and viewers expect it: at
        a few pixels, half a pixel of padding is a shift that one sees.
        """
        l0_size, downsample = self.sizes[0], 2**self._overview_level
        box = (l0_size.width_px / downsample, l0_size.height_px / downsample)
        return stretch(self.overview(), box, size.width_px, size.height_px)


@dataclass(frozen=True, slots=True)
class Span:
    """What is made of a level: columns of pixels to hold, columns of tiles to encode."""

    level: int
    held: range
    tiles: range


class Descent:
    """Makes levels one from the other, each from the one before in `spans`, the first from `base`."""

    def __init__(self, pyramid: Pyramid, base: Rows, spans: Sequence[Span]) -> None:
        self._pyramid = pyramid
        self._spans = spans
        self._sources: list[Rows] = [base]
        self._bands = []
        added_rows = pyramid.tile_size_px
        for span in spans:
            size = pyramid.sizes[span.level]
            added_rows = ceil_div(added_rows, 2)
            # Less than a row of tiles that waits to be encoded, what one step adds to it, and what the filter
            # wants to see again, or holds back until the level ends.
            capacity = min(size.height_px, pyramid.tile_size_px + added_rows + 8 * REACH_PX)
            self._bands.append(Band(size, span.held, capacity))
        self._sources += self._bands
        self._next_tile_rows = [0] * len(spans)

    def advance(self) -> None:
        """Make everything that the rows of `base` have made possible."""
        for number, span in enumerate(self._spans):
            self._reduce(number, span)

    def _reduce(self, number: int, span: Span) -> None:
        source, band, side = self._sources[number], self._bands[number], self._pyramid.tile_size_px
        rows = range(band.end_row, reducible_rows(source))
        if rows:
            self._run_parts(source, rows, span.held, band.grow(len(rows)))
            own = range(span.tiles.start * side, min(band.size.width_px, span.tiles.stop * side))
            self._pyramid.keep(span.level, band, rows, own)
        self._encode_complete_rows(number, span, band)
        needed = first_row_needed(rows.stop)
        if number:
            needed = min(needed, self._next_tile_rows[number - 1] * side)
        source.forget_before(needed)
        if number == len(self._spans) - 1:
            band.forget_before(min(band.end_row, self._next_tile_rows[number] * side))

    def _run_parts(self, source: Rows, rows: range, columns: range, out: Pixels) -> None:
        futures = []
        for left in range(columns.start, columns.stop, _PART_COLS_PX):
            part = range(left, min(columns.stop, left + _PART_COLS_PX))
            into = out[:, part.start - columns.start : part.stop - columns.start]
            futures.append(self._pyramid.pool.submit(reduce_part, source, rows, part, into))
        for _ in in_order(futures):
            pass

    def _encode_complete_rows(self, number: int, span: Span, band: Band) -> None:
        pyramid, side = self._pyramid, self._pyramid.tile_size_px
        grid = TileGrid(band.size, side)
        while (row := self._next_tile_rows[number]) < grid.rows:
            rows = range(row * side, min((row + 1) * side, band.size.height_px))
            if band.end_row < rows.stop:
                return
            starts = range(span.tiles.start, span.tiles.stop, _TILES_PER_TASK)
            futures = []
            for first in starts:
                stop = min(span.tiles.stop, first + _TILES_PER_TASK)
                pixels = band.part(rows, range(first * side, min(stop * side, band.size.width_px)))
                if grid.count == 1:
                    pixels = pyramid.whole(band.size)
                coder = pyramid.codings.of(span.level)
                futures.append(pyramid.pool.submit(_encode_part, pixels, side, coder))
            for first, tiles in zip(starts, in_order(futures), strict=True):
                pyramid.sink.put_tiles(span.level, first, row, tiles)
            self._next_tile_rows[number] += 1


class StripePyramid(Descent):
    """Feed it its columns of level 0, a row of tiles at a time."""

    def __init__(
        self, pyramid: Pyramid, base: AlternatingBand, own_columns: range, spans: Sequence[Span]
    ) -> None:
        super().__init__(pyramid, base, spans)
        self.base = base
        self._own_columns = own_columns
        self._seen_rows = 0

    def advance(self) -> None:
        self._pyramid.keep(0, self.base, range(self._seen_rows, self.base.end_row), self._own_columns)
        self._seen_rows = self.base.end_row
        super().advance()


def _picture(size: Size) -> Pixels:
    return np.empty((size.height_px, size.width_px, 3), np.uint8)


def _overview_level(sizes: Sequence[Size]) -> int:
    large = [level for level, size in enumerate(sizes) if max(size.width_px, size.height_px) >= 512]
    return large[-1] if large else 0


def _picture_level(sizes: Sequence[Size], side_px: int | None) -> int:
    if side_px is None:
        return _overview_level(sizes)
    return next(level for level, size in enumerate(sizes) if size.fits_in(side_px) or size == sizes[-1])


def _encode_part(pixels: Pixels, side_px: int, coder: Coder) -> list[EncodedTile]:
    """Encode neighbouring tiles of one row."""
    shown = [pixels[:, left : left + side_px] for left in range(0, pixels.shape[1], side_px)]
    cropped = [tile for tile in shown if tile.shape[:2] != (side_px, side_px)]
    encoded = coder.encode_all([*(pad_to(tile, side_px, side_px) for tile in shown), *cropped])
    cropped_jpegs = iter(encoded[len(shown) :])
    return [
        EncodedTile(jpeg, None if tile.shape[:2] == (side_px, side_px) else next(cropped_jpegs))
        for tile, jpeg in zip(shown, encoded, strict=False)
    ]
