"""Uploads by tus 1.0.0: what is acknowledged is kept, what is not is not, and nobody else's is there."""

import asyncio
import base64
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from server.accounts import Doer
from server.api import uploads as uploads_module
from server.api.services import SERVICES
from server.api.uploads import parse_metadata
from server.config import Settings
from server.errors import InvalidInputError
from server.ingest.intake import Intake
from server.ingest.recovery import recover
from tests.server.api.test_assets_routes import convert_next
from tests.server.conftest import Clock, Person, SignIn
from tests.server.ingest.slides import FILE_NAME, svs, traces

UPLOADS = "/api/v1/uploads"
PART = {"Content-Type": "application/offset+octet-stream"}
TUS = {"Tus-Resumable": "1.0.0"}
DATA = os.urandom(3_000_000)
PATIENCE_S = 60.0


@pytest.fixture
def intake(server: TestClient) -> Intake:
    return server.app[SERVICES].intake


@pytest.fixture
async def officer(sign_in: SignIn) -> Person:
    return await sign_in("privacy_officer")


def metadata(**pairs: str) -> dict[str, str]:
    encoded = (f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())
    return {"Upload-Metadata": ",".join(encoded)}


async def begin(person: Person, length: int = len(DATA), **pairs: str) -> str:
    headers = {**TUS, "Upload-Length": str(length), **metadata(**{"filename": FILE_NAME, **pairs})}
    answer = await person.ask("POST", UPLOADS, headers=headers)
    assert answer.status == 201, await answer.text()
    assert "Upload-Expires" in answer.headers
    return answer.headers["Location"]


async def send(person: Person, path: str, offset: int, data: Any, **headers: str) -> ClientResponse:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    headers = {**TUS, **PART, "Upload-Offset": str(offset), **more}
    return await person.ask("PATCH", path, data=data, headers=headers)


async def offset_of(person: Person, path: str) -> int:
    answer = await person.ask("HEAD", path, headers=TUS)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Upload-Length"]
    return int(answer.headers["Upload-Offset"])


def plain(intake: Intake, asset_id: str) -> bytes:
    with intake.quarantine.reader(asset_id) as reader:
        return reader.read_at(0, reader.size_bytes)


async def test_a_slide_uploaded_in_pieces_becomes_an_asset(
    officer: Person, intake: Intake, tmp_path: Path, settings: Settings
) -> None:
    slide = svs(tmp_path / "scanner").read_bytes()
    path = await begin(officer, len(slide), case="CASE 7")
    at = 0
    for size in (1, 1000, 70_000, len(slide)):
        answer = await send(officer, path, at, slide[at : at + size])
        at = min(at + size, len(slide))
        assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(at))
        assert traces(settings.data) == []
    asset_id = answer.headers["Slidereel-Asset-Id"]
    assert plain(intake, asset_id) == slide
    assert await convert_next(intake) == asset_id
    asset = await officer.json("GET", f"/api/v1/assets/{asset_id}")
    assert (asset["state"], asset["case_name"]) == ("awaiting_release", "CASE 7")
    assert traces(settings.data) == []
    # Whoever lost the last answer asks again and learns it.
    head = await officer.ask("HEAD", path, headers=TUS)
    assert head.headers["Slidereel-Asset-Id"] == asset_id
    empty = await send(officer, path, len(slide), b"")
    assert (empty.status, empty.headers["Slidereel-Asset-Id"]) == (204, asset_id)
    assert (await officer.json("GET", UPLOADS))["items"] == []


async def test_what_the_server_can_do(nobody: Person) -> None:
    answer = await nobody.ask("OPTIONS", UPLOADS)
    assert answer.status == 204
    assert answer.headers["Tus-Resumable"] == answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation",
        "expiration",
        "checksum",
        "termination",
    }
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha256"
    assert int(answer.headers["Tus-Max-Size"]) == 64 << 30


async def test_another_protocol_version_is_refused(officer: Person) -> None:
    path = await begin(officer)
    for method, where in [("POST", UPLOADS), ("HEAD", path), ("PATCH", path), ("DELETE", path)]:
        for version in ({}, {"Tus-Resumable": "0.2.2"}):
            answer = await officer.ask(method, where, headers=version)
            assert (answer.status, answer.headers["Tus-Version"]) == (412, "1.0.0")


async def test_a_wrong_offset_changes_nothing(officer: Person) -> None:
    path = await begin(officer)
    await send(officer, path, 0, DATA[:5000])
    for offset in (0, 4999, 5001, len(DATA)):
        assert (await send(officer, path, offset, b"x")).status == 409
    assert await offset_of(officer, path) == 5000


@pytest.mark.parametrize(
    "headers",
    [
        {"Upload-Length": ""},
        {"Upload-Length": "-1"},
        {"Upload-Length": "1e3"},
        {"Upload-Length": "٣"},
        {"Upload-Length": "5", "Upload-Metadata": "filename ***"},
        {"Upload-Length": "5", **metadata(case="x" * 81)},
        {"Upload-Length": "5", **metadata(case="a\nb")},
    ],
)
async def test_a_creation_that_makes_no_sense_is_refused(
    officer: Person, intake: Intake, headers: dict[str, str]
) -> None:
    await officer.problem("POST", UPLOADS, status=422, kind="invalid-input", headers={**TUS, **headers})
    assert list(intake.quarantine.keys()) == []


