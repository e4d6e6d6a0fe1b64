"""Several things at the same time: in order, told of, and over at once when one fails or somebody says so."""

import threading
import time

import pytest

from video.errors import ConversionCancelled
from video.scrub.course import Course


def _course(told: list[tuple[int, int]] | None = None, *, workers: int = 2) -> Course:
    return Course(
        lambda *step: None if told is None else told.append(step), cancelled=lambda: False, workers=workers
    )


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_results_are_in_order_and_all_frames_are_told_of(workers: int) -> None:
    told: list[tuple[int, int]] = []
    found = _course(told, workers=workers).each(lambda item: item**2, range(20), 500)
    assert found == [item**2 for item in range(20)]
    assert told == sorted(told)
    assert told[-1] == (500, 500)


def test_never_more_than_two_are_under_way() -> None:
    lock, both = threading.Lock(), threading.Barrier(2)
    under_way, most = 0, 0

    def do(item: int) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        both.wait(timeout=60)
        with lock:
            under_way -= 1

    _course(workers=8).each(do, range(6), 6)
    assert most == 2


def test_after_a_failure_nothing_new_is_begun() -> None:
    done = []

    def do(item: int) -> None:
        done.append(item)
        if item == 0:
            raise KeyError(item)
        time.sleep(0.01)

    with pytest.raises(KeyError):
        _course(workers=1).each(do, range(1000), 1000)
    assert len(done) < 1000


def test_while_something_is_under_way_it_can_be_cancelled() -> None:
    is_cancelled = threading.Event()
    done = []

    def do(item: int) -> None:
        done.append(item)
        is_cancelled.set()

    course = Course(lambda *step: None, is_cancelled.is_set)
    with pytest.raises(ConversionCancelled):
        course.each(do, range(1000), 1000)
    assert done
    with pytest.raises(ConversionCancelled):
        course.each(done.append, range(1), 1)


def test_a_share_tells_of_the_whole() -> None:
    told: list[tuple[int, int]] = []
    first, second = _course(told).share(0.0, 0.25), _course(told).share(0.25, 1.0)
    first.progress(40, 40)
    second.progress(20, 40)
    second.progress(40, 40)
    first.progress(7, 0)
    assert told == [(10, 40), (25, 40), (40, 40), (7, 0)]
