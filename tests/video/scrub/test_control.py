"""A detector is believed about a result only if it finds the words beside it."""

import numpy as np
import pytest

from ground.picture_text import TextBox, TextFinderError
from tests.video.canonical.synthetic import SyntheticVideo, picture
from tests.video.overlay.loops import window_of
from tests.video.scrub.ink import InkFinder, written
from video.scrub.control import ControlledFinder, as_blanked
from video.scrub.survey import take_survey


@pytest.mark.parametrize("width_px", [48, 320, 1920])
def test_boxes_are_those_of_the_picture_alone(width_px: int) -> None:
    rgb = np.zeros((100, width_px, 3), np.uint8)
    assert ControlledFinder(InkFinder()).find(rgb) == ()
    rgb[40:44, 20:40] = 255
    assert ControlledFinder(InkFinder()).find(rgb) == (TextBox(16, 38, 44, 46, 0.9),)


def test_a_box_at_the_edge_stays_within_the_picture() -> None:
    rgb = np.zeros((100, 320, 3), np.uint8)
    rgb[0:2, 20:40] = 255
    (box,) = ControlledFinder(InkFinder()).find(rgb)
    assert (box.y0, box.y1) == (0, 4)


def test_a_blind_detector_is_not_believed() -> None:
    with pytest.raises(TextFinderError, match="words that are set beside"):
        ControlledFinder(InkFinder(blind_after=0)).find(np.zeros((100, 320, 3), np.uint8))


def test_a_hole_takes_on_what_is_around_it_and_nothing_else_changes() -> None:
    survey, _ = take_survey(
        SyntheticVideo(picture(320, 240), 10, written("DOE", 90, 120)),
        progress=lambda done, total: None,
        cancelled=lambda: False,
    )
    (window,) = survey.windows
    holes = np.zeros((240, 320), bool)
    holes[100:130, 80:140] = True
    nothing = np.zeros_like(holes)
    filled = as_blanked(window, holes, nothing)
    assert int(window.minimum[holes].max()) > 200
    for picture_of in (filled.minimum, filled.median, filled.samples[0][1]):
        assert int(picture_of[holes].max()) < 160
    np.testing.assert_array_equal(filled.median[~holes], window.median[~holes])
    assert as_blanked(window, nothing, nothing) is window


def test_beyond_what_is_kept_it_is_black_and_a_hole_there_too() -> None:
    window = window_of([np.full((40, 60, 3), 90, np.uint8)] * 3)
    beyond, holes = np.zeros((2, 40, 60), bool)
    beyond[:, 30:] = True
    holes[10:20, 40:50] = True
    shown = as_blanked(window, holes, beyond)
    for rgb in (shown.minimum, shown.maximum, shown.median, shown.samples[1][1]):
        assert not rgb[:, 30:].any()
        assert (rgb[:, :30] == 90).all()


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1, 1), (40, 30), (64, 48), (320, 240), (1920, 1080)])
def test_the_real_detector_finds_the_words_beside_pictures_of_any_size(size: tuple[int, int]) -> None:
    from ground.ppocr import open_text_finder  # noqa: PLC0415 - a second to load

    finder = ControlledFinder(open_text_finder())
    width, height = size
    for level in (0, 96, 255):
        assert finder.find(np.full((height, width, 3), level, np.uint8)) == ()
