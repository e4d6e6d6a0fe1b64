"""Cases and assets over HTTP, from intake to release."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from server import catalog, jobs
from server.api.services import SERVICES
from server.db import Database
from server.ingest.convert_job import run_job
from server.ingest.intake import Intake
from tests.server.conftest import BY, Clock, Person, SignIn, add_asset
from tests.server.ingest.slides import NAMED, svs


@pytest.fixture
def intake(server: TestClient) -> Intake:
    return server.app[SERVICES].intake


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    return svs(tmp_path / "scanner")


async def convert_next(intake: Intake) -> str:
    """What the server's runner does, once."""

    def work() -> str:
        with jobs.Owner(intake.owners_dir, intake.ambient) as owner:
            job = intake.database.write_now(
                lambda c: jobs.claim(c, intake.ambient, owner.owner_id, intake.is_alive)
            )
            assert job is not None
            return run_job(intake, job).asset_id

    return await asyncio.to_thread(work)


async def test_an_officer_sees_it_come_and_an_annotator_sees_it_released(
    intake: Intake, slide: Path, sign_in: SignIn
) -> None:
    officer, anna = await sign_in("privacy_officer"), await sign_in("annotator")
    asset_id = intake.take_file(slide, "CASE 7", BY).asset_id
    waiting = await officer.json("GET", f"/api/v1/assets/{asset_id}")
    assert (waiting["state"], waiting["progress"]["stage"]) == ("quarantined", "queued")
    assert waiting["thumbnail_url"] is None
    await anna.problem("GET", f"/api/v1/assets/{asset_id}", status=404, kind="not-found")
    assert (await anna.json("GET", "/api/v1/assets"))["items"] == []
    assert (await anna.json("GET", "/api/v1/cases"))["items"] == []

    await convert_next(intake)
    ready = await officer.json("GET", f"/api/v1/assets/{asset_id}")
    assert (ready["state"], ready["progress"], ready["problem"]) == ("awaiting_release", None, None)
    review = await officer.json("GET", f"/api/v1/assets/{asset_id}/review")
    assert ready["report"]["canonical_sha256"] == ready["canonical_sha256"] == review["canonical_sha256"]
    thumbnail = await officer.ask("GET", ready["thumbnail_url"])
    assert thumbnail.status == 200
    await anna.problem("POST", f"/api/v1/assets/{asset_id}/release", status=403, kind="forbidden")

    released = await officer.json("POST", f"/api/v1/assets/{asset_id}/release")
    assert released["state"] == "released"
    seen = await anna.json("GET", f"/api/v1/assets/{asset_id}")
    assert (seen["case_name"], seen["width_px"], seen["mpp"]) == ("CASE 7", 300, 0.252)
    assert seen["report"] is seen["canonical_sha256"] is None
    (case,) = (await anna.json("GET", "/api/v1/cases"))["items"]
    assert (case["name"], case["asset_count"]) == ("CASE 7", 1)
    text = await (await officer.ask("GET", "/api/v1/assets")).text()
    assert not [name for name in NAMED if name in text]
    again = f"/api/v1/assets/{asset_id}/release"
    await officer.problem("POST", again, status=409, kind="wrong-state")


async def test_a_refused_file_says_why_and_can_be_tried_again_or_discarded(
    intake: Intake, tmp_path: Path, sign_in: SignIn
) -> None:
    officer = await sign_in("privacy_officer")
    (tmp_path / "bad.svs").write_bytes(b"no slide")
    asset_id = intake.take_file(tmp_path / "bad.svs", None, BY).asset_id
    await convert_next(intake)
    refused = await officer.json("GET", f"/api/v1/assets/{asset_id}")
    assert refused["state"] == "refused"
    assert refused["problem"]["type"] == "/problems/not-a-slide"
    assert refused["problem"]["detail"].endswith(".") and refused["problem"]["reference"]
    assert (await officer.json("POST", f"/api/v1/assets/{asset_id}/retry"))["state"] == "quarantined"
    cancelled = await officer.json("POST", f"/api/v1/assets/{asset_id}/cancel")
    assert cancelled["problem"]["type"] == "/problems/cancelled"
    assert (await officer.json("POST", f"/api/v1/assets/{asset_id}/discard"))["state"] == "discarded"
    assert (await officer.json("GET", "/api/v1/assets"))["items"] == []
    listed = await officer.json("GET", "/api/v1/assets?state=discarded")
    assert [item["asset_id"] for item in listed["items"]] == [asset_id]


