"""The review over HTTP: what the officer sees and decides, and that nobody else learns of it."""

import asyncio
from pathlib import Path

import msgspec
import numpy as np
import pytest
from aiohttp.test_utils import TestClient

from ground.finding import Box, Finding, Reason, ReviewPicture
from server import audit, catalog
from server.access.authenticator import Authenticator
from server.api.gate import SESSION_COOKIE
from server.api.services import SERVICES
from server.db import Database
from server.ingest.intake import Intake
from server.ingest.pictures import ReviewPictures
from tests.server.api.test_assets_routes import convert_next
from tests.server.conftest import BY, Person, SignIn
from tests.server.ingest.slides import svs

FOUND = Finding(Reason.TEXT, Box(10, 20, 110, 40), is_masked=False, score=0.87)
ON_LABEL = Finding(Reason.LABEL, Box(0, 0, 30, 20), is_masked=True, space="macro")
ADDED = {"x0": 5, "y0": 6, "x1": 70, "y1": 80, "first_frame": None, "last_frame": None}


@pytest.fixture
def intake(server: TestClient) -> Intake:
    return server.app[SERVICES].intake


@pytest.fixture
async def officer(sign_in: SignIn) -> Person:
    return await sign_in("privacy_officer")


async def waiting(intake: Intake, folder: Path, profile: str | None = None) -> str:
    """A slide that awaits release, with two pictures for the reviewer and a finding in each."""
    asset_id = intake.take_file(svs(folder / "scanner"), "CASE 7", BY, profile=profile).asset_id
    await convert_next(intake)
    await asyncio.to_thread(show, intake, asset_id)
    return asset_id


def show(intake: Intake, asset_id: str) -> None:
    """What a scrub with pictures leaves behind, on top of what is there."""
    pictures = ReviewPictures()
    for number, name in enumerate(("thumbnail", "macro")):
        rgb = np.full((30, 40, 3), 60 + number, np.uint8)
        pictures.add(ReviewPicture(name, rgb, scale=8.0, space="asset" if name == "thumbnail" else "macro"))
    sealed, _ = intake.quarantine.describe(asset_id)
    pictures.write(intake.review_path(asset_id), sealed.data_key, asset_id)
    scrub = {
        "material": "slide",
        "detector": "a detector",
        "findings": [FOUND.to_json(), ON_LABEL.to_json()],
        "kept": None,
        "pictures": [stated for stated, _jpeg in pictures._pictures],
    }
    report = {**(intake.asset(asset_id).report or {}), "scrub": scrub}
    intake.database.write_now(lambda c: catalog.update_asset(c, intake.ambient, asset_id, {"report": report}))


def actions(database: Database, asset_id: str) -> list[tuple[str, str]]:
    found = database.read_now(lambda c: audit.events(c, subject_id=asset_id))
    return [(event.action, event.actor) for event in reversed(found)]


async def test_an_officer_sees_before_and_after_findings_and_who_must_sign(
    intake: Intake, officer: Person, tmp_path: Path
) -> None:
    asset_id = await waiting(intake, tmp_path)
    review = await officer.json("GET", f"/api/v1/assets/{asset_id}/review")
    assert (review["state"], review["kind"], review["case_name"]) == ("awaiting_release", "slide", "CASE 7")
    assert (review["width_px"], review["height_px"], review["profile"]) == (300, 200, "standard")
    assert {"standard", "strict"} <= {profile["name"] for profile in review["profiles"]}
    assert review["findings"] == [FOUND.to_json(), ON_LABEL.to_json()]
    assert (review["signatures"], review["signatures_needed"]) == ([], 1)
    assert (review["can_sign"], review["why_not"]) == (True, None)
    thumbnail, macro = review["pictures"]
    assert (thumbnail["name"], thumbnail["width_px"], thumbnail["scale"]) == ("thumbnail", 40, 8.0)
    before = await officer.ask("GET", thumbnail["before_url"])
    assert before.status == 200 and before.content_type == "image/jpeg"
    assert before.headers["Cache-Control"] == "no-store"
    assert (await before.read()).startswith(b"\xff\xd8")
    assert (await officer.ask("GET", thumbnail["after_url"])).status == 200
    assert macro["space"] == "macro"


