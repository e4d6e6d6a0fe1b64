"""The sample clips of the demo: read like any recorder's, with an invented patient to remove."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sample_slide.identity import Patient

from ground.source import FileSource
from video.open_video import open_video

COMMAND = Path(__file__).resolve().parents[3] / "scripts" / "make_clip"


def make(path: Path, kind: str) -> Path:
    """Run the command for a short clip."""
    arguments = (path, "--kind", kind, "--seconds", "0.4", "--quiet")
    subprocess.run([sys.executable, COMMAND, *arguments], check=True)  # noqa: S603 - our own command
    return path


@pytest.mark.parametrize(
    ("kind", "size_px", "count"), [("surgery", (960, 540), 10), ("ultrasound", (640, 480), 12)]
)
def test_it_opens_with_all_its_frames_and_moves(
    tmp_path: Path, kind: str, size_px: tuple[int, int], count: int
) -> None:
    with FileSource(make(tmp_path / "clip.mp4", kind)) as source:
        video = open_video(source)
        frames = [frame.planes[0].copy() for frame in video.frames()]
        assert (video.picture.width_px, video.picture.height_px) == size_px
        assert len(frames) == count
        assert video.losses == ()
        assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 0.5


def test_its_patient_and_its_sound_are_there_to_be_removed(tmp_path: Path) -> None:
    with FileSource(make(tmp_path / "clip.mp4", "surgery")) as source:
        video = open_video(source)
        said = b"\n".join(video.texts()).decode("latin-1")
        # The file's tags hold all of the patient but the specimen.
        assert [word for word in Patient().words() if word not in said] == []
        assert {place.name for place in video.places()} >= {"sound stream", "tag of the file"}
