"""Text over moving tissue is found in what many frames say together: still or moving, light or dark."""

import re
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scrub_reading import Reader

from ground.picture_text import TextBox, TextFinder, TextFinderError
from ground.ppocr import open_text_finder
from ground.source import FileSource
from video.open_video import open_video
from video.overlay.survey_model import Window
from video.overlay.text import text_boxes
from video.scrub.control import ControlledFinder
from video.scrub.pictures import Painter

FRAMES, HEIGHT_PX, WIDTH_PX = 16, 240, 320
LOOPS_WITH_TEXT = (
    "orthanc-Issue164-87fr-burnedname.dcm",
    "US-PAL-8-10x-echo",
    "examples_ybr_color.dcm",
    "OBXXXX1A_2frame.dcm",
    "dcm4che-YBR_FULL-RLE-DOE-JOHN.dcm",
    "cornerstone-philips-TEST-1234.dcm",
    "orthanc-Issue19-ATL-burnedtext.dcm",
    "gdcm-US-ALOKA-16.dcm",
)
READABLE_LETTERS = 4
SURE_PERCENT = 60
"""From here on tesseract is believed; below, it reads letters in speckle too."""


@pytest.fixture(scope="module")
def finder() -> TextFinder:
    return open_text_finder()


def tissue(count: int = FRAMES) -> NDArray[np.uint8]:
    """(n, h, w, 3): speckle in the lower three quarters that is another one in each frame."""
    rng = np.random.default_rng(5)
    frames = np.zeros((count, HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    for frame in frames:
        coarse = rng.gamma(2.0, 22.0, (HEIGHT_PX * 3 // 4, WIDTH_PX)).clip(0, 170).astype(np.uint8)
        frame[HEIGHT_PX // 4 :] = cv2.GaussianBlur(coarse, (5, 3), 1.2)[..., None]
    return frames


def window_of(frames: NDArray[np.uint8]) -> Window:
    change = np.ptp(frames.mean(axis=3), axis=0).astype(np.uint8)
    numbers = np.linspace(0, len(frames) - 1, 5).round().astype(int)
    samples = tuple((int(number), frames[number]) for number in sorted(set(numbers)))
    median = np.median(frames, axis=0).astype(np.uint8)
    last = len(frames) - 1
    return Window(0, last, frames.min(axis=0), frames.max(axis=0), median, change, samples)


def write(frame: NDArray[np.uint8], text: str, x_px: int, y_px: int, level: int) -> NDArray[np.bool_]:
    """The ink, (h, w)."""
    ink = np.zeros(frame.shape[:2], np.uint8)
    cv2.putText(ink, text, (x_px, y_px), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 255, 1)
    frame[ink > 0] = level
    return ink > 0


def write_on_all(frames: NDArray[np.uint8], x_px: int, y_px: int, level: int) -> NDArray[np.bool_]:
    inks = [write(frame, "KOVACS ANNA", x_px, y_px, level) for frame in frames]
    return inks[0]


def uncovered(ink: NDArray[np.bool_], boxes: tuple[TextBox, ...]) -> int:
    left = ink.copy()
    for box in boxes:
        left[box.y0 : box.y1, box.x0 : box.x1] = False
    return int(left.sum())


@pytest.mark.parametrize("y_px", [30, 150])
def test_a_still_name_is_covered_beside_tissue_and_over_it(finder: TextFinder, y_px: int) -> None:
    frames = tissue()
    ink = write_on_all(frames, 60, y_px, 190)
    assert uncovered(ink, text_boxes(window_of(frames), finder)) == 0


def test_a_dark_name_on_a_light_bar_is_covered(finder: TextFinder) -> None:
    frames = tissue()
    frames[:, 5:40] = 220
    ink = write_on_all(frames, 60, 28, 10)
    assert uncovered(ink, text_boxes(window_of(frames), finder)) == 0


def test_a_name_that_is_there_in_one_frame_only_is_covered(finder: TextFinder) -> None:
    frames = tissue()
    ink = write(frames[6], "KOVACS ANNA", 60, 30, 230)
    assert uncovered(ink, text_boxes(window_of(frames), finder)) == 0


@pytest.mark.parametrize("step_px", [2, 5])
def test_a_moving_name_is_covered_wherever_it_goes(finder: TextFinder, step_px: int) -> None:
    frames = tissue()
    inks = [
        write(frame, "KOVACS ANNA", 30 + step_px * number, 130 + step_px * (number % 5), 230)
        for number, frame in enumerate(frames)
    ]
    boxes = text_boxes(window_of(frames), finder, lambda: iter(frames))
    assert [uncovered(ink, boxes) for ink in inks] == [0] * len(frames)


def test_without_the_frames_a_name_that_goes_straight_on_is_covered_all_the_same(finder: TextFinder) -> None:
    frames = tissue()
    inks = [write(frame, "KOVACS ANNA", 30 + 4 * number, 130, 230) for number, frame in enumerate(frames)]
    boxes = text_boxes(window_of(frames), finder)
    assert [uncovered(ink, boxes) for ink in inks] == [0] * len(frames)


def test_a_single_frame_needs_no_others(finder: TextFinder) -> None:
    frames = tissue(1)
    ink = write(frames[0], "KOVACS ANNA", 60, 150, 230)
    assert uncovered(ink, text_boxes(window_of(frames), finder)) == 0


def test_tissue_without_text_is_left_alone(finder: TextFinder) -> None:
    boxes = text_boxes(window_of(tissue()), finder)
    assert sum((box.x1 - box.x0) * (box.y1 - box.y0) for box in boxes) <= 0.005 * HEIGHT_PX * WIDTH_PX


def test_echoes_of_every_size_that_change_from_frame_to_frame_are_left_alone(finder: TextFinder) -> None:
    """In single frames much of this seems to be letters, and each other frame has something like them."""
    rng = np.random.default_rng(1)
    width_px, height_px = 640, 480
    rows, columns = np.mgrid[:height_px, :width_px]
    depth_px, angle = np.hypot(columns - 320, rows + 20), np.arctan2(columns - 320, rows + 20)
    fan = (depth_px > 60) & (depth_px < 470) & (np.abs(angle) < 0.6)
    frames = []
    for _ in range(24):
        echoes = np.full((height_px, width_px), 70.0, np.float32)
        for step in (2, 4, 8, 16):
            coarse = rng.normal(0, 1, (height_px // step + 1, width_px // step + 1)).astype(np.float32)
            echoes += 3 * step * cv2.resize(coarse, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
        grey = (np.clip(echoes, 0, 255) * fan).astype(np.uint8)
        _, coded = cv2.imencode(
            ".jpg", cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90]
        )
        frames.append(cv2.imdecode(coded, cv2.IMREAD_COLOR))
    seen = np.stack(frames)
    boxes = text_boxes(window_of(seen), ControlledFinder(finder), lambda: iter(seen))
    assert sum((box.x1 - box.x0) * (box.y1 - box.y0) for box in boxes) <= 0.005 * fan.sum()


class FailingFinder:
    name = "fails"

    def find(self, rgb: NDArray[np.uint8], *, highest_px: float | None = None) -> tuple[TextBox, ...]:
        raise TextFinderError("The text detector failed on a picture.")


def test_a_detector_that_fails_is_heard_of() -> None:
    with pytest.raises(TextFinderError):
        text_boxes(window_of(tissue()), FailingFinder())


def test_frames_are_not_asked_for_where_nothing_moves_but_tissue(finder: TextFinder) -> None:
    asked = []

    def frames_again() -> list[NDArray[np.uint8]]:
        asked.append(1)
        return []

    text_boxes(window_of(tissue()), finder, frames_again)
    assert not asked


def real_frames(path: Path) -> NDArray[np.uint8]:
    with FileSource(path) as source:
        video = open_video(source)
        painter = Painter(video.picture)
        return np.stack([painter.paint(frame.planes).copy() for frame in video.frames()])


def letters_in(text: str) -> int:
    return len(re.sub(r"[\W_]", "", text))


def strings_read(rgb: NDArray[np.uint8]) -> int:
    """How many strings of four letters or digits and more tesseract reads, and believes to have read."""
    _, picture = cv2.imencode(".png", cv2.resize(rgb[..., ::-1], None, fx=2, fy=2))
    command = ["tesseract", "-", "-", "--psm", "11", "tsv"]
    done = subprocess.run(command, input=picture.tobytes(), capture_output=True, timeout=120, check=True)  # noqa: S603
    rows = [row.split("\t") for row in done.stdout.decode(errors="replace").splitlines()[1:]]
    return sum(
        letters_in(row[11]) >= READABLE_LETTERS and float(row[10]) >= SURE_PERCENT
        for row in rows
        if len(row) > 11
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOPS_WITH_TEXT)
def test_nothing_is_left_to_read_in_real_loops(finder: TextFinder, shared_data: Path, name: str) -> None:
    frames = real_frames(shared_data / "ultrasound" / name)
    boxes = text_boxes(window_of(frames), finder, lambda: iter(frames))
    assert boxes
    reader = Reader()
    blanked = frames.copy()
    for box in boxes:
        blanked[:, box.y0 : box.y1, box.x0 : box.x1] = 0
    seen = [*blanked[:: max(1, len(frames) // 8)], blanked.min(axis=0), blanked.max(axis=0)]
    for rgb in seen:
        read = [reader.read(rgb[box.y0 : box.y1, box.x0 : box.x1]) for box in finder.find(rgb)]
        assert max((letters_in(text) for text in read), default=0) < READABLE_LETTERS
    if shutil.which("tesseract") is not None:
        control = np.zeros((120, 400, 3), np.uint8)
        cv2.putText(control, "KOVACS ANNA", (20, 70), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255, 255, 255), 2)
        assert strings_read(control), "the second reader reads nothing at all"
        assert [strings_read(rgb) for rgb in seen] == [0] * len(seen)
