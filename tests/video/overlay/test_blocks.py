"""Patterns of squares are told from writing, and never the reverse."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ground.picture_text import TextBox
from video.model import Matrix, PictureFormat, Sampling
from video.overlay.blocks import is_blocks
from video.overlay.likeness import material_of
from video.overlay.survey_model import Survey, Window
from video.scrub.rules import Material

Picture = NDArray[np.uint8]
BOX = TextBox(20, 10, 180, 50, 0.8)


def window_of(pictures: list[Picture]) -> Window:
    together = np.stack(pictures)
    grey = together.max(axis=3).astype(np.int16)
    return Window(
        0,
        len(pictures) - 1,
        together.min(axis=0),
        together.max(axis=0),
        np.median(together, axis=0).astype(np.uint8),
        (grey.max(axis=0) - grey.min(axis=0)).astype(np.uint8),
        tuple(enumerate(pictures[:5])),
    )


def codes(cell_px: int, count: int = 6, noise: int = 0) -> list[Picture]:
    """Frames whose number stands in light and dark cells, above a shaded ground."""
    chance = np.random.default_rng(3)
    frames = []
    for number in range(count):
        cells = ((number * 2654435761 >> np.arange(40)) & 1).reshape(4, 10).astype(np.uint8) * 219 + 16
        code = np.kron(cells, np.ones((cell_px, cell_px), np.uint8))
        shade = np.linspace(60, 140, 200, dtype=np.float32)[None].repeat(120, axis=0)
        shade[: code.shape[0], : code.shape[1]] = code[:, :200]
        shade += chance.integers(-noise, noise + 1, shade.shape)
        frames.append(np.clip(shade, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2))
    return frames


@pytest.mark.parametrize("cell_px", [10, 12, 20])
@pytest.mark.parametrize("noise", [0, 2])
def test_a_counting_code_is_no_text(cell_px: int, noise: int) -> None:
    assert is_blocks(window_of(codes(cell_px, noise=noise)), BOX)


@pytest.mark.parametrize("height_px", [8, 14, 22, 30])
@pytest.mark.parametrize("thickness_px", [1, 2, 4])
@pytest.mark.parametrize("level", [255, 150])
def test_words_are_never_taken_for_squares(height_px: int, thickness_px: int, level: int) -> None:
    pictures = codes(20)
    for picture in pictures:
        cv2.putText(
            picture,
            "DOE 4711",
            (30, 44),
            cv2.FONT_HERSHEY_SIMPLEX,
            height_px / 21,
            (level,) * 3,
            thickness_px,
        )
    assert not is_blocks(window_of(pictures), BOX)


def test_a_word_that_is_there_once_is_enough() -> None:
    pictures = codes(20)
    cv2.putText(pictures[2], "DOE 4711", (30, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2)
    assert not is_blocks(window_of(pictures), BOX)


def test_faint_writing_upon_a_square_is_seen() -> None:
    pictures = codes(20)
    for picture in pictures:
        picture[8:52, 10:190] = 16
        picture[8:52, 150:190] = 235
        cv2.putText(picture, "DOE", (30, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (56, 56, 56), 1)
    assert not is_blocks(window_of(pictures), BOX)


SEGMENTS = {"4": "bcfg", "7": "abc", "1": "bc", "2": "abged", "0": "abcdef", "8": "abcdefg"}


def pixel_letters(scale: int, bold_px: int) -> Picture:
    """(h, w): letters of seven pixels' height, each pixel a square of the scale."""
    small = np.zeros((14, 46), np.uint8)
    cv2.putText(small, "DOE 47", (2, 11), cv2.FONT_HERSHEY_PLAIN, 0.8, 1, 1)
    thick = cv2.dilate(small, np.ones((bold_px, bold_px), np.uint8))
    return np.kron(thick, np.ones((scale, scale), np.uint8))


