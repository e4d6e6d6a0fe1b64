"""The report over HTTP: signed, for whoever sees the intake, and without anything of the patient."""

import asyncio
from importlib import metadata
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient

from server.ambient import rfc3339
from server.api.services import SERVICES
from server.cli import main
from server.deid.report import verify_report
from server.ingest.intake import Intake
from tests.server.api.test_assets_routes import convert_next
from tests.server.conftest import BY, Clock, SignIn
from tests.server.ingest.slides import NAMED, svs


@pytest.fixture
def intake(server: TestClient) -> Intake:
    return server.app[SERVICES].intake


async def released(intake: Intake, folder: Path) -> str:
    asset_id = intake.take_file(svs(folder / "scanner"), "CASE 7", BY).asset_id
    await convert_next(intake)
    await asyncio.to_thread(intake.release, asset_id, BY)
    return asset_id


async def test_the_report_is_signed_and_has_eighteen_rows(
    intake: Intake, sign_in: SignIn, tmp_path: Path
) -> None:
    auditor = await sign_in("auditor")
    asset_id = await released(intake, tmp_path)
    document = await auditor.json("GET", f"/api/v1/assets/{asset_id}/report")
    assert verify_report(document, public_key=intake.signer.public_key)
    report = document["report"]
    assert [row["letter"] for row in report["safe_harbor"]] == list("ABCDEFGHIJKLMNOPQR")
    assert report["policy"]["profile"] == "standard" and report["policy"]["rules"]
    assert report["asset"]["state"] == "released"
    assert [signature["by"] for signature in report["release"]["signatures"]] == ["command line"]


async def test_the_page_of_the_report_runs_nothing_and_is_kept_nowhere(
    intake: Intake, sign_in: SignIn, tmp_path: Path
) -> None:
    officer = await sign_in("privacy_officer")
    asset_id = await released(intake, tmp_path)
    answer = await officer.ask("GET", f"/api/v1/assets/{asset_id}/report.html")
    assert (answer.status, answer.content_type) == (200, "text/html")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    page = await answer.text()
    assert "<script" not in page and asset_id in page
    assert not [name for name in NAMED if name in page]


async def test_before_it_is_converted_there_is_no_report(
    intake: Intake, sign_in: SignIn, tmp_path: Path
) -> None:
    officer = await sign_in("privacy_officer")
    asset_id = intake.take_file(svs(tmp_path / "scanner"), None, BY).asset_id
    for form in ("report", "report.html"):
        await officer.problem("GET", f"/api/v1/assets/{asset_id}/{form}", status=409, kind="wrong-state")
        await officer.problem("GET", f"/api/v1/assets/nothing/{form}", status=404, kind="not-found")


async def test_the_report_outlives_rejection_and_erasure_and_ends_with_the_next_scrub(
    intake: Intake, sign_in: SignIn, tmp_path: Path, clock: Clock
) -> None:
    auditor, officer = await sign_in("auditor"), await sign_in("privacy_officer")
    asset_id = intake.take_file(svs(tmp_path / "scanner"), "CASE 7", BY).asset_id
    scrubbed_at = rfc3339(clock.now())
    await convert_next(intake)
    clock.turn(minutes=5)
    path = f"/api/v1/assets/{asset_id}"

    async def stated() -> dict:
        return (await auditor.json("GET", path + "/report"))["report"]["asset"]

    waiting = await stated()
    assert (waiting["state"], waiting["problem"], waiting["has_sealed_original"]) == (
        "awaiting_release",
        None,
        True,
    )
    assert waiting["scrubbed"] == {"at": scrubbed_at, "software_version": metadata.version("slidereel")}
    await officer.json("POST", path + "/reject", json={"reason": "identity-visible"})
    rejected = await stated()
    assert (rejected["state"], rejected["canonical_sha256"]) == ("refused", waiting["canonical_sha256"])
    assert "could still be told" in rejected["problem"]
    await officer.json("POST", path + "/retry")
    await auditor.problem("GET", path + "/report", status=409, kind="wrong-state")
    await convert_next(intake)
    assert main(["quarantine", "erase-case", "CASE 7", "--yes", "--data", str(intake.data)]) == 0
    assert not (await stated())["has_sealed_original"]
    page = await (await auditor.ask("GET", path + "/report.html")).text()
    assert "destroyed" in page


async def test_while_nothing_changes_the_report_is_the_same_and_its_page_has_its_signature(
    intake: Intake, sign_in: SignIn, tmp_path: Path, clock: Clock
) -> None:
    auditor, officer = await sign_in("auditor"), await sign_in("privacy_officer")
    asset_id = intake.take_file(svs(tmp_path / "scanner"), "CASE 7", BY, profile="strict").asset_id
    await convert_next(intake)
    path = f"/api/v1/assets/{asset_id}"
    before = await (await auditor.ask("GET", path + "/report")).text()
    clock.turn(minutes=5)
    assert await (await auditor.ask("GET", path + "/report")).text() == before
    signed = await auditor.json("GET", path + "/report")
    page = await (await auditor.ask("GET", path + "/report.html")).text()
    assert signed["signature"]["value"] in page
    folder = intake.assets_dir / asset_id
    assert {file["name"] for file in signed["report"]["asset"]["files"]} == {
        file.name for file in folder.iterdir()
    }
    clock.turn(minutes=5)
    await officer.json(
        "POST", path + "/release", json={"canonical_sha256": intake.asset(asset_id).canonical_sha256}
    )
    after = (await auditor.json("GET", path + "/report"))["report"]
    assert after["as_of"] == after["release"]["signatures"][0]["at"] == rfc3339(clock.now())


async def test_an_annotator_reads_neither_report_nor_policy(
    intake: Intake, sign_in: SignIn, tmp_path: Path
) -> None:
    anna = await sign_in("annotator")
    asset_id = await released(intake, tmp_path)
    for path in (f"assets/{asset_id}/report", f"assets/{asset_id}/report.html", "deid/policy"):
        await anna.problem("GET", f"/api/v1/{path}", status=403, kind="forbidden")
    seen = await anna.json("GET", f"/api/v1/assets/{asset_id}")
    assert (seen["report"], seen["profile"]) == (None, None)


async def test_the_policy_in_force_is_named_with_its_profiles(intake: Intake, sign_in: SignIn) -> None:
    auditor = await sign_in("auditor")
    stated = await auditor.json("GET", "/api/v1/deid/policy")
    assert stated["digest"] == intake.policy.digest
    by_name = {profile["name"]: profile for profile in stated["profiles"]}
    assert by_name["strict"]["signatures"] == 2
    assert by_name["standard"]["video"]["text"] is True
