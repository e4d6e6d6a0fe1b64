"""Identifiers planted everywhere a format has room for one are nowhere in what the server writes or says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from server.catalog import State
from server.ingest.gathering import gather
from tests.canaries.journey import FILE_NAME, Journey
from tests.canaries.scanner_planting import dicom_folder, mirax_folder
from tests.canaries.searching import Searcher, texts_in
from tests.canaries.sources import FURTHER, SOURCES, Source
from tests.server.conftest import SignIn

EVERY = [
    pytest.param(source, id=name, marks=() if source.is_quick else pytest.mark.slow)
    for name, source in (SOURCES | FURTHER).items()
]


@pytest.mark.parametrize("source", EVERY)
async def test_nothing_survives_from_the_file_to_the_released_asset(
    journey: Journey, source: Source, tmp_path: Path, sign_in: SignIn
) -> None:
    data = source.make(tmp_path)
    planted = texts_in(data)
    assert len(planted) >= source.least_texts, "what was not planted cannot be missed"
    assert Searcher().find(data) or source.is_veiled
    await _to_release(journey, await journey.take(tmp_path, data, source.suffix), sign_in)


@pytest.mark.slow
@pytest.mark.parametrize("make", [mirax_folder, dicom_folder])
async def test_nothing_survives_of_a_slide_of_several_files_or_of_their_names(
    journey: Journey, make: Callable[[Path], None], tmp_path: Path, sign_in: SignIn
) -> None:
    folder = tmp_path / FILE_NAME
    make(folder)
    assert len(list(Searcher().places(folder))) >= 1
    (slide,) = gather(folder).slides
    await _to_release(journey, await journey.take_path(slide), sign_in)


async def _to_release(journey: Journey, asset_id: str, sign_in: SignIn) -> None:
    officer, admin = await sign_in("privacy_officer"), await sign_in("admin")
    asset = journey.intake.asset(asset_id)
    assert asset.problem is None, asset.problem.detail
    assert asset.state is State.AWAITING_RELEASE
    review = await officer.json("GET", f"/api/v1/assets/{asset_id}/review")
    pictures = [picture["name"] for picture in review["pictures"]]
    await journey.ask_everything(officer, asset_id, pictures)
    for person, signed in ((officer, {"confirm_losses": True}), (admin, {"confirm_losses": True})):
        if journey.intake.asset(asset_id).state is not State.RELEASED:
            await journey.ask(person, "POST", f"/api/v1/assets/{asset_id}/release", json=signed)
    assert journey.intake.asset(asset_id).state is State.RELEASED
    assert list(journey.intake.quarantine.keys()) == list(journey.intake.work_dir.iterdir()) == []
    await journey.annotate(admin, asset_id)
    await journey.ask_everything(admin, asset_id, pictures)
    journey.look()
    assert journey.found == []
    kind = "slides" if asset.kind == "slide" else "videos"
    for asked in (f"{kind}/{asset_id}", "annotations/export", "/metrics", "/audit", "/report", "/review"):
        assert journey.answered(asked), asked


@pytest.mark.slow
@pytest.mark.parametrize("name", ["svs", "ultrasound-still"])
async def test_nothing_survives_when_it_is_rejected_and_scrubbed_again_by_a_stricter_profile(
    journey: Journey, name: str, tmp_path: Path, sign_in: SignIn
) -> None:
    officer, admin = await sign_in("privacy_officer"), await sign_in("admin")
    data = SOURCES[name].make(tmp_path)
    asset_id = await journey.take(tmp_path, data, SOURCES[name].suffix)
    asked = f"/api/v1/assets/{asset_id}"
    box = {"x0": 1, "y0": 2, "x1": 30, "y1": 40, "first_frame": None, "last_frame": None}
    wish = {"profile": "strict", "add": [box], "remove": []}
    await journey.ask(officer, "POST", f"{asked}/reject", json={"reason": "identity-visible"})
    assert journey.intake.asset(asset_id).state is State.REFUSED
    journey.look()
    await journey.ask(officer, "POST", f"{asked}/scrub", json=wish)
    await journey.convert_again()
    assert journey.intake.asset(asset_id).state is State.AWAITING_RELEASE
    await journey.ask_everything(officer, asset_id)
    for person in (officer, officer, admin):
        await journey.ask(person, "POST", f"{asked}/release", json={"confirm_losses": True})
    assert journey.intake.asset(asset_id).state is State.RELEASED
    await journey.ask_everything(admin, asset_id)
    journey.look()
    assert journey.found == []