async def test_too_large_and_no_room_are_said_before_a_byte_is_sent(
    officer: Person, server: TestClient, intake: Intake, settings: Settings
) -> None:
    large = {**TUS, "Upload-Length": str((64 << 30) + 1)}
    await officer.problem("POST", UPLOADS, status=413, kind="too-large", headers=large)
    intake.settings = Settings(data=settings.data, reserve_mib=1 << 30)
    small = {**TUS, "Upload-Length": "10"}
    problem = await officer.problem("POST", UPLOADS, status=507, kind="out-of-space", headers=small)
    assert "must stay free" in problem["detail"]
    assert list(intake.quarantine.keys()) == []


async def test_a_disk_that_fills_up_on_the_way_keeps_what_was_acknowledged(
    officer: Person, intake: Intake, settings: Settings
) -> None:
    path = await begin(officer)
    await send(officer, path, 0, DATA[:1_500_000])
    intake.settings = Settings(data=settings.data, reserve_mib=1 << 30)
    answer = await send(officer, path, 1_500_000, DATA[1_500_000:])
    assert answer.status == 507
    intake.settings = settings
    assert await offset_of(officer, path) == 1_500_000
    answer = await send(officer, path, 1_500_000, DATA[1_500_000:])
    assert plain(intake, answer.headers["Slidereel-Asset-Id"]) == DATA


async def test_more_than_was_announced_is_refused(officer: Person) -> None:
    path = await begin(officer, 1000)
    assert (await send(officer, path, 0, DATA[:1001])).status == 413

    async def unannounced() -> Any:
        for start in range(0, 2000, 100):
            yield DATA[start : start + 100]

    assert (await send(officer, path, 0, unannounced())).status == 413
    assert await offset_of(officer, path) <= 1000


async def test_only_bytes_are_taken_for_bytes(officer: Person) -> None:
    path = await begin(officer)
    answer = await send(officer, path, 0, b"x", Content_Type="application/json")
    assert answer.status == 415
    assert await offset_of(officer, path) == 0


async def test_bytes_with_a_wrong_checksum_are_not_taken_not_one(officer: Person, intake: Intake) -> None:
    path = await begin(officer)
    await send(officer, path, 0, DATA[:700])
    part = DATA[700:2_500_000]
    right = base64.b64encode(hashlib.sha256(part).digest()).decode()
    damaged = part[:-1] + bytes([part[-1] ^ 1])
    answer = await send(officer, path, 700, damaged, Upload_Checksum=f"sha256 {right}")
    assert answer.status == 460
    assert (await answer.json(content_type=None))["type"] == "/problems/checksum-mismatch"
    assert await offset_of(officer, path) == 700
    assert (await send(officer, path, 700, part, Upload_Checksum=f"sha256 {right}")).status == 204
    for text in ("md5 abc", "sha256 %%%", "sha256 YWJj", ""):
        assert (await send(officer, path, 2_500_000, b"x", Upload_Checksum=text)).status == 422
    last = await send(officer, path, 2_500_000, DATA[2_500_000:])
    assert plain(intake, last.headers["Slidereel-Asset-Id"]) == DATA


async def test_a_broken_connection_keeps_what_arrived(
    officer: Person, intake: Intake, server: TestClient
) -> None:
    path = await begin(officer)
    at = await _break_off(server, officer, path, 0, DATA[:1_200_000], announced=len(DATA))
    assert 0 < at <= 1_200_000
    at = await _break_off(server, officer, path, at, DATA[at : at + 900_000], announced=len(DATA) - at)
    assert at > 1_200_000
    answer = await send(officer, path, at, DATA[at:])
    assert plain(intake, answer.headers["Slidereel-Asset-Id"]) == DATA


async def _break_off(
    server: TestClient, person: Person, path: str, offset: int, data: bytes, *, announced: int
) -> int:
    """Send a part of what was announced, vanish, and ask how far it got."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = {**TUS, **PART, **person.headers, "Upload-Offset": str(offset), "Content-Length": str(announced)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    writer.write(f"PATCH {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode() + data)
    await _has_taken(server, len(data))
    writer.transport.abort()
    return await offset_of(person, path)


async def _has_taken(server: TestClient, size_bytes: int) -> None:
    """Wait until the server has taken in so much of a request's body."""
    async with asyncio.timeout(PATIENCE_S):
        while not any(
            request.content.total_bytes >= size_bytes and not request.content._buffer
            for connection in server.server.runner.server.connections
            if (request := connection._current_request) is not None
        ):
            await asyncio.sleep(0.01)


