"""Grids and pyramids: every pixel once, every level half of the one above."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tiling.geometry import Size, TileGrid, deepzoom_sizes, pyramid_sizes

sides = st.integers(1, 700)
tile_sides = st.sampled_from([16, 48, 64, 240, 256, 512])
large_sides = st.integers(1, 2**20)


@given(sides, sides, tile_sides)
def test_the_tiles_of_a_grid_cover_each_pixel_once(width: int, height: int, side: int) -> None:
    grid = TileGrid(Size(width, height), side)
    seen = np.zeros((height, width), np.uint8)
    for place in grid:
        region = grid.region(place.x, place.y)
        x, y, size = region.origin.x, region.origin.y, region.size
        assert size.width_px > 0 and size.height_px > 0
        seen[y : y + size.height_px, x : x + size.width_px] += 1
        is_full = (size.width_px, size.height_px) == (side, side)
        assert grid.is_whole(place.x, place.y) == is_full
    assert (seen == 1).all()
    assert grid.count == grid.cols * grid.rows == sum(1 for _ in grid)


@given(large_sides, large_sides)
def test_deep_zoom_levels_halve_and_round_up_to_a_single_pixel(width: int, height: int) -> None:
    sizes = deepzoom_sizes(Size(width, height))
    assert sizes[0] == Size(1, 1)
    assert sizes[-1] == Size(width, height)
    for small, large in pairwise(sizes):
        assert small.width_px == (large.width_px + 1) // 2
        assert small.height_px == (large.height_px + 1) // 2
    # Deep Zoom's own definition of the number of levels: ceil(log2(longest side)) + 1
    assert len(sizes) == (max(width, height) - 1).bit_length() + 1


@given(large_sides, large_sides, tile_sides)
def test_the_pyramid_ends_with_the_first_level_that_fits_in_a_tile(
    width: int, height: int, side: int
) -> None:
    sizes = pyramid_sizes(Size(width, height), side)
    assert sizes == tuple(reversed(deepzoom_sizes(Size(width, height))))[: len(sizes)]
    assert sizes[-1].fits_in(side)
    assert not any(size.fits_in(side) for size in sizes[:-1])