async def test_each_look_at_a_picture_of_before_is_in_the_audit_log(
    intake: Intake, officer: Person, tmp_path: Path, database: Database
) -> None:
    asset_id = await waiting(intake, tmp_path)
    path = f"/api/v1/assets/{asset_id}/review/macro.jpg"
    for _ in range(2):
        assert (await officer.ask("GET", path)).status == 200
    assert actions(database, asset_id).count(("asset.review.viewed", "privacy_officer")) == 2
    await officer.problem("GET", path.replace("macro", "minimum"), status=404, kind="not-found")
    assert len(actions(database, asset_id)) == 4, "what was not shown is not logged as seen"


async def test_nobody_but_who_releases_learns_anything(
    intake: Intake, sign_in: SignIn, nobody: Person, tmp_path: Path
) -> None:
    asset_id = await waiting(intake, tmp_path)
    base = f"/api/v1/assets/{asset_id}"
    for role in ("annotator", "reviewer", "auditor"):
        person = await sign_in(role)
        for method, path in (
            ("GET", "/review"),
            ("GET", "/review/macro.jpg"),
            ("POST", "/scrub"),
            ("POST", "/reject"),
            ("POST", "/release"),
        ):
            await person.problem(method, base + path, status=403, kind="forbidden", json={})
    anna = await sign_in("annotator", "anna")
    await anna.problem("GET", base, status=404, kind="not-found")
    await anna.problem("GET", f"/api/v1/slides/{asset_id}/thumbnail.jpg", status=404, kind="not-found")
    await nobody.problem("GET", base + "/review", status=401, kind="unauthenticated")


async def test_pictures_of_before_are_gone_with_the_original(
    intake: Intake, officer: Person, tmp_path: Path
) -> None:
    asset_id = await waiting(intake, tmp_path)
    review = intake.review_path(asset_id)
    assert review.is_file()
    assert (await officer.json("POST", f"/api/v1/assets/{asset_id}/release"))["state"] == "released"
    assert not review.exists()
    await officer.problem("GET", f"/api/v1/assets/{asset_id}/review/macro.jpg", status=404, kind="not-found")
    after = await officer.json("GET", f"/api/v1/assets/{asset_id}/review")
    assert [picture["before_url"] for picture in after["pictures"]] == [None, None]
    assert (after["can_sign"], len(after["signatures"])) == (False, 1)
    assert "released" in after["why_not"]


async def test_two_officers_sign_by_the_strict_profile(
    intake: Intake, officer: Person, sign_in: SignIn, tmp_path: Path
) -> None:
    second = await sign_in("privacy_officer", "bruno")
    asset_id = await waiting(intake, tmp_path, "strict")
    path = f"/api/v1/assets/{asset_id}/release"
    first = await officer.json("POST", path)
    assert (first["state"], first["signature_count"], first["signatures_needed"]) == (
        "awaiting_release",
        1,
        2,
    )
    problem = await officer.problem("POST", path, status=409, kind="already-signed")
    mine = await officer.json("GET", f"/api/v1/assets/{asset_id}/review")
    assert (mine["can_sign"], mine["why_not"]) == (False, problem["detail"])
    assert [signature["by"] for signature in mine["signatures"]] == ["privacy_officer"]
    assert (await second.json("GET", f"/api/v1/assets/{asset_id}/review"))["can_sign"]
    assert (await second.json("POST", path))["state"] == "released"


