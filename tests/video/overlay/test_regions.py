"""Declared regions that cannot be of this picture are not believed."""

import pytest

from tests.video.overlay.loops import region
from video.overlay.regions import declared_regions

_SECTOR = region(80, 40, 500, 420)


def test_a_region_within_the_frame_is_believed() -> None:
    assert declared_regions([_SECTOR], 640, 480) == (_SECTOR,)


def test_without_regions_there_is_nothing_to_go_by() -> None:
    assert declared_regions([], 640, 480) is None


@pytest.mark.parametrize(
    "box", [(80, 40, 641, 420), (80, 40, 500, 481), (-1, 40, 500, 420), (500, 40, 80, 420)]
)
def test_a_region_beyond_the_frame_is_not_believed(box: tuple[int, int, int, int]) -> None:
    assert declared_regions([region(*box)], 640, 480) is None


@pytest.mark.parametrize("box", [(0, 0, 640, 480), (4, 2, 640, 470), (0, 24, 640, 480)])
def test_a_region_of_nearly_all_of_the_frame_says_nothing(box: tuple[int, int, int, int]) -> None:
    assert declared_regions([region(*box)], 640, 480) is None


def test_a_region_of_the_whole_screen_does_not_hide_the_real_one_beside_it() -> None:
    screen = region(0, 32, 640, 464, spatial_format=0, data_type=0)
    assert declared_regions([screen, _SECTOR], 640, 480) == (_SECTOR,)


def test_a_region_of_nothing_is_not_believed_even_where_it_is_small() -> None:
    assert declared_regions([region(80, 40, 500, 420, spatial_format=0, data_type=0)], 640, 480) is None


def test_a_region_of_one_column_is_not_believed() -> None:
    assert declared_regions([region(743, 100, 744, 200, 4, 10)], 800, 600) is None


def test_a_colour_bar_is_known_though_it_has_no_format() -> None:
    bar = region(32, 40, 64, 104, spatial_format=0, data_type=0x0D)
    assert declared_regions([bar], 640, 480) == (bar,)
