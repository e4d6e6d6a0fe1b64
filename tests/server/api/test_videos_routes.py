"""Videos over HTTP: exact frames, samples as they lie in the file, and nothing for strangers."""

import asyncio
from pathlib import Path

import cv2
import numpy as np
import pytest
from aiohttp.test_utils import TestClient

from server.api import videos as videos_module
from server.api.services import SERVICES
from server.config import Settings
from server.db import Database
from tests.server.conftest import SignIn, add_asset
from tests.video.clips import make, read_code
from video.canonical import FrameDecoder, open_canonical_video
from video.convert import convert

VIDEO = "/api/v1/videos/a1"


@pytest.fixture(params=[1, 12])
def gop(request: pytest.FixtureRequest) -> int:
    """Every frame a key frame, or every twelfth."""
    return int(request.param)


@pytest.fixture
def canonical(settings: Settings, database: Database, gop: int) -> Path:
    """A released video ``a1`` and one that awaits its release, ``a2``."""
    folder = settings.data / "assets" / "a1"
    folder.mkdir(parents=True)
    convert(make("b_frames").source, folder, progress=lambda *_: None, cancelled=lambda: False, gop=gop)
    add_asset(database, "a1", kind="video")
    add_asset(database, "a2", "awaiting_release", kind="video")
    (folder.parent / "a2").symlink_to(folder)
    return folder


def picture(jpeg: bytes) -> np.ndarray:
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


async def test_what_a_player_needs_to_know(canonical: Path, sign_in: SignIn, gop: int) -> None:
    anna = await sign_in("annotator")
    clip = make("b_frames")
    video = await anna.json("GET", VIDEO)
    assert (video["width_px"], video["height_px"]) == (clip.width_px, clip.height_px)
    assert video["frame_count"] == len(clip.codes)
    assert video["gop"] == gop
    assert video["codec"].startswith("avc1.")
    assert video["frame_times_s"] == pytest.approx(clip.times_s, abs=1e-3)
    answer = await anna.ask("GET", video["times_url"])
    assert np.frombuffer(await answer.read(), "<f8").tolist() == video["frame_times_s"]
    assert (await anna.ask("GET", video["thumbnail_url"])).content_type == "image/jpeg"


async def test_each_frame_is_the_one_that_was_asked_for(canonical: Path, sign_in: SignIn) -> None:
    anna = await sign_in("annotator")
    codes = make("b_frames").codes
    for number in [*range(len(codes)), 3, 0, len(codes) - 1]:
        answer = await anna.ask("GET", f"{VIDEO}/frames/{number}.jpg")
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
        assert "immutable" in answer.headers["Cache-Control"]
        assert read_code(picture(await answer.read())) == codes[number]
    known = {"If-None-Match": answer.headers["ETag"]}
    assert (await anna.ask("GET", f"{VIDEO}/frames/{number}.jpg", headers=known)).status == 304


async def test_beyond_the_end_there_is_nothing(canonical: Path, sign_in: SignIn) -> None:
    anna = await sign_in("annotator")
    end = len(make("b_frames").codes)
    for path in (
        f"frames/{end}.jpg",
        f"frames/{'9' * 5000}.jpg",
        f"samples?start={end}",
        f"strip?start={end}",
    ):
        assert (await anna.ask("GET", f"{VIDEO}/{path}")).status == 404
    for path in ("frames/0.jpg?quality=0", "samples?start=-1", "samples?start=x", "strip?count=1000"):
        assert (await anna.ask("GET", f"{VIDEO}/{path}")).status == 422


async def test_samples_are_the_file_s_own_bytes_and_decode_to_the_frames(
    canonical: Path, sign_in: SignIn, gop: int
) -> None:
    anna = await sign_in("annotator")
    codes = make("b_frames").codes
    with open_canonical_video(canonical) as stored:
        for start, count in [(0, 1), (5, 3), (13, 4), (len(codes) - 2, 50)]:
            answer = await anna.ask("GET", f"{VIDEO}/samples?start={start}&count={count}")
            first = int(answer.headers["Slidereel-First-Frame"])
            held = int(answer.headers["Slidereel-Frame-Count"])
            assert first == start - start % gop
            assert first + held == min(start + count, len(codes))
            data = await answer.read()
            assert data == stored.read(first, held)
            planes = FrameDecoder(stored.info).planes(data)
            assert read_code(np.asarray(planes[0])) == codes[first + held - 1]


