"""Pictures that are looked at together are seen each for itself, whatever their sizes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground.picture_text import TextBox
from tests.tiling.finders import INK, FakeInkFinder
from tests.tiling.svs_files import Pixels
from tiling.macro.sheet import Placed, lay_out
from tiling.macro.writing import find_writing

sizes = st.tuples(st.integers(1, 900), st.integers(1, 2_100))


def picture(height: int, width: int, *, grey: int = 225) -> Pixels:
    return np.full((height, width, 3), grey, np.uint8)


@given(st.lists(sizes, min_size=1, max_size=6))
def test_each_picture_lies_once_on_a_sheet_and_none_touches_another(shapes: list[tuple[int, int]]) -> None:
    sheets = lay_out([picture(*shape, grey=number) for number, shape in enumerate(shapes)])
    placed = [one for sheet in sheets for one in sheet.placed]
    assert sorted(one.number for one in placed) == list(range(len(shapes)))
    for sheet in sheets:
        taken = np.zeros(sheet.pixels.shape[:2], np.uint8)
        for one in sheet.placed:
            here = np.s_[one.y0 : one.y0 + one.height_px, one.x0 : one.x0 + one.width_px]
            assert (one.height_px, one.width_px) == shapes[one.number]
            assert (sheet.pixels[here] == one.number).all()
            around = np.s_[max(0, one.y0 - 20) : here[0].stop + 20, max(0, one.x0 - 20) : here[1].stop + 20]
            assert not taken[around].any()
            taken[here] = 1


def test_a_sheet_is_not_larger_than_what_is_looked_at_in_a_second() -> None:
    sheets = lay_out([picture(1_300, 1_300) for _ in range(4)])
    assert [len(sheet.placed) for sheet in sheets] == [1, 1, 1, 1]
    assert len(lay_out([picture(400, 400) for _ in range(6)])) == 1


def test_a_box_belongs_to_a_picture_as_far_as_it_lies_in_it() -> None:
    placed = Placed(0, 100, 50, 200, 80)
    assert placed.own(TextBox(90, 60, 150, 200, 0.5)) == TextBox(0, 10, 50, 80, 0.5)
    assert placed.own(TextBox(0, 0, 100, 60, 0.5)) is None


@pytest.mark.parametrize("place", [(2, 3), (200, 30), (100, 350)])
def test_what_is_written_is_found_where_it_is_in_each_picture(place: tuple[int, int]) -> None:
    top, left = place
    written = picture(300, 420)
    written[top : top + 20, left : left + 60] = INK
    empty = picture(500, 310)
    clean, found, also_clean = find_writing([empty, written, empty], FakeInkFinder())
    assert not clean
    assert not also_clean
    (box,) = found
    assert box.x0 <= left
    assert box.x1 >= left + 60
    assert box.y0 <= top
    assert box.y1 >= top + 20
    assert (box.x1 - box.x0) * (box.y1 - box.y0) < 4 * 20 * 60


def test_looking_can_be_stopped() -> None:
    class StoppedError(Exception):
        pass

    def stop() -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        find_writing([picture(300, 420)], FakeInkFinder(), stop)