async def test_progress_has_an_estimate_of_the_rest(
    intake: Intake, slide: Path, sign_in: SignIn, clock: Clock, database: Database
) -> None:
    officer = await sign_in("privacy_officer")
    with jobs.Owner(intake.owners_dir, intake.ambient) as owner:
        arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
        add = intake.database.write_now
        add(lambda c: catalog.set_state(c, intake.ambient, arrival.asset_id, catalog.State.CONVERTING))
        clock.turn(seconds=10)
        add(
            lambda c: jobs.heartbeat(
                c, intake.ambient, arrival.job, stage="converting", done_units=25, total_units=100
            )
        )
        found = await officer.json("GET", f"/api/v1/assets/{arrival.asset_id}")
    assert found["progress"] == {"stage": "converting", "done": 25, "total": 100, "eta_s": 30}


async def test_lists_are_paged_and_filtered(sign_in: SignIn, database: Database) -> None:
    anna = await sign_in("annotator")
    for number in range(7):
        add_asset(database, f"a{number}")
    first = await anna.json("GET", "/api/v1/assets?limit=5")
    second = await anna.json("GET", f"/api/v1/assets?limit=5&cursor={first['next_cursor']}")
    ids = [item["asset_id"] for page in (first, second) for item in page["items"]]
    assert len(ids) == len(set(ids)) == 7
    assert second["next_cursor"] is None
    assert (await anna.json("GET", "/api/v1/assets?case_id=c1&limit=500"))["items"]
    assert not (await anna.json("GET", "/api/v1/assets?case_id=other"))["items"]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "state=lost", "cursor=%00"])
async def test_a_query_that_makes_no_sense_is_refused(sign_in: SignIn, query: str) -> None:
    anna = await sign_in("annotator")
    await anna.problem("GET", f"/api/v1/assets?{query}", status=422, kind="invalid-input")


@pytest.mark.parametrize("step", ["release", "cancel", "retry", "discard"])
async def test_nobody_decides_about_what_is_not_there_or_not_theirs(
    sign_in: SignIn, nobody: Person, step: str
) -> None:
    officer, anna = await sign_in("privacy_officer"), await sign_in("annotator")
    await officer.problem("POST", f"/api/v1/assets/nothing/{step}", status=404, kind="not-found")
    await anna.problem("POST", f"/api/v1/assets/nothing/{step}", status=403, kind="forbidden")
    await nobody.problem("POST", f"/api/v1/assets/nothing/{step}", status=401, kind="unauthenticated")


async def test_a_list_says_how_a_scrub_ended_and_the_asset_itself_says_all(
    intake: Intake, slide: Path, sign_in: SignIn
) -> None:
    officer = await sign_in("privacy_officer")
    asset_id = intake.take_file(slide, None, BY).asset_id
    await convert_next(intake)
    report = dict(intake.asset(asset_id).report or {})
    label = {"place": "label", "action": "dropped", "byte_count": 7}
    box = {"reason": "text", "x0": 1, "y0": 2, "x1": 3, "y1": 4, "is_masked": True}
    scrub = {"material": "slide", "findings": [box] * 3, "kept": [[[0, 0]]], "pictures": [{"name": "x"}]}
    report |= {"places": [label, {**label, "byte_count": 8}], "losses": ["Its end."], "scrub": scrub}
    intake.database.write_now(lambda c: catalog.update_asset(c, intake.ambient, asset_id, {"report": report}))

    async def listed() -> dict[str, Any]:
        (item,) = (await officer.json("GET", "/api/v1/assets"))["items"]
        return dict(item["report"])

    summary = await listed()
    assert summary["losses"] == ["Its end."]
    assert summary["scrub"] == {"material": "slide", "findings": [{"is_masked": True}] * 3}
    assert summary["places"] == [{"place": "label", "action": "dropped", "byte_count": 15, "times": 2}]
    assert summary["proof"] == report["proof"]
    assert (await officer.json("GET", f"/api/v1/assets/{asset_id}"))["report"] == report

    intake.reject(asset_id, "wrong-file", BY)
    assert not {"places", "proof", "levels", "policy"} & set(await listed())
    intake.discard(asset_id, BY)
    discarded = await officer.json("GET", "/api/v1/assets?state=discarded")
    assert discarded["items"][0]["report"] is None
