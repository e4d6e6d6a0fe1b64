"""Clips and loops through the real worker, and what a person must say of a damaged one."""

import json
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient

from server.api.services import SERVICES
from server.catalog import AssetKind, State
from server.cli import main
from server.ingest.intake import Intake
from tests.server.api.test_assets_routes import BY, convert_next
from tests.server.conftest import SignIn
from tests.video.clips import make


@pytest.fixture
def intake(server: TestClient) -> Intake:
    return server.app[SERVICES].intake


async def take(intake: Intake, folder: Path, suffix: str, data: bytes) -> str:
    """The asset that a file became."""
    file = folder / f"Dulcinea{suffix}"
    file.write_bytes(data)
    asset_id = intake.take_file(file, None, BY).asset_id
    await convert_next(intake)
    return asset_id


def cut_short() -> bytes:
    """A stream without an index at its end, of which two thirds are there."""
    data = make("matroska").data
    return data[: len(data) * 2 // 3]


async def test_a_clip_becomes_a_video_with_its_frames_and_times(intake: Intake, tmp_path: Path) -> None:
    clip = make("surgery_with_everything")
    asset = intake.asset(await take(intake, tmp_path, clip.suffix, clip.data))
    assert (asset.kind, asset.state, asset.problem) == (AssetKind.VIDEO, State.AWAITING_RELEASE, None)
    assert (asset.width_px, asset.height_px) == (clip.width_px, clip.height_px)
    assert asset.frame_count == len(clip.codes)
    assert asset.report is not None and asset.report["psnr_db"]["min"] >= 45
    written = {file.name for file in (intake.assets_dir / asset.asset_id).iterdir()}
    assert written == {"video.mp4", "frames.bin", "thumbnails.bin", "video.json"}


async def test_a_real_loop_becomes_a_video_with_its_scale(
    intake: Intake, tmp_path: Path, shared_data: Path
) -> None:
    loop = (shared_data / "ultrasound" / "US-PAL-8-10x-echo").read_bytes()
    asset = intake.asset(await take(intake, tmp_path, "", loop))
    assert (asset.kind, asset.state, asset.frame_count) == (AssetKind.VIDEO, State.AWAITING_RELEASE, 10)


async def test_a_loop_whose_preamble_is_a_tiff_s_is_a_loop(
    intake: Intake, tmp_path: Path, shared_data: Path
) -> None:
    loop = (shared_data / "ultrasound" / "examples_palette.dcm").read_bytes()
    asset = intake.asset(await take(intake, tmp_path, ".dcm", b"II*\0" + loop[4:]))
    assert (asset.kind, asset.state) == (AssetKind.VIDEO, State.AWAITING_RELEASE)


async def test_what_is_none_of_the_three_stays_unknown(intake: Intake, tmp_path: Path) -> None:
    asset = intake.asset(await take(intake, tmp_path, ".mp4", b"this is a letter, not a video" * 20))
    assert (asset.kind, asset.state) == (AssetKind.UNKNOWN, State.REFUSED)
    assert asset.problem is not None and asset.problem.kind == "not-a-slide"


async def test_a_damaged_clip_is_released_by_those_only_who_say_that_they_know(
    intake: Intake, tmp_path: Path, sign_in: SignIn
) -> None:
    officer = await sign_in("privacy_officer")
    asset_id = await take(intake, tmp_path, ".mkv", cut_short())
    release = f"/api/v1/assets/{asset_id}/release"
    waiting = await officer.json("GET", f"/api/v1/assets/{asset_id}")
    (loss,) = waiting["report"]["losses"]
    for said in ({}, {"json": {}}, {"json": {"confirm_losses": False}}):
        problem = await officer.problem("POST", release, status=409, kind="losses-not-confirmed", **said)
        assert problem["detail"] == loss
    assert intake.asset(asset_id).state is State.AWAITING_RELEASE
    released = await officer.json("POST", release, json={"confirm_losses": True})
    assert released["state"] == "released"


def test_the_command_line_asks_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, file = str(tmp_path / "data"), tmp_path / "Dulcinea.mkv"
    file.write_bytes(cut_short())
    assert main(["ingest", str(file), "--json", "--data", data]) == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["kind"], line["state"]) == ("video", "awaiting_release")
    assert main(["release", line["asset_id"], "--data", data]) == 1
    assert "--confirm-losses" in capsys.readouterr().err
    assert main(["release", line["asset_id"], "--confirm-losses", "--data", data]) == 0
