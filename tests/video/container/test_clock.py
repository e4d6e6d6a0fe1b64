"""Times of frames from stamps of every kind."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from video.formats.container.clock import Clock

BASE = Fraction(1, 1000)
STAMPS = st.none() | st.integers(-(2**40), 2**40)


def times(stamps: list[tuple[int | None, int | None]], nominal_frame_s: float = 0.04) -> list[float]:
    clock = Clock(BASE, nominal_frame_s)
    return [clock.time_s(clock.stamp(pts, dts)) for pts, dts in stamps]


def test_times_are_seconds_since_the_first_frame() -> None:
    assert times([(1_000, None), (1_040, None), (1_100, None)]) == [0.0, 0.04, 0.1]


def test_a_stamp_that_falls_keeps_the_time_before_it_and_is_counted() -> None:
    clock = Clock(BASE, 0.04)
    assert [clock.time_s(stamp) for stamp in (0, 40, 30, 80)] == [0.0, 0.04, 0.04, 0.08]
    assert clock.fallen_count == 1
    assert clock.guessed_count == 0


def test_two_frames_of_one_time_stay_so() -> None:
    assert times([(0, None), (40, None), (40, None)]) == [0.0, 0.04, 0.04]


def test_frames_without_a_stamp_at_the_beginning_follow_at_the_nominal_rate() -> None:
    assert times([(None, None)] * 3) == [0.0, 0.04, 0.08]
    clock = Clock(BASE, 0.04)
    assert [clock.time_s(stamp) for stamp in (0, None, 80)] == [0.0, 0.04, 0.08]
    assert clock.guessed_count == 1


def test_a_frame_without_a_stamp_keeps_the_pace_of_those_before() -> None:
    assert times([(0, None), (100, None), (None, None), (300, None)]) == [0.0, 0.1, 0.2, 0.3]


def test_the_decoding_stamp_is_believed_once_the_other_misbehaves_more_often() -> None:
    """AVI with B-frames: stamps of presentation that stand still."""
    assert times([(0, 0), (0, 40), (0, 80), (0, 120)]) == [0.0, 0.04, 0.08, 0.12]


def test_a_leap_beyond_all_bounds_is_a_damaged_stamp() -> None:
    clock = Clock(BASE, 0.04, longest_s=48 * 3600.0)
    assert [clock.time_s(stamp) for stamp in (0, 40, 1 << 40, 120)] == [0.0, 0.04, 0.08, 0.12]
    assert clock.guessed_count == 1


def test_a_recording_that_is_truly_too_long_goes_beyond_the_bound() -> None:
    clock = Clock(BASE, 0.04, longest_s=10.0)
    assert [clock.time_s(stamp) for stamp in (0, 6_000, 12_000)] == [0.0, 6.0, 12.0]


@given(st.lists(st.tuples(STAMPS, STAMPS), min_size=1))
def test_time_begins_at_0_and_never_falls(stamps: list[tuple[int | None, int | None]]) -> None:
    result = times(stamps)
    assert result[0] == 0.0
    assert result == sorted(result)