async def test_more_samples_than_fit_an_answer_come_in_several(
    canonical: Path, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, gop: int
) -> None:
    monkeypatch.setattr(videos_module, "MOST_SAMPLE_BYTES", 40_000)
    anna = await sign_in("annotator")
    count, at = len(make("b_frames").codes), 0
    while at < count:
        answer = await anna.ask("GET", f"{VIDEO}/samples?start={at}&count=600")
        first, held = (int(answer.headers[f"Slidereel-{name}"]) for name in ("First-Frame", "Frame-Count"))
        assert first <= at < first + held
        assert len(await answer.read()) <= 40_000 or first + held == at + 1
        at = first + held


@pytest.mark.parametrize("exact", [0, 1])
async def test_a_strip_shows_the_frames_that_it_names(canonical: Path, sign_in: SignIn, exact: int) -> None:
    anna = await sign_in("annotator")
    clip = make("b_frames")
    answer = await anna.ask("GET", f"{VIDEO}/strip?start=1&step=4&count=5&height=180&exact={exact}")
    shown = [int(number) for number in answer.headers["Slidereel-Frames"].split(",")]
    assert shown == [1, 5, 9, 13, 17]
    sheet = picture(await answer.read())
    width = round(clip.width_px * 180 / clip.height_px)
    assert sheet.shape == (180, width * 5, 3)
    for place, number in enumerate(shown if exact else ()):
        assert read_code(sheet[:, place * width : (place + 1) * width]) == clip.codes[number]


async def test_what_is_not_released_is_there_for_those_who_release_only(
    canonical: Path, sign_in: SignIn, server: TestClient
) -> None:
    anna, olga = await sign_in("annotator"), await sign_in("privacy_officer")
    for path in ("", "/times", "/thumbnail.jpg", "/frames/0.jpg", "/samples?start=0", "/strip"):
        assert (await anna.ask("GET", f"/api/v1/videos/a2{path}")).status == 404
        seen = await olga.ask("GET", f"/api/v1/videos/a2{path}")
        assert (seen.status, seen.headers["Cache-Control"]) == (200, "no-store"), "no browser keeps any of it"
        assert (await server.get(f"{VIDEO}{path}")).status == 401


async def test_a_video_is_no_slide_and_a_slide_no_video(
    canonical: Path, sign_in: SignIn, database: Database
) -> None:
    anna = await sign_in("annotator")
    add_asset(database, "s1")
    assert (await anna.ask("GET", "/api/v1/slides/a1")).status == 404
    assert (await anna.ask("GET", "/api/v1/slides/a1_files/0/0_0.jpeg")).status == 404
    assert (await anna.ask("GET", "/api/v1/videos/s1")).status == 404


async def test_a_frame_is_decoded_once_for_all_who_ask_and_kept_as_long_as_there_is_room(
    canonical: Path, sign_in: SignIn, server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await sign_in("annotator")
    decoded: list[int] = []
    jpeg = FrameDecoder.jpeg

    def counted(self: FrameDecoder, samples: bytes, quality: int, height_px: int | None) -> bytes:
        decoded.append(quality)
        return jpeg(self, samples, quality, height_px)

    monkeypatch.setattr(FrameDecoder, "jpeg", counted)

    async def ask(number: int) -> int:
        return len(await (await anna.ask("GET", f"{VIDEO}/frames/{number}.jpg")).read())

    sizes = await asyncio.gather(*(ask(7) for _ in range(5)))
    assert len(set(sizes)) == len(decoded) == 1
    cache = server.app[SERVICES].frames.cache
    monkeypatch.setattr(cache, "_limit_bytes", 3 * sizes[0])
    for number in (7, *range(8, 20)):
        await ask(number)
        assert cache.size_bytes <= 3 * sizes[0]
    assert len(decoded) == 13  # number 7 was there
    await ask(7)
    assert len(decoded) == 14  # and had to make room