def seven_segments(digits: str, height_px: int) -> Picture:
    """(h, w): digits as a clock's, of strokes a quarter as thick as they are high."""
    thick, width_px = height_px // 4, height_px * 3 // 4
    places = {
        "a": np.s_[:thick, :],
        "b": np.s_[: height_px // 2, -thick:],
        "c": np.s_[height_px // 2 :, -thick:],
        "d": np.s_[-thick:, :],
        "e": np.s_[height_px // 2 :, :thick],
        "f": np.s_[: height_px // 2, :thick],
        "g": np.s_[(height_px - thick) // 2 : (height_px + thick) // 2, :],
    }
    cells = []
    for digit in digits:
        cell = np.zeros((height_px, width_px), np.uint8)
        for segment in SEGMENTS[digit]:
            cell[places[segment]] = 1
        cells.append(np.pad(cell, ((0, 0), (0, thick))))
    return np.hstack(cells)


def written(ink: Picture, light: int, dark: int) -> tuple[Window, TextBox]:
    """The ink in a picture of 720 × 540 that went through JPEG, and the box around it."""
    picture = np.full((540, 720), dark, np.uint8)
    height, width = ink.shape
    picture[40 : 40 + height, 30 : 30 + width][ink > 0] = light
    _, stored = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])
    frames = [cv2.cvtColor(cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE), cv2.COLOR_GRAY2RGB)] * 5
    ys, xs = np.nonzero(ink)
    tight = int(30 + xs.min()), int(40 + ys.min()), int(31 + xs.max()), int(41 + ys.max())
    return window_of(frames), TextBox(*tight, 0.9)


@pytest.mark.parametrize("scale", range(2, 9))
@pytest.mark.parametrize("bold_px", [1, 2])
@pytest.mark.parametrize(("light", "dark"), [(235, 16), (16, 235), (150, 100)])
def test_letters_of_squares_are_writing_however_thick(
    scale: int, bold_px: int, light: int, dark: int
) -> None:
    assert not is_blocks(*written(pixel_letters(scale, bold_px), light, dark))


@pytest.mark.parametrize("digits", ["174208", "1171", "7"])
@pytest.mark.parametrize("height_px", [10, 20, 40, 80])
@pytest.mark.parametrize(("light", "dark"), [(235, 16), (16, 235)])
def test_digits_of_a_clock_are_writing(digits: str, height_px: int, light: int, dark: int) -> None:
    assert not is_blocks(*written(seven_segments(digits, height_px), light, dark))


@pytest.mark.parametrize("height_px", [40, 60, 80])
def test_large_thick_letters_are_writing(height_px: int) -> None:
    ink = np.zeros((110, 400), np.uint8)
    cv2.putText(ink, "DOE 47", (8, 95), cv2.FONT_HERSHEY_SIMPLEX, height_px / 21, 1, 12)
    assert not is_blocks(*written(ink, 235, 16))


def test_a_bar_code_of_small_squares_is_not_let_pass() -> None:
    chance = np.random.default_rng(9)
    modules = chance.integers(0, 2, (25, 25)).astype(np.uint8)
    assert not is_blocks(*written(np.kron(modules, np.ones((6, 6), np.uint8)), 235, 16))


def test_a_small_word_upon_large_squares_is_not_let_pass() -> None:
    pictures = codes(20)
    for picture in pictures:
        picture[:80] = np.kron(np.indices((4, 10)).sum(axis=0) % 2 * 219 + 16, np.ones((20, 20))).astype(
            np.uint8
        )[..., None]
        cv2.putText(picture, "DOE", (22, 16), cv2.FONT_HERSHEY_PLAIN, 0.6, (130, 130, 130), 1)
    assert not is_blocks(window_of(pictures), BOX)


def test_where_there_is_no_square_nothing_is_said() -> None:
    assert not is_blocks(window_of([np.full((120, 200, 3), 90, np.uint8)] * 5), BOX)


def test_a_pattern_without_grain_is_no_ultrasound() -> None:
    pictures = codes(20)
    for picture in pictures:
        picture[80:] = 0
    survey = Survey(
        PictureFormat(200, 120, Sampling.GRAY, Matrix.BT601, is_full_range=True),
        len(pictures),
        (window_of(pictures),),
    )
    assert material_of(survey) is Material.OTHER