async def test_a_person_with_two_sessions_and_a_token_is_one_person(
    intake: Intake, officer: Person, authenticator: Authenticator, tmp_path: Path, database: Database
) -> None:
    asset_id = await waiting(intake, tmp_path, "strict")
    assert officer.account is not None
    account_id = officer.account.account_id
    begun = await authenticator.sessions.renew(account_id)
    made = await authenticator.api_tokens.create(account_id, "script", BY)
    ways = [
        {"Cookie": f"{SESSION_COOKIE}={begun.token}"},
        {"Authorization": f"Bearer {made.token}"},
        officer.headers,
    ]
    path = f"/api/v1/assets/{asset_id}/release"
    signed = await officer.json("POST", path)
    for headers in ways:
        again = Person(officer.client, officer.account, headers)
        await again.problem("POST", path, status=409, kind="already-signed")
    assert intake.asset(asset_id).signature_count == 1
    event = database.read_now(lambda c: audit.events(c, subject_id=asset_id, limit=1))[0]
    assert (event.action, event.account_id, event.actor) == ("asset.signed", account_id, "privacy_officer")
    assert event.detail == {
        "canonical_sha256": signed["canonical_sha256"],
        "was_named": False,
        "profile": "strict",
        "signatures": 1,
        "signatures_void": 0,
        "needed": 2,
    }


async def test_the_signature_of_somebody_who_lost_his_role_does_not_release(
    intake: Intake, officer: Person, sign_in: SignIn, tmp_path: Path
) -> None:
    admin, bruno = await sign_in("admin"), await sign_in("privacy_officer", "bruno")
    asset_id = await waiting(intake, tmp_path, "strict")
    path = f"/api/v1/assets/{asset_id}/release"
    await officer.json("POST", path)
    assert officer.account is not None
    await admin.json("PATCH", f"/api/v1/users/{officer.account.account_id}", json={"role": "annotator"})
    await officer.problem("POST", path, status=403, kind="forbidden")
    signed = await bruno.json("POST", path)
    assert (signed["state"], signed["signature_count"]) == ("awaiting_release", 1)
    assert (await admin.json("POST", path))["state"] == "released"


async def test_what_was_rejected_cannot_be_signed_for_and_the_log_says_by_which_profile_it_was_made(
    intake: Intake, officer: Person, tmp_path: Path, database: Database
) -> None:
    asset_id = await waiting(intake, tmp_path)
    seen = intake.asset(asset_id).canonical_sha256
    base = f"/api/v1/assets/{asset_id}"
    await officer.json("POST", base + "/reject", json={"reason": "identity-visible"})
    for body in ({}, {"canonical_sha256": seen}):
        await officer.problem("POST", base + "/release", status=409, kind="wrong-state", json=body)
    event = database.read_now(lambda c: audit.events(c, subject_id=asset_id, limit=1))[0]
    assert event.detail == {"reason": "identity-visible", "canonical_sha256": seen, "profile": "standard"}


async def test_an_officer_has_it_scrubbed_again_with_boxes(
    intake: Intake, officer: Person, tmp_path: Path
) -> None:
    asset_id = await waiting(intake, tmp_path)
    removed = {**ADDED, "x0": 1}
    path = f"/api/v1/assets/{asset_id}/scrub"
    again = await officer.json("POST", path, json={"profile": "strict", "add": [ADDED], "remove": [removed]})
    assert (again["state"], again["profile"], again["progress"]["stage"]) == (
        "quarantined",
        "strict",
        "queued",
    )
    await officer.problem("POST", path, status=409, kind="wrong-state", json={})
    await convert_next(intake)
    review = await officer.json("GET", f"/api/v1/assets/{asset_id}/review")
    assert (review["state"], review["profile"]) == ("awaiting_release", "strict")
    assert (review["added"], review["removed"]) == ([ADDED], [removed])
    assert review["signatures_needed"] == 2


