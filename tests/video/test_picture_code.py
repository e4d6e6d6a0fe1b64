"""The ruler by which frames are told apart must not err itself."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.video.picture_code import BITS, UnreadableCodeError, draw_code, read_code, stamp_code

NUMBERS = st.integers(0, (1 << BITS) - 1)


@given(NUMBERS, st.integers(64, 300), st.integers(48, 300))
def test_what_was_drawn_is_read(number: int, width_px: int, height_px: int) -> None:
    assert read_code(draw_code(number, width_px, height_px)) == number


@given(NUMBERS)
def test_it_is_read_after_jpeg_and_scaling(number: int) -> None:
    picture = draw_code(number, 160, 120)
    small = cv2.resize(picture, (80, 60), interpolation=cv2.INTER_AREA)
    large = cv2.resize(picture, (401, 299), interpolation=cv2.INTER_LINEAR)
    coded = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR)
    assert [read_code(np.asarray(each, np.uint8)) for each in (small, large, coded)] == [number] * 3


def test_it_is_read_in_luma_alone() -> None:
    luma = np.full((120, 160), 128, np.uint8)
    stamp_code(luma, 77)
    assert read_code(luma) == 77


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_without_a_code_is_not_read_as_one(level: int) -> None:
    with pytest.raises(UnreadableCodeError):
        read_code(np.full((120, 160), level, np.uint8))


@given(NUMBERS, st.integers(0, 31))
def test_one_wrong_cell_is_noticed(number: int, cell: int) -> None:
    picture = draw_code(number, 160, 120)
    row, column = divmod(cell, 8)
    place = picture[row * 10 : row * 10 + 10, (column + 1) * 16 : (column + 2) * 16]
    place[:] = 235 if place[5, 8, 0] == 16 else 16
    with pytest.raises(UnreadableCodeError):
        read_code(picture)
