"""Write the canonical slide: level-0 tiles as they are, everything else anew."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tiling.canonical.layout import Description
from tiling.canonical.pyramid import Pyramid, StripePyramid, in_order
from tiling.canonical.rate import LARGEST_RATIO, Codings, choose_codings
from tiling.canonical.stripes import Stripe
from tiling.canonical.writer import CanonicalWriter, Facts
from tiling.errors import ConversionCancelled, CorruptSlideError
from tiling.geometry import TileGrid, deepzoom_sizes, pyramid_sizes
from tiling.icc import scrub_profile
from tiling.model import Carriage, Pixels, Slide
from tiling.pixels import L0_CODING, shrink
from tiling.scrub.as_it_was import AsItWas
from tiling.scrub.base_tiles import (
    WHITE,
    BaseCoding,
    BaseTile,
    base_coding,
    masked_base_tile,
    read_base_tile,
)

_THUMBNAIL_SIDE_PX = 512
_TILES_PER_TASK = 8
# A scanner's glitch spoils a tile in thousands; a file that was cut or mangled spoils many.
_DAMAGE_BEARABLE = 1 / 1_000


@dataclass(frozen=True, slots=True)
class Executed:
    """What was written, and how many tiles are not what the source has.

    missing: left out by the scanner; damaged: not decodable; recoded edges: Deep Zoom's cropped form of a
    tile that could not be cropped without loss (slide.tif has the source's). masked_tiles: white on purpose.
    picture: the whole slide as the source has it, where one was asked for.
    """

    description: Description
    icc_profile: bytes | None
    missing_tile_count: int
    damaged_tiles: frozenset[int]  # by their number, row by row
    recoded_edge_count: int
    masked_tiles: frozenset[int] = frozenset()
    picture: Pixels | None = None


class _Tally:
    def __init__(self) -> None:
        self.done = self.missing = self.recoded_edges = 0
        self.damaged: set[int] = set()

    def add(self, index: int, tile: BaseTile) -> None:
        if tile.is_damaged:
            self.damaged.add(index)
        self.done += 1
        self.missing += tile.is_missing
        self.recoded_edges += tile.is_edge_recoded

    def check(self, total: int) -> None:
        if len(self.damaged) > total * _DAMAGE_BEARABLE:
            raise CorruptSlideError("too many of the slide's tiles cannot be decoded")
        if self.done == total == self.missing:
            raise CorruptSlideError("the slide has no image: all of its tiles are missing")


def execute(
    slide: Slide,
    directory: Path,
    *,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
    workers: int,
    largest_ratio: float = LARGEST_RATIO,
    masked_tiles: frozenset[int] = frozenset(),
    picture_side_px: int | None = None,
) -> Executed:
    """Write slide.tif and served.bin into `directory`, and leave them there even on an error.

    largest_ratio: of the result's bytes to those of the source's level 0; reduced levels are as fine as it
    permits. masked_tiles: numbers of level-0 tiles to be white, in all levels. picture_side_px: keep a
    picture of the whole slide, at most that large. Raises TilingError, OSError.
    """
    grid = slide.grid
    coding = base_coding(slide)
    tally = _Tally()
    with (
        CanonicalWriter(directory, grid.size, grid.tile_size_px) as writer,
        ThreadPoolExecutor(workers, thread_name_prefix="tiling") as pool,
    ):
        try:
            codings = choose_codings(slide, pool, lambda: stop_if(cancelled()), largest_ratio)
            pyramid = Pyramid(
                grid.size, grid.tile_size_px, codings, pool, writer, picture_side_px=picture_side_px
            )
            was = AsItWas(grid, masked_tiles, pyramid.picture().shape[1])
            for stripe in pyramid.stripes:
                _execute_stripe(slide, coding, was, stripe, pyramid, pool, writer, tally, progress, cancelled)
            pyramid.finish()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        _write_small_levels(writer, grid, pyramid, codings)
        writer.put_thumbnail(codings.thumbnail.encode(_thumbnail(pyramid.overview())))
        icc_profile = None if slide.icc_profile is None else scrub_profile(slide.icc_profile)
        description = writer.finish(
            Facts(
                size=grid.size,
                tile_size_px=grid.tile_size_px,
                mpp=slide.mpp,
                objective_power=slide.objective_power,
                icc_profile=icc_profile,
                l0_photometric=coding.photometric,
                l0_sampling=coding.sampling,
                l0_carriage=slide.carriage,
                reduced_qualities=codings.qualities,
                l0_quality=L0_CODING.quality if slide.carriage is Carriage.ENCODED else None,
                source_format=slide.format_name,
                remarks=slide.remarks,
            )
        )
    return Executed(
        description,
        icc_profile,
        tally.missing,
        frozenset(tally.damaged),
        tally.recoded_edges,
        masked_tiles,
        None if picture_side_px is None else was.whole(pyramid.picture()),
    )


def stop_if(is_cancelled: bool) -> None:
    """Raises ConversionCancelled."""
    if is_cancelled:
        raise ConversionCancelled("the conversion was cancelled")


def _execute_stripe(
    slide: Slide,
    coding: BaseCoding,
    was: AsItWas,
    stripe: Stripe,
    pyramid: Pyramid,
    pool: ThreadPoolExecutor,
    writer: CanonicalWriter,
    tally: _Tally,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> None:
    grid, own = slide.grid, stripe.own_tiles(0)
    part = pyramid.start(stripe)
    cols = stripe.read_tiles(part.base.columns)
    pending = _start_row(slide, coding, was, 0, cols, part, pool)
    for row in range(grid.rows):
        tiles: list[BaseTile] = []
        for done in in_order(pending):
            tiles += done
            progress(tally.done + len(own) * len(tiles) // len(cols), grid.count)
            stop_if(cancelled())
        part.base.publish(row)
        if row + 1 < grid.rows:
            pending = _start_row(slide, coding, was, row + 1, cols, part, pool)
        written = tiles[own.start - cols.start : own.stop - cols.start]
        writer.put_tiles(0, own.start, row, [tile.encoded for tile in written])
        for col, tile in zip(own, written, strict=True):
            tally.add(row * grid.cols + col, tile)
        tally.check(grid.count)
        part.advance()


def _start_row(
    slide: Slide,
    coding: BaseCoding,
    was: AsItWas,
    row: int,
    cols: range,
    part: StripePyramid,
    pool: ThreadPoolExecutor,
) -> list[Future[list[BaseTile]]]:
    pixels = part.base.tile_row(row)
    side = slide.grid.tile_size_px
    return [
        pool.submit(
            _read_part,
            slide,
            coding,
            was,
            row,
            range(first, min(cols.stop, first + _TILES_PER_TASK)),
            pixels[:, (first - cols.start) * side : (first - cols.start + _TILES_PER_TASK) * side],
        )
        for first in range(cols.start, cols.stop, _TILES_PER_TASK)
    ]


def _read_part(
    slide: Slide, coding: BaseCoding, was: AsItWas, row: int, cols: range, pixels: Pixels
) -> list[BaseTile]:
    """Read neighbouring tiles of a row, and put their pixels where the pyramid wants them."""
    side = slide.grid.tile_size_px
    scratch = np.empty((side, side, 3), np.uint8)
    tiles = []
    for place, col in enumerate(cols):
        tile = read_base_tile(slide, coding, col, row, scratch)
        if was.is_masked(col, row):
            was.remember(col, row, scratch)
            tile = masked_base_tile(slide, coding, col, row)
            scratch[:] = WHITE
        tiles.append(tile)
        target = pixels[:, place * side : (place + 1) * side]
        target[:] = scratch[: target.shape[0], : target.shape[1]]
    return tiles


def _write_small_levels(writer: CanonicalWriter, grid: TileGrid, pyramid: Pyramid, codings: Codings) -> None:
    """The Deep Zoom levels below the pyramid, down to one pixel."""
    sizes = deepzoom_sizes(grid.size)
    small = len(sizes) - len(pyramid_sizes(grid.size, grid.tile_size_px))
    for dz_level, size in enumerate(sizes[:small]):
        writer.put_small_level(dz_level, codings.levels[-1].encode(pyramid.whole(size)))


def _thumbnail(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    scale = min(1.0, _THUMBNAIL_SIDE_PX / max(width, height))
    return shrink(pixels, max(1, round(width * scale)), max(1, round(height * scale)))
