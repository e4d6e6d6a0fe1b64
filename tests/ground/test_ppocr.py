"""Written text is found in a picture, wherever it is and however large the picture."""

import cv2
import numpy as np
import pytest

from ground.picture_text import TextFinder, TextFinderError
from ground.ppocr import open_text_finder


@pytest.fixture(scope="module")
def finder() -> TextFinder:
    return open_text_finder()


def test_it_says_which_weights_it_uses(finder: TextFinder) -> None:
    assert "PP-OCRv6" in finder.name
    assert "weights" in finder.name


@pytest.mark.parametrize(("width_px", "height_px"), [(160, 120), (640, 480), (2048, 700)])
def test_a_name_is_covered_to_its_last_pixel(finder: TextFinder, width_px: int, height_px: int) -> None:
    picture = np.zeros((height_px, width_px, 3), np.uint8)
    x_px, y_px = width_px // 5, height_px // 2
    cv2.putText(picture, "ELEK T", (x_px, y_px), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
    ink = picture.any(axis=2)
    for box in finder.find(picture):
        ink[box.y0 : box.y1, box.x0 : box.x1] = False
    assert not ink.any()


def test_an_empty_picture_has_no_text(finder: TextFinder) -> None:
    assert finder.find(np.zeros((480, 640, 3), np.uint8)) == ()


def test_a_picture_of_another_kind_is_refused_in_a_sentence(finder: TextFinder) -> None:
    with pytest.raises(TextFinderError, match="three channels"):
        finder.find(np.zeros((480, 640), np.uint8))
