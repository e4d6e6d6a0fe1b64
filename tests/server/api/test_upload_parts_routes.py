"""A long upload in parts sent at the same time: each resumes by itself, all together are the file."""

import asyncio
import base64
import hashlib
import os
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient

from server.api.services import SERVICES
from server.config import Settings
from server.deid import CHUNK_BYTES
from server.ingest import upload_parts
from server.ingest.intake import Intake
from server.ingest.recovery import recover
from tests.server.api.test_uploads_routes import TUS, UPLOADS, metadata, offset_of, plain, send
from tests.server.conftest import Person, SignIn
from tests.server.ingest.slides import FILE_NAME

SIZE = 3 * CHUNK_BYTES + 12_345


@pytest.fixture
def intake(server: TestClient) -> Intake:
    return server.app[SERVICES].intake


@pytest.fixture
async def officer(sign_in: SignIn) -> Person:
    return await sign_in("privacy_officer")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_parts, "SMALLEST_PART_BYTES", CHUNK_BYTES // 2)


async def begin(person: Person, length: int, parts: int) -> dict[str, object]:
    headers = {
        **TUS,
        "Upload-Length": str(length),
        "Slidereel-Parts": str(parts),
        **metadata(filename=FILE_NAME),
    }
    answer = await person.ask("POST", UPLOADS, headers=headers)
    assert answer.status == 201, await answer.text()
    return await answer.json()


def at(part: dict[str, object]) -> str:
    return f"{UPLOADS}/{part['upload_id']}"


async def test_parts_sent_at_the_same_time_and_in_pieces_are_the_file(
    officer: Person, intake: Intake, settings: Settings
) -> None:
    data = os.urandom(SIZE)
    upload = await begin(officer, SIZE, 4)
    parts = upload["parts"]
    assert [part["start"] for part in parts] == [0, CHUNK_BYTES, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES]

    async def send_part(part: dict[str, int]) -> str | None:
        mine = data[part["start"] : part["start"] + part["length"]]
        here, asset_id = 0, None
        for size in (1, 300_000, len(mine)):
            piece = mine[here : here + size]
            checksum = "sha256 " + base64.b64encode(hashlib.sha256(piece).digest()).decode()
            answer = await send(officer, at(part), here, piece, Upload_Checksum=checksum)
            here = min(here + size, len(mine))
            assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(here))
            asset_id = answer.headers.get("Slidereel-Asset-Id")
        return asset_id

    ended = await asyncio.gather(*map(send_part, parts))
    asset_ids = {asset_id for asset_id in ended if asset_id}
    assert asset_ids == {upload["upload_id"]}
    assert plain(intake, str(upload["upload_id"])) == data
    assert (await officer.json("GET", UPLOADS))["items"] == []
    beside = [path.name for path in (settings.data / "quarantine").glob("*.*") if path.suffix != ".sealed"]
    assert beside == []
    # Whoever lost the last answer learns it from any part.
    for part in parts:
        head = await officer.ask("HEAD", at(part), headers=TUS)
        assert head.headers["Slidereel-Asset-Id"] == upload["upload_id"]


async def test_what_a_part_has_taken_survives_a_restart_of_the_server(
    officer: Person, intake: Intake
) -> None:
    data = os.urandom(SIZE)
    upload = await begin(officer, SIZE, 2)
    first, second = upload["parts"]
    await send(officer, at(second), 0, data[second["start"] : second["start"] + 70_000])
    recover(intake)
    (listed,) = (await officer.json("GET", UPLOADS))["items"]
    assert (listed["upload_id"], listed["length"], listed["offset"]) == (upload["upload_id"], SIZE, 70_000)
    assert [part["offset"] for part in listed["parts"]] == [0, 70_000]
    assert (await offset_of(officer, at(first)), await offset_of(officer, at(second))) == (0, 70_000)
    await send(officer, at(second), 70_000, data[second["start"] + 70_000 :])
    last = await send(officer, at(first), 0, data[: first["length"]])
    assert last.headers["Slidereel-Asset-Id"] == upload["upload_id"]
    assert plain(intake, str(upload["upload_id"])) == data


async def test_the_whole_takes_no_bytes_and_a_part_no_more_than_its_own(officer: Person) -> None:
    upload = await begin(officer, SIZE, 2)
    first = upload["parts"][0]
    assert (await send(officer, at(upload), 0, b"x")).status == 409
    assert (await send(officer, at(first), 0, bytes(first["length"] + 1))).status == 413
    assert (await send(officer, at(first), 1, b"x")).status == 409
    assert (await officer.ask("DELETE", at(first), headers=TUS)).status == 409


async def test_giving_an_upload_up_takes_its_parts_along(
    officer: Person, settings: Settings, tmp_path: Path
) -> None:
    upload = await begin(officer, SIZE, 3)
    for part in upload["parts"]:
        await send(officer, at(part), 0, b"abc")
    assert (await officer.ask("DELETE", at(upload), headers=TUS)).status == 204
    for part in upload["parts"]:
        assert (await officer.ask("HEAD", at(part), headers=TUS)).status == 404
    assert list((settings.data / "quarantine").glob("*.*")) == []


async def test_a_short_file_is_taken_as_a_whole_even_if_parts_are_asked_for(officer: Person) -> None:
    upload = await begin(officer, 1000, 4)
    (part,) = upload["parts"]
    assert (part["start"], part["length"]) == (0, 1000)


async def test_nobody_else_finds_a_part(officer: Person, sign_in: SignIn) -> None:
    upload = await begin(officer, SIZE, 2)
    other = await sign_in("admin")
    for part in upload["parts"]:
        assert (await other.ask("HEAD", at(part), headers=TUS)).status == 404
