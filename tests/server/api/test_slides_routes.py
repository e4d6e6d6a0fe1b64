"""Slides over HTTP: Deep Zoom as viewers ask for it, caching as browsers do it, nothing for strangers."""

import asyncio
import math
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from aiohttp.test_utils import TestClient

from server import audit, catalog
from server.ambient import Ambient
from server.api.services import SERVICES
from server.catalog import State
from server.db import Database
from server.imagery import shelf as shelf_module
from tests.server.conftest import Clock, SignIn, add_asset
from tests.tiling.conversions import convert_file
from tests.tiling.svs_files import Recipe, write_svs
from tiling.canonical import CanonicalSlide, open_canonical

TILE = "/api/v1/slides/a1_files/{}/{}_{}.jpeg"


@pytest.fixture
def canonical(tmp_path: Path, settings, database: Database) -> Path:
    """A released slide ``a1`` and one that awaits its release, ``a2``."""
    write_svs(tmp_path / "x.svs", Recipe())
    folder = settings.data / "assets" / "a1"
    folder.mkdir(parents=True)
    convert_file(tmp_path / "x.svs", folder)
    add_asset(database, "a1")
    add_asset(database, "a2", "awaiting_release")
    (folder.parent / "a2").symlink_to(folder)
    return folder


async def test_another_macro_of_the_same_slide_is_not_taken_for_the_one_that_a_browser_has(
    canonical: Path, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, path = await sign_in("annotator"), "/api/v1/slides/a1/macro.jpg"
    macro = b"with a name on it"
    monkeypatch.setattr(CanonicalSlide, "macro", lambda _slide: macro)
    known = {"If-None-Match": (await anna.ask("GET", path)).headers["ETag"]}
    assert (await anna.ask("GET", path, headers=known)).status == 304
    macro = b"scrubbed once more"
    again = await anna.ask("GET", path, headers=known)
    assert (again.status, await again.read()) == (200, macro)


async def test_the_metadata_fit_the_file(canonical: Path, sign_in: SignIn) -> None:
    anna = await sign_in("annotator")
    slide = await anna.json("GET", "/api/v1/slides/a1")
    with open_canonical(canonical) as stored:
        assert (slide["width_px"], slide["height_px"]) == (300, 200)
        assert slide["tile_size_px"] == stored.info.tile_size_px == 64
        assert slide["deepzoom_level_count"] == stored.info.deepzoom_level_count == 10
        assert len(slide["levels"]) == len(stored.info.levels)
    assert slide["levels"][0]["encoding"] == "carried over bit for bit"
    assert slide["mpp"] == slide["mpp_x"] == 0.252
    assert slide["objective_power"] == 40
    dzi = await anna.ask("GET", slide["dzi_url"])
    image = ET.fromstring(await dzi.text())  # noqa: S314 - our own answer
    assert image.attrib == {"Format": "jpeg", "Overlap": "0", "TileSize": "64"}
    assert image[0].attrib == {"Width": "300", "Height": "200"}
    thumbnail = await anna.ask("GET", slide["thumbnail_url"])
    assert (thumbnail.status, thumbnail.content_type) == (200, "image/jpeg")


async def test_every_tile_is_the_file_s_own_bytes(canonical: Path, sign_in: SignIn) -> None:
    anna = await sign_in("annotator")
    with open_canonical(canonical) as stored:
        for level in range(stored.info.deepzoom_level_count):
            shrink = 1 << (stored.info.deepzoom_level_count - 1 - level)
            cols, rows = (math.ceil(math.ceil(size / shrink) / 64) for size in (300, 200))
            for col in range(cols):
                for row in range(rows):
                    answer = await anna.ask("GET", TILE.format(level, col, row))
                    assert answer.status == 200
                    assert await answer.read() == stored.read_tile(level, col, row)


async def test_a_tile_may_be_kept_for_ever_by_its_reader_alone(canonical: Path, sign_in: SignIn) -> None:
    anna = await sign_in("annotator")
    first = await anna.ask("GET", TILE.format(9, 1, 1))
    assert first.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert first.headers["Content-Type"] == "image/jpeg"
    assert "Date" in first.headers
    etag = first.headers["ETag"]
    assert etag.startswith('"') and etag.endswith('"')
    again = await anna.ask("GET", TILE.format(9, 1, 1), headers={"If-None-Match": etag})
    assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", etag)
    several = await anna.ask("GET", TILE.format(9, 1, 1), headers={"If-None-Match": f'"x", W/{etag}'})
    assert several.status == 304
    whatever = await anna.ask("GET", TILE.format(9, 1, 1), headers={"If-None-Match": "*"})
    assert whatever.status == 304
    other = await anna.ask("GET", TILE.format(9, 0, 1), headers={"If-None-Match": etag})
    assert other.status == 200
    assert other.headers["ETag"] != etag
    absent = await anna.ask("GET", TILE.format(9, 99, 1), headers={"If-None-Match": etag})
    assert absent.status == 404


async def test_an_etag_names_the_bytes_however_they_are_answered(
    canonical: Path, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From memory, from a thread, or as a HEAD: the same tile, the same headers."""
    anna = await sign_in("annotator")
    path = TILE.format(9, 0, 0)
    quick = await anna.ask("GET", path)
    head = await anna.ask("HEAD", path)
    monkeypatch.setattr("server.api.tiles.read_if_in_memory", lambda *_: None)
    slow = await anna.ask("GET", path)
    closing = await anna.ask("GET", path, headers={"Connection": "close"})
    assert await quick.read() == await slow.read() == await closing.read()
    assert await head.read() == b""
    for name in ("ETag", "Cache-Control", "Content-Type", "Content-Length"):
        assert len({answer.headers[name] for answer in (quick, head, slow, closing)}) == 1, name


async def test_old_protocols_and_pipelines_get_tiles_too(
    canonical: Path, sign_in: SignIn, server: TestClient
) -> None:
    anna = await sign_in("annotator")
    path, cookie = TILE.format(9, 0, 0), anna.headers["Cookie"]
    body = await (await anna.ask("GET", path)).read()
    old = await _exchange(server, f"GET {path} HTTP/1.0\r\nHost: x\r\nCookie: {cookie}\r\n\r\n")
    assert old.startswith(b"HTTP/1.0 200") and old.endswith(body)
    one = f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n"
    three = await _exchange(server, f"{one}\r\n{one}\r\n{one}Connection: close\r\n\r\n")
    assert three.count(body) == three.count(b"HTTP/1.1 200 OK\r\n") == 3


async def _exchange(server: TestClient, text: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(text.encode())
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    return answer


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/slides/a1_files/10/0_0.jpeg",
        "/api/v1/slides/a1_files/9/5_0.jpeg",
        "/api/v1/slides/a1_files/9/0_4.jpeg",
        "/api/v1/slides/a1_files/-1/0_0.jpeg",
        "/api/v1/slides/a1_files/9/1_2_3.jpeg",
        "/api/v1/slides/a1_files/9/0_0.png",
        "/api/v1/slides/a1_files/9/٣_0.jpeg",
        "/api/v1/slides/a1_files/99999999999999999999/99999999999999999999_0.jpeg",
        "/api/v1/slides/..%2f..%2fassets_files/9/0_0.jpeg",
        "/api/v1/slides/a9",
        "/api/v1/slides/a9.dzi",
        "/api/v1/slides/a9/thumbnail.jpg",
    ],
)
async def test_what_is_not_there_is_a_plain_404(canonical: Path, sign_in: SignIn, path: str) -> None:
    anna = await sign_in("annotator")
    assert (await anna.problem("GET", path, status=404, kind="not-found"))["title"]


PATHS = [
    TILE.replace("a1", "a2").format(9, 0, 0),
    *(f"/api/v1/slides/a2{end}" for end in ("", ".dzi", "/thumbnail.jpg")),
]


@pytest.mark.parametrize("path", PATHS)
async def test_before_its_release_only_a_releaser_sees_a_slide(
    canonical: Path, sign_in: SignIn, nobody, path: str
) -> None:
    officer = await sign_in("privacy_officer")
    seen = await officer.ask("GET", path)
    assert (seen.status, seen.headers["Cache-Control"]) == (200, "no-store"), "no browser keeps any of it"
    # The officer's look leaves nothing behind that somebody else could profit from.
    for role in ("annotator", "reviewer"):
        await (await sign_in(role)).problem("GET", path, status=404, kind="not-found")
    await (await sign_in("auditor")).problem("GET", path, status=403, kind="forbidden")
    await nobody.problem("GET", path, status=401, kind="unauthenticated")


async def test_a_slide_that_is_withdrawn_is_gone_for_who_had_it_open(
    canonical: Path, sign_in: SignIn, server: TestClient, database: Database, ambient: Ambient
) -> None:
    officer = await sign_in("privacy_officer")
    path = PATHS[0]
    assert (await officer.ask("GET", path)).status == 200
    database.write_now(lambda c: catalog.set_state(c, ambient, "a2", State.DISCARDED))
    server.app[SERVICES].shelf.forget("a2")
    etag = {"If-None-Match": (await officer.ask("GET", TILE.format(9, 0, 0))).headers["ETag"]}
    await officer.problem("GET", path, status=404, kind="not-found")
    await officer.problem("GET", path, status=404, kind="not-found", headers=etag)


async def test_opening_a_slide_is_one_audit_event_however_often_it_reloads(
    canonical: Path, sign_in: SignIn, database: Database, clock: Clock
) -> None:
    anna, bert = await sign_in("annotator"), await sign_in("reviewer")
    for person in (anna, anna, bert, anna):
        await person.json("GET", "/api/v1/slides/a1")
    events = database.read_now(lambda c: audit.events(c, subject_id="a1"))
    assert [(e.action, e.actor) for e in events] == [("asset.open", "reviewer"), ("asset.open", "annotator")]


async def test_a_tile_asks_the_database_nothing(
    canonical: Path, sign_in: SignIn, server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await sign_in("annotator")
    path = TILE.format(9, 0, 0)
    assert (await anna.ask("GET", path)).status == 200

    def read(*_args: object) -> None:
        raise AssertionError("a tile read the database")

    monkeypatch.setattr(server.app[SERVICES].database, "read_now", read)
    monkeypatch.setattr(server.app[SERVICES].database, "read", read)
    monkeypatch.setattr(shelf_module, "open_canonical", read)
    for _ in range(3):
        assert (await anna.ask("GET", path)).status == 200