@pytest.mark.parametrize(
    "body",
    [
        {"profile": "lax"},
        {"add": [{"x0": 5, "y0": 5, "x1": 5, "y1": 9}]},
        {"add": [{"x0": 5, "y0": 5, "x1": 301, "y1": 9}]},
        {"remove": [{"x0": 5, "y0": 5, "x1": 9, "y1": 9, "first_frame": 3}]},
        {"add": [{"x0": 5.5, "y0": 5, "x1": 9, "y1": 9}]},
        {"add": [{"x0": 5, "y0": 5, "x1": 9}]},
        {"add": "all of it"},
        {"because": "Dulcinea"},
        {"add": [{**ADDED, "x0": -1}]},
        {"add": [{**ADDED, "x1": 10**30}]},
        {"add": [{**ADDED, "space": "macro"}]},
        {"add": [{**ADDED, "first_frame": -1}]},
        {"remove": [{**ADDED, "last_frame": 1 << 40}]},
        {"add": [ADDED] * 1001},
        {"add": None},
        b'{"add": [{"x0": NaN, "y0": 5, "x1": 9, "y1": 9}]}',
        b'{"add": [{"x0": 1e400, "y0": 5, "x1": 9, "y1": 9}]}',
        b'{"add": ' + b"[" * 100_000,
    ],
)
async def test_what_cannot_be_scrubbed_like_that_is_refused(
    intake: Intake, officer: Person, tmp_path: Path, body: dict | bytes
) -> None:
    asset_id = await waiting(intake, tmp_path)
    path = f"/api/v1/assets/{asset_id}/scrub"
    sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
    json = {"Content-Type": "application/json"}
    problem = await officer.problem("POST", path, status=422, kind="invalid-input", headers=json, data=sent)
    assert "Dulcinea" not in problem["detail"]
    assert (await officer.json("GET", f"/api/v1/assets/{asset_id}"))["state"] == "awaiting_release"


async def test_a_million_boxes_are_too_many_before_they_are_read(intake: Intake, officer: Person) -> None:
    body = b'{"add": [' + b",".join([msgspec.json.encode(ADDED)] * 1_000_000) + b"]}"
    headers = {"Content-Type": "application/json"}
    path = "/api/v1/assets/0123456789abcdef/scrub"
    await officer.problem("POST", path, status=413, kind="too-large", headers=headers, data=body)


async def test_nobody_signs_for_what_was_scrubbed_again_since_he_looked(
    intake: Intake, officer: Person, tmp_path: Path
) -> None:
    asset_id = await waiting(intake, tmp_path)
    seen = (await officer.json("GET", f"/api/v1/assets/{asset_id}/review"))["canonical_sha256"]
    path = f"/api/v1/assets/{asset_id}/release"
    other = {"canonical_sha256": "0" * 64}
    problem = await officer.problem("POST", path, status=409, kind="wrong-state", json=other)
    assert "look" in problem["detail"]
    assert intake.asset(asset_id).signature_count == 0
    assert (await officer.json("POST", path, json={"canonical_sha256": seen}))["state"] == "released"


async def test_an_officer_rejects_and_sees_why_afterwards(
    intake: Intake, officer: Person, tmp_path: Path, database: Database
) -> None:
    asset_id = await waiting(intake, tmp_path)
    path = f"/api/v1/assets/{asset_id}/reject"
    await officer.problem("POST", path, status=422, kind="invalid-input", json={"reason": "Dulcinea"})
    rejected = await officer.json("POST", path, json={"reason": "identity-visible"})
    assert (rejected["state"], rejected["problem"]["type"]) == ("refused", "/problems/rejected")
    assert rejected["thumbnail_url"] is None
    review = await officer.json("GET", f"/api/v1/assets/{asset_id}/review")
    assert review["findings"], "what was found is still there to be looked at"
    assert all(picture["before_url"] and not picture["after_url"] for picture in review["pictures"])
    assert not review["can_sign"]
    await officer.problem("POST", path, status=409, kind="wrong-state", json={"reason": "other"})
    assert actions(database, asset_id)[-1] == ("asset.rejected", "privacy_officer")


async def test_an_upload_says_by_which_profile_it_is_scrubbed(officer: Person) -> None:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "4"}
    # "profile strict" and "profile lax", as tus wants metadata: the values in base64.
    good = {**headers, "Upload-Metadata": "filename eC5zdnM=,profile c3RyaWN0"}
    bad = {**headers, "Upload-Metadata": "filename eC5zdnM=,profile bGF4"}
    await officer.problem("POST", "/api/v1/uploads", status=422, kind="invalid-input", headers=bad)
    begun = await officer.ask("POST", "/api/v1/uploads", headers=good)
    assert begun.status == 201
    more = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    ended = await officer.ask("PATCH", begun.headers["Location"], headers=more, data=b"four")
    asset_id = ended.headers["Slidereel-Asset-Id"]
    assert (await officer.json("GET", f"/api/v1/assets/{asset_id}"))["profile"] == "strict"
