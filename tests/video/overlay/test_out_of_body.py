"""Stretches outside of the body are found; what belongs to an operation is left alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.video.overlay.rooms import (
    HEIGHT,
    WALLS,
    WIDTH,
    Small,
    gauze,
    in_light,
    room,
    signs_of_all,
    smoke,
    tissue,
)
from video.overlay.out_of_body import SIGN_COUNT, Outside, is_inside_body, out_of_body, signs_of

_NARROW_BAND = ((0.0, 0.55, 0.0), (0.0, 0.9, 0.0), (0.0, 0.25, 1.1))
_GREEN_DYE = ((0.12, 0.0, 0.0), (0.9, 0.0, 0.0), (0.15, 0.0, 0.0))
_BLUE_DYE = ((0.5, 0.0, 0.0), (0.0, 0.8, 0.0), (0.9, 0.0, 0.0))


def _plain(signs: np.ndarray, shortest_frames: int = 25) -> list[tuple[int, int]]:
    found = out_of_body(signs, shortest_frames)
    return [(stretch.first_frame, stretch.last_frame) for stretch in found if stretch.is_plain]


@pytest.mark.parametrize("wall", list(WALLS))
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_stretch_in_the_room_is_found_to_the_frame(wall: str, seed: int) -> None:
    found = _plain(signs_of_all(tissue(150), room(80, seed, wall), tissue(150, 2)))
    assert len(found) == 1
    ((first, last),) = found
    assert 150 <= first <= 158
    assert 221 <= last <= 229


def test_at_the_end_and_at_the_beginning_of_a_clip_too() -> None:
    found = _plain(signs_of_all(room(60), tissue(200), room(60, 2)))
    assert [first for first, _ in found] == [0, 260]
    assert [last for _, last in found] == [59, 319]


def test_two_stretches_stay_two() -> None:
    found = _plain(signs_of_all(tissue(150), room(40), tissue(80), room(40, 2), tissue(150)))
    assert len(found) == 2


def test_the_dark_way_out_through_the_trocar_belongs_to_the_stretch() -> None:
    black = [np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 15
    found = _plain(signs_of_all(tissue(150), black, room(60), tissue(150)))
    assert found == [(150, 224)]


def test_a_glance_is_no_stretch() -> None:
    signs = signs_of_all(tissue(150), room(20), tissue(150))
    assert out_of_body(signs) == ()
    assert len(_plain(signs, shortest_frames=12)) == 1


@pytest.mark.parametrize(
    "between",
    [
        smoke(tissue(60), 0.5),
        smoke(tissue(60), 0.9),
        gauze(60),
        [np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 60,
        [np.full((HEIGHT, WIDTH, 3), 255, np.uint8)] * 60,
        in_light(tissue(60), _NARROW_BAND),
        in_light(tissue(60), _GREEN_DYE),
        in_light(tissue(60), _BLUE_DYE),
    ],
    ids=["smoke", "dense smoke", "gauze", "black", "white", "narrow band", "green dye", "blue dye"],
)
def test_what_belongs_to_an_operation_is_no_room(between: list[Small]) -> None:
    assert _plain(signs_of_all(tissue(150), between, tissue(150))) == []


def test_a_clip_that_shows_the_room_for_the_most_part_is_left_to_the_reviewer() -> None:
    assert out_of_body(signs_of_all(room(200), tissue(60))) == (Outside(0, 199, is_plain=False),)


def test_people_in_warm_light_are_for_the_reviewer_to_judge() -> None:
    warm = in_light(room(60), ((1.1, 0.0, 0.0), (0.05, 0.9, 0.0), (0.0, 0.1, 0.75)))
    (stretch,) = out_of_body(signs_of_all(tissue(150), warm, tissue(150)))
    assert not stretch.is_plain
    assert stretch.first_frame <= 151
    assert stretch.last_frame >= 208


def test_a_clip_without_any_tissue_is_no_operation() -> None:
    assert out_of_body(signs_of_all(room(200))) == ()


def test_without_frames_there_is_nothing() -> None:
    assert out_of_body(np.zeros((0, SIGN_COUNT), np.float32)) == ()


def test_tissue_is_plainly_inside_and_a_room_is_not() -> None:
    assert all(is_inside_body(signs_of(frame)) for frame in tissue(5))
    assert not any(is_inside_body(signs_of(frame)) for frame in room(5))


@settings(max_examples=30, deadline=None)
@given(st.tuples(st.integers(1, 96), st.integers(1, 96)), st.integers(0, 2**32 - 1))
def test_signs_of_any_picture_are_finite(size: tuple[int, int], seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8)
    signs = signs_of(picture)
    assert signs.shape == (SIGN_COUNT,)
    assert signs.dtype == np.float32
    assert np.isfinite(signs).all()
    assert (signs[:5] >= 0).all()
    assert (signs[:5] <= 1).all()


@settings(max_examples=40, deadline=None)
@given(
    arrays(
        np.float32, st.tuples(st.integers(0, 60), st.just(SIGN_COUNT)), elements=st.floats(0, 1, width=32)
    ),
    st.integers(1, 30),
)
def test_stretches_are_in_order_apart_and_within_the_clip(signs: np.ndarray, shortest_frames: int) -> None:
    before = -1
    for stretch in out_of_body(signs, shortest_frames):
        assert before < stretch.first_frame <= stretch.last_frame < len(signs)
        assert stretch.last_frame - stretch.first_frame + 1 >= shortest_frames
        before = stretch.last_frame
