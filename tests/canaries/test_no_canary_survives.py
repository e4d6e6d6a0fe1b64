"""Identifiers planted everywhere a format has room for one are nowhere in what the server writes or says."""

from pathlib import Path

import pytest

from server.catalog import State
from tests.canaries.journey import Journey
from tests.canaries.searching import Searcher, texts_in
from tests.canaries.sources import SOURCES, Source
from tests.server.conftest import SignIn

EVERY = [
    pytest.param(source, id=name, marks=() if source.is_quick else pytest.mark.slow)
    for name, source in SOURCES.items()
]


@pytest.mark.parametrize("source", EVERY)
async def test_nothing_survives_from_the_file_to_the_released_asset(
    journey: Journey, source: Source, tmp_path: Path, sign_in: SignIn
) -> None:
    data = source.make(tmp_path)
    planted = texts_in(data)
    assert len(planted) >= source.least_texts, "what was not planted cannot be missed"
    assert Searcher().find(data)
    officer, admin = await sign_in("privacy_officer"), await sign_in("admin")
    asset_id = await journey.take(tmp_path, data, source.suffix)
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
    await journey.annotate(admin, asset_id)
    await journey.ask_everything(admin, asset_id, pictures)
    journey.look()
    assert journey.found == []
    kind = "slides" if asset.kind == "slide" else "videos"
    for asked in (f"{kind}/{asset_id}", "annotations/export", "/metrics", "/audit", "/report", "/review"):
        assert journey.answered(asked), asked
