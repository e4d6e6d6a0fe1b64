"""A stretch of a clip's frames once more."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.video.canonical.synthetic import SyntheticVideo, picture
from tests.video.scrub.ink import written
from video.errors import ConversionCancelled
from video.model import PictureFormat, Plane
from video.scrub.pictures import Painter
from video.scrub.rewind import Rewind

FORM = picture(96, 64)


def _draw(form: PictureFormat, number: int) -> tuple[Plane, ...]:
    return written("A", 10 + number, 40)(form, number)


def _painted(number: int) -> bytes:
    return Painter(FORM).paint(_draw(FORM, number)).tobytes()


def test_a_stretch_is_given_from_its_first_frame_to_its_last_as_often_as_it_is_asked_for() -> None:
    rewind = Rewind(SyntheticVideo(FORM, 20, _draw), lambda: False)
    for _ in range(2):
        assert [rgb.tobytes() for rgb in rewind.frames(3, 7)] == [_painted(number) for number in range(3, 8)]


def test_the_clip_is_read_to_its_end_so_that_it_knows_all_of_itself() -> None:
    drawn: list[int] = []

    def draw(form: PictureFormat, number: int) -> tuple[Plane, ...]:
        drawn.append(number)
        return _draw(form, number)

    list(Rewind(SyntheticVideo(FORM, 20, draw), lambda: False).frames(3, 7))
    assert drawn[-20:] == list(range(20))


def test_stretches_that_are_read_at_the_same_time_do_not_disturb_each_other() -> None:
    under_way = most_under_way = 0

    def draw(form: PictureFormat, number: int) -> tuple[Plane, ...]:
        nonlocal under_way, most_under_way
        under_way += number == 0
        most_under_way = max(most_under_way, under_way)
        under_way -= number == 19
        return _draw(form, number)

    rewind = Rewind(SyntheticVideo(FORM, 20, draw), lambda: False)
    under_way = most_under_way = 0

    def read(first_frame: int) -> list[bytes]:
        return [rgb.tobytes() for rgb in rewind.frames(first_frame, first_frame + 4)]

    with ThreadPoolExecutor(4) as pool:
        read_by_all = list(pool.map(read, [0, 5, 10, 15]))
    assert read_by_all == [[_painted(number) for number in range(at, at + 5)] for at in (0, 5, 10, 15)]
    assert most_under_way == 1


def test_reading_stops_where_it_is_not_wanted_any_more() -> None:
    answers = iter([False, False, True])
    frames = Rewind(SyntheticVideo(FORM, 20, _draw), lambda: next(answers)).frames(0, 19)
    with pytest.raises(ConversionCancelled):
        np.stack(list(frames))
