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