async def test_a_client_that_comes_back_before_its_old_connection_is_missed(
    officer: Person, intake: Intake, server: TestClient
) -> None:
    """The old request hangs, silently; asking for the offset ends it, and what it brought counts."""
    path = await begin(officer)
    _, hanging = await asyncio.open_connection("127.0.0.1", server.port)
    head = {**TUS, **PART, **officer.headers, "Upload-Offset": "0", "Content-Length": str(len(DATA))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    hanging.write(f"PATCH {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode() + DATA[:1_100_000])
    await _has_taken(server, 1_100_000)
    at = await asyncio.wait_for(offset_of(officer, path), PATIENCE_S)
    assert 0 < at <= 1_100_000
    answer = await send(officer, path, at, DATA[at:])
    assert plain(intake, answer.headers["Slidereel-Asset-Id"]) == DATA
    hanging.close()


async def test_a_long_part_is_acknowledged_on_the_way(
    officer: Person, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads_module, "SAVE_EVERY_BYTES", 1 << 20)
    path = await begin(officer)

    async def acknowledged() -> int:
        (upload,) = (await officer.json("GET", UPLOADS))["items"]
        return int(upload["offset"])

    async def slowly() -> Any:
        yield DATA[:2_500_000]
        async with asyncio.timeout(PATIENCE_S):
            while not 0 < await acknowledged() < len(DATA):
                await asyncio.sleep(0.01)
        yield DATA[2_500_000:]

    assert (await send(officer, path, 0, slowly())).status == 204


async def test_a_killed_server_keeps_what_it_acknowledged(
    officer: Person, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await begin(officer)
    await send(officer, path, 0, DATA[:1_300_000])
    upload_id = path.rpartition("/")[2]
    # The next bytes reach the disk, their acknowledgement does not.
    with intake.quarantine.resume(upload_id, 1_300_000) as writer:
        writer.write(DATA[1_300_000:2_800_000])
        writer.save()
    recover(intake)
    assert await offset_of(officer, path) == 1_300_000
    answer = await send(officer, path, 1_300_000, DATA[1_300_000:])
    assert plain(intake, answer.headers["Slidereel-Asset-Id"]) == DATA


async def test_an_upload_is_its_owner_s_alone(officer: Person, sign_in: SignIn, nobody: Person) -> None:
    path = await begin(officer)
    admin, anna = await sign_in("admin"), await sign_in("annotator")
    for method in ("HEAD", "PATCH", "DELETE"):
        headers = {**TUS, **PART, "Upload-Offset": "0"}
        assert (await admin.ask(method, path, headers=headers)).status == 404
        assert (await anna.ask(method, path, headers=headers)).status == 403
        assert (await nobody.ask(method, path, headers=headers)).status == 401
    assert (await admin.json("GET", UPLOADS))["items"] == []
    (mine,) = (await officer.json("GET", UPLOADS))["items"]
    assert (mine["length"], mine["offset"], mine["case_name"]) == (len(DATA), 0, "Unsorted")


async def test_giving_an_upload_up_destroys_it(officer: Person, intake: Intake) -> None:
    path = await begin(officer)
    await send(officer, path, 0, DATA[:1_500_000])
    assert (await officer.ask("DELETE", path, headers=TUS)).status == 204
    # Its case's key stays, in a folder of its own: the case may have other files.
    assert [path.name for path in intake.quarantine.root.iterdir()] == ["cases"]
    assert (await officer.ask("HEAD", path, headers=TUS)).status == 404
    whole = await begin(officer, 10)
    await send(officer, whole, 0, b"0123456789")
    await officer.problem("DELETE", whole, status=409, kind="wrong-state", headers=TUS)


async def test_an_upload_expires_and_every_part_prolongs_it(
    officer: Person, intake: Intake, clock: Clock, authenticator: Any
) -> None:
    path = await begin(officer)
    uploads = intake.uploads
    clock.turn(days=2)
    intake.uploads.sweep()
    by = _doer(officer)
    append = uploads.append(path.rpartition("/")[2], by, 0)
    append.write(DATA[:10])
    append.save()
    append.close()
    clock.turn(days=2)
    uploads.sweep()
    assert [u.offset_bytes for u in uploads.unfinished(by)] == [10]
    clock.turn(days=2)
    assert uploads.unfinished(by) == []
    uploads.sweep()
    # Its case's key stays, in a folder of its own: the case may have other files.
    assert [path.name for path in intake.quarantine.root.iterdir()] == ["cases"]


def _doer(person: Person) -> Doer:
    assert person.account is not None
    return Doer(person.account.account_id, person.account.username, "127.0.0.1")


async def test_a_file_without_bytes_is_an_asset_that_will_be_refused(officer: Person, intake: Intake) -> None:
    headers = {**TUS, "Upload-Length": "0", **metadata(filename="x.svs")}
    answer = await officer.ask("POST", UPLOADS, headers=headers)
    assert answer.status == 201
    asset_id = await convert_next(intake)
    asset = await officer.json("GET", f"/api/v1/assets/{asset_id}")
    assert asset["state"] == "refused"
    assert asset["problem"]["detail"] == "The file is empty."


def test_metadata_are_read_as_tus_writes_them() -> None:
    assert parse_metadata("") == {}
    assert parse_metadata("filename eC5zdnM=,case w6QgYg== , flag") == {
        "filename": "x.svs",
        "case": "ä b",
        "flag": "",
    }
    with pytest.raises(InvalidInputError):
        parse_metadata("filename /w==")
