"""Slides that are too wide for memory are made stripe by stripe, to the same tiles."""

import tracemalloc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiling.svs_files import tissue
from tiling.canonical.coder import Coder, Thrift
from tiling.canonical.entropy import Frequencies
from tiling.canonical.pyramid import EncodedTile, Pyramid
from tiling.canonical.quantise import Quantisation
from tiling.canonical.rate import Codings
from tiling.canonical.stripes import Stripe, plan_stripes
from tiling.geometry import Size, TileGrid, ceil_div, pyramid_sizes
from tiling.model import Pixels

_MEBIBYTE = 1 << 20


def codings() -> Codings:
    coder = Coder(Thrift.to_begin_with(Quantisation(8, 8, 0.1)), Frequencies.none())
    return Codings((coder,), coder)


class Sink:
    """Counts tiles, and keeps what it is told to."""

    def __init__(self, *, keeps: bool) -> None:
        self.tiles: dict[tuple[int, int, int], EncodedTile] = {}
        self.count = 0
        self._keeps = keeps

    def put_tiles(self, level: int, first_col: int, row: int, tiles: Sequence[EncodedTile]) -> None:
        for col, tile in enumerate(tiles, start=first_col):
            assert (level, col, row) not in self.tiles
            self.count += 1
            if self._keeps:
                self.tiles[level, col, row] = tile


def make(pixels: Pixels, side_px: int, stripes: Sequence[Stripe], sink: Sink) -> Pixels:
    """Run the pyramid; returns the overview."""
    height, width = pixels.shape[:2]
    with ThreadPoolExecutor(2) as pool:
        pyramid = Pyramid(Size(width, height), side_px, codings(), pool, sink, stripes)
        for stripe in pyramid.stripes:
            part = pyramid.start(stripe)
            columns = part.base.columns
            for row in range(ceil_div(height, side_px)):
                target = part.base.tile_row(row)
                top = row * side_px
                target[:] = pixels[top : top + len(target), columns.start : columns.stop]
                part.base.publish(row)
                part.advance()
        pyramid.finish()
        return pyramid.overview().copy()


@pytest.mark.parametrize(
    ("width_px", "height_px", "side_px"), [(1999, 113, 32), (1030, 300, 16), (90, 700, 16)]
)
def test_every_way_to_cut_a_slide_gives_the_same_tiles(width_px: int, height_px: int, side_px: int) -> None:
    pixels, size = tissue(width_px, height_px), Size(width_px, height_px)
    sizes = pyramid_sizes(size, side_px)
    whole = Sink(keeps=True)
    overview = make(pixels, side_px, plan_stripes(size, side_px), whole)
    every = {
        (level, place.x, place.y)
        for level in range(1, len(sizes))
        for place in TileGrid(sizes[level], side_px)
    }
    assert set(whole.tiles) == every
    for top in range(1, len(sizes) - 1):
        stripes = [Stripe(n, top, side_px, size) for n in range(ceil_div(width_px, side_px << top))]
        striped = Sink(keeps=True)
        assert np.array_equal(make(pixels, side_px, stripes, striped), overview)
        assert striped.tiles == whole.tiles


@given(
    width_px=st.integers(1, 1_000_000),
    height_px=st.integers(1, 200_000),
    side_px=st.sampled_from([16, 240, 256, 512, 1024]),
    most_bytes=st.integers(1 << 16, 1 << 30),
)
@settings(max_examples=60, deadline=None)
def test_stripes_share_out_every_tile_and_hold_what_the_filter_needs(
    width_px: int, height_px: int, side_px: int, most_bytes: int
) -> None:
    size = Size(width_px, height_px)
    sizes = pyramid_sizes(size, side_px)
    stripes = plan_stripes(size, side_px, most_bytes)
    top = stripes[0].top_level
    for level in range(top + 1):
        tiles = [tile for stripe in stripes for tile in stripe.own_tiles(level)]
        assert tiles == list(range(TileGrid(sizes[level], side_px).cols))
    for stripe in [*stripes[:3], *stripes[-3:]]:
        for level in range(1, top + 1):
            held, above = stripe.held_columns(level), stripe.held_columns(level - 1)
            own = stripe.own_columns(level)
            assert held.start <= own.start <= own.stop <= held.stop
            assert above.start <= max(0, 2 * held.start - 2)
            assert above.stop >= min(sizes[level - 1].width_px, 2 * held.stop + 2)


@pytest.mark.parametrize(("side_px", "most_mebibytes"), [(240, 700), (1024, 800)])
def test_a_slide_a_million_pixels_wide_is_planned_within_memory(side_px: int, most_mebibytes: int) -> None:
    for height_px in (1_000, 40_000, 100_000):
        stripes = plan_stripes(Size(1_000_000, height_px), side_px)
        widest = max(len(stripe.held_columns(0)) for stripe in stripes)
        picture_px = pyramid_sizes(Size(1_000_000, height_px), side_px)[stripes[0].top_level].pixel_count
        assert 3 * (3.4 * side_px * widest + picture_px) < most_mebibytes * _MEBIBYTE


def test_memory_does_not_grow_with_the_width() -> None:
    """Four times as wide, no more memory: measured, with a limit that small slides reach."""
    peaks = []
    side_px, height_px, most_bytes = 64, 70, 1 << 20
    codings()  # what is made once is not counted
    for width_px in (8_000, 32_000):
        size = Size(width_px, height_px)
        pixels = np.broadcast_to(np.uint8(200), (height_px, width_px, 3))
        sink = Sink(keeps=False)
        tracemalloc.start()
        make(pixels, side_px, plan_stripes(size, side_px, most_bytes), sink)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert sink.count == sum(TileGrid(each, side_px).count for each in pyramid_sizes(size, side_px)[1:])
    assert peaks[1] < peaks[0] * 1.5
    assert peaks[1] < 8 * most_bytes
