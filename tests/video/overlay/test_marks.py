"""Rulers and colour bars are told from words."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from tests.video.overlay.loops import HEIGHT, WIDTH, Rgb, area, fan, loop, survey_of, text
from video.overlay.marks import colour_bars, rulers
from video.overlay.sector import kept_polygons
from video.scrub.rules import ScrubRules

_EVERYWHERE = np.ones((HEIGHT, WIDTH), np.uint8)


def _empty() -> Rgb:
    return np.zeros((HEIGHT, WIDTH, 3), np.uint8)


def _with_grey_bar(picture: Rgb, x: int = 600) -> Rgb:
    picture[80:240, x : x + 14] = np.linspace(255, 10, 160)[:, None, None].astype(np.uint8)
    return picture


def _with_colour_bar(picture: Rgb, x: int = 560) -> Rgb:
    height = np.linspace(0, 1, 160)[:, None]
    picture[80:240, x : x + 14, 0] = (255 * (1 - height)).astype(np.uint8)
    picture[80:240, x : x + 14, 2] = (255 * height).astype(np.uint8)
    return picture


def _with_ruler(picture: Rgb, x: int = 520) -> Rgb:
    for step in range(12):
        picture[60 + 30 * step : 62 + 30 * step, x : x + (9 if step % 5 == 0 else 5)] = 230
    return picture


@pytest.mark.parametrize("draw", [_with_grey_bar, _with_colour_bar])
def test_a_bar_is_found_where_it_is(draw: Callable[[Rgb], Rgb]) -> None:
    picture = draw(_empty())
    drawn = (picture.max(axis=2) > 40).astype(np.uint8)
    found = area(*colour_bars(picture, _EVERYWHERE))
    assert (found & drawn).sum() >= 0.9 * drawn.sum()
    assert not (found & (1 - cv2.dilate(drawn, np.ones((41, 3), np.uint8)))).any()


def test_two_bars_side_by_side_are_two() -> None:
    assert len(colour_bars(_with_grey_bar(_with_colour_bar(_empty(), 586), 600), _EVERYWHERE)) == 2


def test_a_bar_in_the_sector_is_none_of_its_business() -> None:
    picture = _with_grey_bar(_empty())
    assert colour_bars(picture, np.zeros_like(_EVERYWHERE)) == ()


def test_a_painted_button_is_no_bar() -> None:
    picture = _empty()
    picture[80:240, 600:614] = 180
    assert colour_bars(picture, _EVERYWHERE) == ()


def test_ticks_at_even_distances_are_a_ruler() -> None:
    (ruler,) = rulers(_with_ruler(_empty()), _EVERYWHERE)
    ((x0, y0), _, (x1, y1), _) = ruler
    assert (x0, y0) == (519, 59)
    assert (x1, y1) == (529, 392)


def test_a_ruler_that_lies_is_found_too() -> None:
    picture = np.ascontiguousarray(_with_ruler(np.zeros((WIDTH, HEIGHT, 3), np.uint8), 400).swapaxes(0, 1))
    assert len(rulers(picture, _EVERYWHERE)) == 1


def test_figures_beside_a_ruler_are_not_in_its_strip() -> None:
    picture = _with_ruler(_empty())
    for step in (0, 5, 10):
        text(str(step), 540, 66 + 30 * step, 0.5)(picture, 0)
    found = rulers(picture, _EVERYWHERE)
    assert len(found) == 1
    assert not area(*found)[:, 535:].any()


def test_ticks_at_odd_distances_are_no_ruler() -> None:
    picture = _empty()
    for y in (60, 73, 131, 190, 222, 301, 345, 390):
        picture[y : y + 2, 520:526] = 230
    assert rulers(picture, _EVERYWHERE) == ()


@pytest.mark.parametrize(
    "words", ["DOE, JANE 1969-07-20", "illillillilli", "------------", "I.I.I.I.I.I.I", "|||||||||||||||||"]
)
@pytest.mark.parametrize("scale", [0.4, 0.6, 1.0])
def test_words_are_neither(words: str, scale: float) -> None:
    picture = _empty()
    for line in range(12):
        text(words, 10, 40 + 34 * line, scale)(picture, 0)
    kept = area(*rulers(picture, _EVERYWHERE), *colour_bars(picture, _EVERYWHERE))
    assert not kept.any()


def test_a_policy_keeps_them_and_none_of_the_words() -> None:
    def draw(picture: Rgb, number: int) -> None:
        _with_ruler(_with_grey_bar(picture))
        text("DOE, JANE", 560, 300)(picture, number)

    survey = survey_of(loop(fan((250, 30)), [draw]))
    plain, _ = kept_polygons(survey, [], ScrubRules())
    kept, _ = kept_polygons(survey, [], ScrubRules(keep_rulers=True, keep_colour_bars=True))
    assert plain is not None
    assert kept is not None
    assert kept.polygons[: len(plain.polygons)] == plain.polygons
    assert len(kept.polygons) == len(plain.polygons) + 2
    assert not area(*kept.polygons)[285:310, 556:].any()
