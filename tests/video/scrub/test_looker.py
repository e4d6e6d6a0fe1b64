"""What was looked at is recognised through coding noise, and never where anything legible has changed."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.video.overlay.loops import fan, loop, window_of
from tests.video.scrub.ink import InkFinder
from video.errors import ConversionCancelled, VerificationError
from video.overlay.survey_model import Window
from video.scrub import looker as module
from video.scrub.looker import Looker

Rgb = np.ndarray[Any, Any]
FRAMES = [frame[20:180, 200:440].copy() for frame in loop(fan(), frames=6, brightness=0.4)]
"""The tip of a sector, and what is dark beside it."""


def _no() -> bool:
    return False


def _through_a_codec(frame: Rgb, least_db: float = 45.0) -> Rgb:
    """As JPEG of the lowest quality that is as near as that."""
    for quality in range(80, 101):
        coded = cv2.imdecode(
            cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR
        )
        if cv2.PSNR(frame, coded) >= least_db:
            return np.asarray(coded, np.uint8)
    raise AssertionError("the codec never comes as near as that")


@pytest.fixture(scope="module")
def window() -> Window:
    return window_of(FRAMES)


@pytest.fixture(scope="module")
def coded() -> list[Rgb]:
    return [_through_a_codec(frame) for frame in FRAMES]


def test_what_coding_makes_of_a_window_is_not_looked_at_again(window: Window, coded: list[Rgb]) -> None:
    finder = InkFinder()
    looker = Looker(finder)
    first = looker.boxes(window, _no)
    asked = finder.count
    assert looker.boxes(window_of(coded), _no) == first
    assert (finder.count, looker.looked, looker.recognised) == (asked, 1, 1)


def test_text_is_found_again_where_it_was(coded: list[Rgb]) -> None:
    frames = [frame.copy() for frame in FRAMES]
    for frame in frames:
        cv2.putText(frame, "DOE JOHN", (20, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1)
    looker = Looker(InkFinder())
    (box,) = looker.boxes(window_of(frames), _no)
    assert looker.boxes(window_of([_through_a_codec(frame) for frame in frames]), _no) == (box,)
    assert looker.recognised == 1
    assert looker.boxes(window_of(coded), _no) == ()
    assert looker.recognised == 1


def _faint(contrast: int) -> Iterator[tuple[str, int, Rgb]]:
    """Opacities of strings of every font and of the smallest sizes, as the measurement of recall has them."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scripts"))
    import scrub_strings  # noqa: PLC0415 - a script, not a package

    for font in scrub_strings.FONTS:
        for size_px in (8, 9, 12, 20, 30):
            wish = scrub_strings.Wish("Nagy 81", font, size_px, f"+{contrast}", True, False, (255, 255, 255))
            yield font, size_px, scrub_strings.alpha_of(wish)


@pytest.mark.parametrize("contrast", [20, 45])
@pytest.mark.parametrize("frames_with_it", [range(6), range(3, 4)])
def test_the_faintest_legible_text_is_never_answered_from_memory(
    window: Window, coded: list[Rgb], contrast: int, frames_with_it: range
) -> None:
    """In all frames, and in one that is no sample."""
    missed = []
    for font, size_px, alpha in _faint(contrast):
        looker = Looker(InkFinder())
        looker.boxes(window, _no)
        frames = [frame.copy() for frame in coded]
        for number in frames_with_it:
            place = frames[number][60 : 60 + alpha.shape[0], 20 : 20 + alpha.shape[1]]
            place[:] = np.clip(place + contrast * alpha[..., None], 0, 255)
        looker.boxes(window_of(frames), _no)
        if looker.recognised:
            missed.append((font, size_px))
    assert not missed


def test_a_colour_that_is_as_light_as_what_is_behind_it_is_a_difference(window: Window) -> None:
    frames = [frame.copy() for frame in FRAMES]
    for frame in frames:
        frame[10:30, 20:120] = 90
    looker = Looker(InkFinder())
    looker.boxes(window_of(frames), _no)
    for frame in frames:
        cv2.putText(frame, "DOE", (30, 26), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (150, 66, 90), 1)
    looker.boxes(window_of(frames), _no)
    assert (looker.looked, looker.recognised) == (2, 0)


def test_other_numbers_of_samples_and_other_sizes_are_looked_at(window: Window) -> None:
    looker = Looker(InkFinder())
    looker.boxes(window, _no)
    looker.boxes(replace(window, samples=window.samples[:1]), _no)
    looker.boxes(window_of([frame[:-2] for frame in FRAMES]), _no)
    looker.boxes(window, _no, may_wander=False)
    assert (looker.looked, looker.recognised) == (4, 0)


def test_a_finder_that_failed_has_looked_at_nothing(window: Window) -> None:
    looker = Looker(InkFinder(fails_after=0))
    for _ in range(2):
        with pytest.raises(VerificationError, match="could not be looked for"):
            looker.boxes(window, _no)
    assert (looker.looked, looker.recognised) == (0, 0)


def test_nothing_more_is_looked_at_once_it_is_cancelled(window: Window) -> None:
    finder = InkFinder()
    with pytest.raises(ConversionCancelled):
        Looker(finder).boxes(window, lambda: finder.count == 1)
    assert finder.count == 1


def test_only_so_much_is_remembered(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    one_bytes = 2 * (3 + len(window.samples)) * 80 * 120
    monkeypatch.setattr(module, "_MOST_BYTES", 2 * one_bytes)
    looker = Looker(InkFinder())
    others = [window_of([np.full_like(frame, level) for frame in FRAMES]) for level in (0, 40, 80)]
    for other in others:
        looker.boxes(other, _no)
    looker.boxes(others[2], _no)
    assert looker.recognised == 1
    looker.boxes(others[0], _no)
    assert (looker.looked, looker.recognised) == (4, 1)
