"""Real pictures: nothing is left to read in scrubbed loops, and overlays are found on wet tissue."""

import shutil
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scrub_real import read_file

from ground.finding import Box
from ground.picture_text import TextFinder
from ground.ppocr import open_text_finder
from ground.source import FileSource
from tests.video.overlay.loops import HEIGHT, WIDTH, fan, loop, text
from tests.video.overlay.test_text import uncovered, window_of
from video.convert import convert_video
from video.limits import Limits
from video.open_video import open_video
from video.overlay.text import text_boxes
from video.scrub.course import Course
from video.scrub.pictures import Painter
from video.scrub.rules import Material, ScrubRules
from video.scrub.scrub import Scrub

MAKE_CLIP = Path(__file__).resolve().parents[3] / "scripts" / "make_clip"
CLIPS = (
    "VID05_1858_and_VID08_1331_a.mp4",
    "VID43_303_and_VID42_395_a.mp4",
    "VID47_1131_and_VID23_841_a.mp4",
)
FRAMES = 60

pytestmark = pytest.mark.slow


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="the second reader is not installed")
@pytest.mark.parametrize(
    "name", ["dcm4che-YBR_FULL-RLE-DOE-JOHN.dcm", "OBXXXX1A_2frame.dcm", "orthanc-Issue19-ATL-burnedtext.dcm"]
)
def test_two_readers_read_nothing_in_any_frame_of_a_scrubbed_loop(shared_data: Path, name: str) -> None:
    found = read_file(shared_data / "ultrasound" / name)
    assert not found.reason
    assert found.looked_at
    assert found.source_words
    assert found.result_words == 0


@pytest.fixture(scope="module")
def finder() -> TextFinder:
    return open_text_finder()


def clip(path: Path) -> list[NDArray[np.uint8]]:
    with FileSource(path) as source:
        video = open_video(source)
        painter = Painter(video.picture)
        frames = video.frames()
        return [painter.paint(next(frames).planes).copy() for _ in range(FRAMES)]


@pytest.mark.parametrize("name", CLIPS)
def test_a_name_that_is_there_for_a_second_is_found_on_wet_tissue(
    finder: TextFinder, shared_data: Path, name: str
) -> None:
    frames = clip(shared_data / "surgical" / name)
    height, width = frames[0].shape[:2]
    nothing = text_boxes(window_of(np.stack(frames)), finder, may_wander=False)
    assert sum((box.x1 - box.x0) * (box.y1 - box.y0) for box in nothing) <= 0.005 * height * width
    ink = np.zeros((height, width), np.uint8)
    cv2.putText(ink, "KOVACS A", (width // 3, height // 3), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 1)
    for frame in frames[20:45]:
        frame[ink > 0] = (255, 230, 0)
    boxes = text_boxes(window_of(np.stack(frames)), finder, may_wander=False)
    assert uncovered(ink > 0, boxes) == 0


@pytest.mark.parametrize("name", CLIPS)
def test_a_clock_that_blinks_is_found_on_wet_tissue(finder: TextFinder, shared_data: Path, name: str) -> None:
    frames = clip(shared_data / "surgical" / name)
    height, width = frames[0].shape[:2]
    ink = np.zeros((height, width), np.bool_)
    for number, frame in enumerate(frames):
        if number // 12 % 2 == 0:
            mark = np.zeros((height, width), np.uint8)
            text = f"14:32:{number // 12:02}"
            cv2.putText(mark, text, (width - 200, 60), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
            frame[mark > 0] = 255
            ink |= mark > 0
    boxes = text_boxes(window_of(np.stack(frames)), finder, may_wander=False)
    assert uncovered(ink, boxes) == 0


def test_the_trail_of_an_instrument_that_goes_to_and_fro_is_no_text(
    finder: TextFinder, tmp_path: Path
) -> None:
    path = tmp_path / "surgery.mp4"
    subprocess.run([sys.executable, MAKE_CLIP, path, "--quiet"], check=True)  # noqa: S603 - our own command
    with FileSource(path) as source:
        course = Course(lambda _done, _total: None, lambda: False, 1)
        plan = Scrub(ScrubRules(), finder).look(open_video(source), course)
    assert plan.findings == ()


@pytest.mark.parametrize("x0", [278, 280, 281])
def test_a_reviewer_s_box_in_echoes_that_change_wholly_makes_no_text_of_them(
    finder: TextFinder, tmp_path: Path, x0: int
) -> None:
    """Beside what is blanked, large pieces of single frames looked like letters."""
    path = tmp_path / "loop.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "16"}
        for picture in loop(fan(), [text("SORENSEN AGNETE", 230, 330, 0.7)], frames=24):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    (out := tmp_path / "out").mkdir()
    rules = ScrubRules(material=Material.ULTRASOUND)
    with FileSource(path) as source:
        report = convert_video(
            open_video(source),
            out,
            source_bytes=source.size_bytes,
            progress=lambda *_: None,
            cancelled=lambda: False,
            workers=2,
            limits=Limits(),
            gop=1,
            forbidden=[],
            scrub=Scrub(rules, finder, (Box(x0, 200, x0 + 100, 250),), (), None),
        )
    findings = report.to_json()["scrub"]["findings"]
    (name,) = [one for one in findings if one["reason"] == "text"]
    assert name["y0"] > 300 and name["y1"] < 345
