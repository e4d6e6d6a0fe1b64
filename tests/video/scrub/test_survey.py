"""One pass remembers what every overlay shows in: extremes, the middle, what changes, and odd frames."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.video.canonical.synthetic import SyntheticVideo, noise, picture, to_rgb, waves
from tests.video.scrub.ink import tissue, written
from video.errors import ConversionCancelled, CorruptVideoError
from video.model import Matrix, PictureFormat, Plane, Sampling
from video.overlay.out_of_body import SIGN_COUNT
from video.overlay.survey_model import Survey
from video.scrub.pictures import Painter, median
from video.scrub.survey import MOST_WINDOWS, WINDOW_FRAMES, take_survey

Draw = Callable[[PictureFormat, int], tuple[Plane, ...]]


def _survey(form: PictureFormat, count: int, draw: Draw = waves, workers: int = 1) -> Survey:
    survey, signs = take_survey(
        SyntheticVideo(form, count, draw),
        progress=lambda done, total: None,
        cancelled=lambda: False,
        workers=workers,
    )
    assert signs.shape == (count, SIGN_COUNT)
    return survey


@settings(deadline=None)
@given(count=st.integers(1, 30), seed=st.integers(0, 99))
def test_the_median_is_that_of_each_sample(count: int, seed: int) -> None:
    pictures = list(np.random.default_rng(seed).integers(0, 256, (count, 9, 7), dtype=np.uint8))
    np.testing.assert_array_equal(median(pictures), np.sort(pictures, axis=0)[(count - 1) // 2])


@pytest.mark.parametrize("sampling", list(Sampling))
@pytest.mark.parametrize("matrix", list(Matrix))
@pytest.mark.parametrize("is_full_range", [True, False])
def test_pictures_have_the_right_colours(sampling: Sampling, matrix: Matrix, *, is_full_range: bool) -> None:
    form = picture(64, 48, sampling, matrix, is_full_range=is_full_range)
    planes = waves(form, 3)
    if len(planes) > 1:
        chroma = tuple(cv2.resize(128 + (plane // 2 - 63), plane.shape[::-1]) for plane in planes[1:])
        planes = (planes[0], *chroma)
    exact = to_rgb(planes, form)
    painter = Painter(form)
    assert np.abs(painter.paint(planes) - exact).mean() < 3
    assert np.abs(painter.corrected(painter.sketch(planes).copy()) - exact).mean() < 4


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("sampling", list(Sampling))
def test_a_loop_is_one_window_of_its_extremes(sampling: Sampling, workers: int) -> None:
    form = picture(64, 48, sampling)
    survey = _survey(form, 20, workers=workers)
    (window,) = survey.windows
    assert (survey.frame_count, window.first_frame, window.last_frame) == (20, 0, 19)
    painter = Painter(form)
    shown = np.array([painter.sketch(waves(form, number)).copy() for number in range(20)])
    np.testing.assert_array_equal(window.minimum, shown.min(axis=0))
    np.testing.assert_array_equal(window.maximum, shown.max(axis=0))
    assert window.median.shape == (48, 64, 3)
    assert len(window.samples) == 5
    for number, rgb in window.samples:
        np.testing.assert_array_equal(rgb, painter.paint(waves(form, number)))
    assert window.samples[0][0] == 0
    assert window.samples[-1][0] == 19


def test_a_single_frame_is_a_window_in_which_nothing_changes() -> None:
    survey = _survey(picture(), 1)
    (window,) = survey.windows
    assert not window.change.any()
    np.testing.assert_array_equal(window.minimum, window.maximum)
    assert [number for number, _ in window.samples] == [0]


def test_coding_noise_is_no_change() -> None:
    form = picture(64, 48)

    def draw(form: PictureFormat, number: int) -> tuple[Plane, ...]:
        still, (luma, *_) = waves(form, 0), noise(form, number)
        return ((still[0] + luma % 5).astype(np.uint8), *still[1:])

    assert not _survey(form, 40, draw).windows[0].change.any()


@pytest.mark.parametrize("frame", [1, 37, 149, 249])
def test_the_only_frame_with_a_word_is_among_the_samples(frame: int) -> None:
    survey = _survey(picture(320, 240), 250, written("DOE JOHN", 90, 120, range(frame, frame + 1)))
    assert frame in {number for window in survey.windows for number, _ in window.samples}


def test_windows_in_which_the_same_stays_put_are_one() -> None:
    survey = _survey(picture(160, 120), 3 * WINDOW_FRAMES + 7, written("DOE", 40, 60))
    assert [(window.first_frame, window.last_frame) for window in survey.windows] == [
        (0, 3 * WINDOW_FRAMES + 6)
    ]
    assert len(survey.windows[0].samples) == 5


def test_a_window_ends_where_another_word_stands() -> None:
    def draw(form: PictureFormat, number: int) -> tuple[Plane, ...]:
        return written("DOE", 40, 60 if number < 2 * WINDOW_FRAMES else 90)(form, number)

    survey = _survey(picture(160, 120), 4 * WINDOW_FRAMES, draw)
    assert [window.first_frame for window in survey.windows] == [0, 2 * WINDOW_FRAMES]


@pytest.mark.slow
def test_however_often_words_change_windows_stay_few_and_leave_no_gap() -> None:
    def draw(form: PictureFormat, number: int) -> tuple[Plane, ...]:
        return written("DOE", 5, 20 + 30 * (number // WINDOW_FRAMES % 3))(form, number)

    survey = _survey(picture(64, 96), (MOST_WINDOWS + 6) * WINDOW_FRAMES, draw)
    assert len(survey.windows) == MOST_WINDOWS
    ends = [-1, *(window.last_frame for window in survey.windows)]
    assert [window.first_frame for window in survey.windows] == [end + 1 for end in ends[:-1]]
    assert ends[-1] == survey.frame_count - 1


@pytest.mark.parametrize("workers", [1, 2])
def test_a_survey_is_cancelled_and_tells_how_far_it_is(workers: int) -> None:
    seen: list[tuple[int, int]] = []
    video = SyntheticVideo(picture(), 200, tissue, promised_frames=200)
    take_survey(video, progress=lambda *step: seen.append(step), cancelled=lambda: False, workers=workers)
    assert seen[-1] == (200, 200)
    assert seen == sorted(seen)
    with pytest.raises(ConversionCancelled):
        take_survey(video, progress=lambda *step: None, cancelled=lambda: True, workers=workers)


@pytest.mark.parametrize("size_px", [(1, 1), (1, 40), (40, 1), (17, 15)])
def test_frames_of_any_size_are_looked_at(size_px: tuple[int, int]) -> None:
    survey = _survey(picture(*size_px, Sampling.YUV444), 4, noise)
    assert survey.windows[0].median.shape == (size_px[1], size_px[0], 3)


def test_a_source_without_a_frame_is_refused() -> None:
    with pytest.raises(CorruptVideoError, match="not one frame"):
        _survey(picture(), 0)
