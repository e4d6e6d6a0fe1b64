"""The result is surveyed as the source was: the same windows of the same frames, however it is decoded."""

import numpy as np
import pytest

from tests.video.canonical.synthetic import SyntheticVideo, picture
from tests.video.scrub.ink import tissue, written
from video.errors import VerificationError
from video.model import PictureFormat, Plane
from video.overlay.survey_model import Survey
from video.scrub.result import ResultWatch
from video.scrub.survey import WINDOW_FRAMES, take_survey

FORM = picture(64, 48)


def _draw(form: PictureFormat, number: int) -> tuple[Plane, ...]:
    return written("DOE", 2, 12 + 30 * (number // WINDOW_FRAMES % 2))(form, number)


def _survey(count: int) -> Survey:
    return take_survey(
        SyntheticVideo(FORM, count, _draw), progress=lambda *step: None, cancelled=lambda: False
    )[0]


def _watched(source: Survey, ends: list[int]) -> ResultWatch:
    """Of frames in parts that end before these numbers."""
    watch = ResultWatch(FORM, [window.made_of for window in source.windows])
    for first, end in zip([0, *ends], ends, strict=False):
        look = watch.part()
        for number in range(first, end):
            look(number, _draw(FORM, number))
    return watch


@pytest.mark.parametrize("ends", [[600], [300, 600], [250, 500, 600], [10, 240, 260, 600]])
def test_every_picture_is_that_of_the_source(ends: list[int]) -> None:
    source = _survey(600)
    assert len(source.windows) > 1
    result = _watched(source, ends).survey()
    assert result.frame_count == 600
    for ours, theirs in zip(source.windows, result.windows, strict=True):
        assert ours.made_of == theirs.made_of
        for name in ("minimum", "maximum", "median", "change"):
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
        for (_, one), (_, other) in zip(ours.samples, theirs.samples, strict=True):
            np.testing.assert_array_equal(one, other)


def test_another_number_of_frames_than_were_looked_at_proves_nothing() -> None:
    source = _survey(20)
    with pytest.raises(VerificationError, match="fewer frames"):
        _watched(source, [19]).survey()
    with pytest.raises(VerificationError, match="fewer frames"):
        _watched(source, [0]).survey()
    with pytest.raises(VerificationError, match="more frames"):
        _watched(source, [21])


def test_a_single_frame_is_a_window() -> None:
    watch = ResultWatch(FORM, [window.made_of for window in _survey(1).windows])
    watch.part()(0, tissue(FORM, 0))
    assert len(watch.survey().windows) == 1
