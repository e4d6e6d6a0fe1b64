"""Pieces of text become lines that reach as far as their strokes do."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ground.picture_text import TextBox
from ground.ppocr_lines import lines, share_inside, with_ends, without_inner

HEIGHT_PX, WIDTH_PX = 60, 200
boxes = st.builds(
    lambda x, y, width, height, score: TextBox(x, y, x + width, y + height, score),
    st.integers(0, WIDTH_PX - 2),
    st.integers(0, HEIGHT_PX - 2),
    st.integers(1, 80),
    st.integers(1, 30),
    st.floats(0, 1),
)


@given(st.lists(boxes, max_size=12))
def test_lines_cover_every_piece_and_stay_within_the_picture(pieces: list[TextBox]) -> None:
    found = lines(pieces, np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8))
    covered = np.zeros((HEIGHT_PX, WIDTH_PX), np.bool_)
    for box in found:
        assert 0 <= box.x0 < box.x1 <= WIDTH_PX
        assert 0 <= box.y0 < box.y1 <= HEIGHT_PX
        covered[box.y0 : box.y1, box.x0 : box.x1] = True
    for piece in pieces:
        assert covered[piece.y0 : piece.y1, piece.x0 : piece.x1].all()


@given(st.lists(boxes, max_size=12))
def test_no_box_lies_in_another_and_no_score_is_lost(pieces: list[TextBox]) -> None:
    kept = without_inner(pieces)
    assert not any(one is not other and share_inside(one, other) == 1.0 for one in kept for other in kept)
    assert max((box.score for box in kept), default=0) == max((box.score for box in pieces), default=0)


def test_two_words_of_a_line_are_one_box_and_two_lines_are_two() -> None:
    words = [TextBox(10, 10, 50, 22, 0.9), TextBox(56, 11, 90, 23, 0.8), TextBox(10, 30, 90, 42, 0.7)]
    found = lines(words, np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8))
    assert found == (TextBox(10, 10, 90, 23, 0.9), TextBox(10, 30, 90, 42, 0.7))


def test_a_line_is_lengthened_where_its_strokes_go_on_and_only_there() -> None:
    strokes = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    strokes[20:32, 40:106:3] = 200
    (box,) = lines([TextBox(40, 20, 100, 32, 0.9)], strokes)
    assert (box.x0, box.x1) == (40, 106)


def test_a_line_is_given_room_at_its_ends_as_far_as_the_picture_goes() -> None:
    upright, low = TextBox(20, 2, 32, 50, 0.9), TextBox(1, 40, 120, 52, 0.9)
    found = with_ends([upright, low], WIDTH_PX, HEIGHT_PX)
    assert found == (TextBox(20, 0, 32, 53, 0.9), TextBox(0, 40, 123, 52, 0.9))
