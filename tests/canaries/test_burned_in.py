"""A name that is burned into the frames of a loop is legible in nothing that is served, to another reader."""

import io
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from server.catalog import State
from tests.canaries.clip_planting import shown
from tests.canaries.journey import Journey
from tests.server.conftest import SignIn
from tests.video.dicom.dicom_clips import Writing, dicom_loop

WIDTH_PX, HEIGHT_PX, COUNT = 480, 360, 10
NAME = "QUIXOTE"
READER = shutil.which("tesseract")
PLACES = ((12, 30), (300, 350), (180, 190))
"""Above, below, and within what moves."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(READER is None, reason="the second reader is not installed"),
]


def loop() -> list[np.ndarray]:
    """A sector that moves, and the name in three places of each frame; the one within it for a while only."""
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    cv2.ellipse(mask, (WIDTH_PX // 2, 40), (200, 270), 0, 30, 150, 255, -1)
    frames = []
    for number in range(COUNT):
        frame = shown(number, WIDTH_PX, HEIGHT_PX) // 2
        frame[mask == 0] = 0
        for place in PLACES if number < 4 else PLACES[:2]:
            cv2.putText(frame, NAME, place, cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2, cv2.LINE_AA)
        frames.append(frame)
    return frames


def read(rgb: np.ndarray) -> str:
    """What tesseract reads in a picture, capitals without anything between."""
    large = cv2.resize(rgb, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    png = cv2.imencode(".png", cv2.cvtColor(large, cv2.COLOR_RGB2GRAY))[1].tobytes()
    done = subprocess.run(  # noqa: S603 - the reader that is installed
        [READER or "", "stdin", "stdout", "--psm", "11"],
        input=png, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    return "".join(letter for letter in done.stdout.decode("utf-8", "replace").upper() if letter.isalpha())


async def test_no_frame_that_is_served_shows_the_name(
    journey: Journey, tmp_path: Path, sign_in: SignIn
) -> None:
    officer, admin = await sign_in("privacy_officer"), await sign_in("admin")
    frames = loop()
    assert all(NAME in read(frame) for frame in (frames[0], frames[-1])), "the reader reads what is there"
    asset_id = await journey.take(tmp_path, dicom_loop(frames, Writing()), ".dcm")
    asset = journey.intake.asset(asset_id)
    assert asset.problem is None, asset.problem.detail
    signed = {"confirm_losses": True}
    await journey.ask(officer, "POST", f"/api/v1/assets/{asset_id}/release", json=signed)
    assert journey.intake.asset(asset_id).state is State.RELEASED
    served = f"/api/v1/videos/{asset_id}"
    pictures = [f"{served}/frames/{number}.jpg" for number in range(COUNT)]
    for path in (*pictures, f"{served}/thumbnail.jpg", f"{served}/strip?start=0&count={COUNT}"):
        answer = await admin.ask("GET", path)
        assert answer.status == 200, path
        rgb = np.asarray(Image.open(io.BytesIO(await answer.read())).convert("RGB"))
        text = read(rgb)
        assert not any(NAME[at : at + 4] in text for at in range(len(NAME) - 3)), path
        assert rgb.max() > 40, "what is no text is still shown"
