"""The sector is what moves as tissue does, whatever else moves on the screen."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.video.overlay.loops import (
    HEIGHT,
    WIDTH,
    Draw,
    Rgb,
    area,
    banner,
    blinking,
    clock,
    dice,
    fan,
    loop,
    rectangle,
    text,
    trace,
    window_of,
)
from video.overlay.motion import moving_hull

_SHAPES = {
    "phased": fan(),
    "curved": fan((320, -60), 470, 32, inner=150),
    "narrow": fan((320, 60), 330, 25),
    "wide": fan((320, 40), 300, 60),
    "linear": rectangle(140, 60, 500, 420),
    "small": fan((200, 100), 160, 40),
}
_MACHINE: tuple[Draw, ...] = (
    banner(),
    text("MI 1.2", 20, 80),
    text("S5-1 49Hz 16cm", 10, 120),
    clock(480, 70),
    trace(455),
    blinking("FREEZE", 20, 440),
)


def _convex(sector: Rgb) -> Rgb:
    points = np.stack(np.nonzero(sector)[::-1], axis=1).astype(np.int32)
    filled = np.zeros_like(sector)
    cv2.fillConvexPoly(filled, cv2.convexHull(points), 1)
    return filled


def _found(frames: list[Rgb]) -> Rgb:
    hull = moving_hull(window_of(frames))
    assert hull is not None
    assert 3 <= len(hull) <= 64
    assert all(0 <= x < WIDTH and 0 <= y < HEIGHT for x, y in hull)
    return area(hull)


@pytest.mark.parametrize("shape", list(_SHAPES))
@pytest.mark.parametrize("overlays", [(), _MACHINE], ids=["bare", "written around"])
def test_the_hull_covers_the_sector_and_little_else(shape: str, overlays: tuple[Draw, ...]) -> None:
    sector = _SHAPES[shape]
    found = _found(loop(sector, overlays))
    assert (found & sector).sum() >= 0.985 * sector.sum()
    assert dice(found, _convex(sector)) >= 0.88


@pytest.mark.parametrize("quality", [50, 80])
def test_coding_noise_around_words_is_no_motion(quality: int) -> None:
    found = _found(loop(fan(), _MACHINE, jpeg_quality=quality))
    assert (found & fan()).sum() >= 0.985 * fan().sum()
    assert dice(found, _convex(fan())) >= 0.9


@pytest.mark.parametrize(
    "overlay",
    [
        clock(20, 470, 1.2),
        trace(455, 20),
        blinking("PATIENT DOE, JANE *1969", 20, 22, 1.0),
        clock(480, 40, 0.8),
    ],
    ids=["large clock", "trace", "blinking name", "clock"],
)
def test_what_moves_apart_from_the_sector_stays_out_of_it(overlay: Draw) -> None:
    assert dice(_found(loop(fan(), [overlay])), _convex(fan())) >= 0.93


def test_a_banner_that_touches_the_sector_is_not_taken_for_tissue() -> None:
    found = _found(loop(rectangle(140, 60, 500, 420), [banner(62)]))
    assert found[:45].mean() < 0.05


def test_a_sector_that_is_cut_by_the_frames_lower_edge_is_no_banner() -> None:
    sector = fan((320, 20), 520, 48)
    assert sector[-1].mean() > 0.7
    found = _found(loop(sector))
    assert (found & sector).sum() >= 0.985 * sector.sum()


def test_a_part_of_the_sector_that_happens_not_to_move_is_kept() -> None:
    frames = loop(fan())
    for frame in frames:
        frame[200:330, 230:420] = frames[0][200:330, 230:420]
        frame[30:110] = frames[0][30:110]
    assert (_found(frames) & fan()).sum() >= 0.985 * fan().sum()


def test_tissue_beyond_a_dark_gap_belongs_to_the_sector() -> None:
    frames = loop(fan())
    for frame in frames:
        frame[100:140] = 0
    assert (_found(frames) & fan()).sum() >= 0.985 * fan().sum()


def test_a_sector_that_is_nearly_black_is_found_by_faint_changes() -> None:
    sector = fan()
    found = _found(loop(sector, [banner(), text("MI 1.2", 20, 80)], brightness=0.12, frames=40))
    assert (found & sector).sum() >= 0.95 * sector.sum()
    assert found[:35].sum() < 500


def test_in_a_loop_that_stands_still_nothing_moves() -> None:
    frame = loop(fan(), _MACHINE, frames=1)[0]
    assert moving_hull(window_of([frame] * 6)) is None


def test_noise_of_a_coder_alone_is_no_sector() -> None:
    random = np.random.default_rng(3)
    still = loop(fan(), [banner()], frames=1)[0].astype(np.int16)
    noisy = [np.clip(still + random.integers(-2, 3, still.shape), 0, 255).astype(np.uint8) for _ in range(8)]
    assert moving_hull(window_of(noisy)) is None


def test_a_clock_alone_is_no_sector() -> None:
    assert moving_hull(window_of(loop(rectangle(0, 0, 0, 0), [clock(300, 200)]))) is None


def test_a_moving_trace_beside_a_frozen_picture_does_not_blank_the_picture() -> None:
    frozen = loop(fan(), frames=1)[0]
    frames = [frozen.copy() for _ in range(8)]
    for number, frame in enumerate(frames):
        trace(455)(frame, number)
    assert moving_hull(window_of(frames)) is None


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 64), st.integers(1, 64), st.integers(0, 2**32 - 1), st.booleans())
def test_any_frames_give_a_hull_within_the_frame_or_none(
    width: int, height: int, seed: int, is_noise: bool
) -> None:
    random = np.random.default_rng(seed)
    high = 256 if is_noise else 2
    frames = [random.integers(0, high, (height, width, 3)).astype(np.uint8) for _ in range(3)]
    hull = moving_hull(window_of(frames))
    assert hull is None or all(0 <= x < width and 0 <= y < height for x, y in hull)
