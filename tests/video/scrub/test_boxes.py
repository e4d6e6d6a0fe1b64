"""Rectangles: what they share, and which become one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground.finding import Box
from video.scrub.boxes import fused, share_within, widened

_SIDES = st.tuples(st.integers(0, 60), st.integers(1, 30))
_BOXES = st.builds(lambda x, y: Box(x[0], y[0], x[0] + x[1], y[0] + y[1]), _SIDES, _SIDES)


@given(boxes=st.lists(st.tuples(_BOXES, st.floats(0, 1)), max_size=12))
def test_what_was_covered_stays_covered_and_the_best_score_stays(boxes: list[tuple[Box, float]]) -> None:
    together = fused(boxes)
    assert len(together) <= len(boxes)
    for box, score in boxes:
        assert any(
            other.x0 <= box.x0 and other.y0 <= box.y0 and box.x1 <= other.x1 and box.y1 <= other.y1
            and score <= best
            for other, best in together
        )  # fmt: skip


def test_boxes_far_apart_stay_two_and_the_same_box_twice_is_one() -> None:
    one, other = Box(0, 0, 10, 10), Box(50, 50, 60, 60)
    assert fused([(one, 0.5), (other, 0.6), (one, 0.9)]) == [(one, 0.9), (other, 0.6)]


@pytest.mark.parametrize(
    ("box", "mask", "share"),
    [
        (Box(0, 0, 10, 10), Box(0, 0, 10, 10), 1.0),
        (Box(0, 0, 10, 10), Box(5, 0, 20, 10), 0.5),
        (Box(0, 0, 10, 10), Box(10, 0, 20, 10), 0.0),
        (Box(0, 0, 10, 10, 0, 9), Box(0, 0, 10, 10, 5, 100), 0.5),
        (Box(0, 0, 10, 10, 0, 9), Box(0, 0, 10, 10), 1.0),
        (Box(0, 0, 10, 10), Box(0, 0, 10, 10, 20, 30), 0.0),
    ],
)
def test_a_box_lies_within_a_mask_to_a_share(box: Box, mask: Box, share: float) -> None:
    assert share_within(box, mask) == pytest.approx(share, abs=1e-6)


def test_a_box_is_widened_as_far_as_the_frame_goes() -> None:
    assert widened(Box(2, 20, 30, 47, 1, 5), 6, 64, 48) == Box(0, 14, 36, 48, 1, 5)
