"""Written text is found in a picture, wherever it is and however large the picture."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from ground import ppocr
from ground.picture_text import TextFinder, TextFinderError
from ground.ppocr import open_text_finder

ROOT = Path(__file__).resolve().parents[2]
IN_TWO_GIBIBYTES = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
import numpy as np
from ground.ppocr import open_text_finder
open_text_finder().find(np.zeros((1080, 1920, 3), np.uint8))
print(sorted({"rapidocr", "requests", "omegaconf"} & set(sys.modules)))
"""


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


@pytest.mark.parametrize("side_px", [7, 33])
def test_a_tiny_picture_is_no_error(finder: TextFinder, side_px: int) -> None:
    assert finder.find(np.zeros((side_px, side_px, 3), np.uint8)) == ()


def test_it_works_in_two_gibibytes_and_imports_no_downloader() -> None:
    command = [sys.executable, "-c", IN_TWO_GIBIBYTES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""


@pytest.mark.parametrize("content", [None, b"", b"no weights at all" * 99])
def test_missing_or_damaged_weights_are_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    path = tmp_path / "weights.onnx"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(ppocr, "_weights_path", lambda: path)
    with pytest.raises(TextFinderError, match="weights of the text detector"):
        open_text_finder()
