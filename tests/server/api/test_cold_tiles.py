"""Tiles that must come from the disk: read once for all, and not at all for who has gone."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient

from server.api.services import SERVICES
from server.db import Database
from server.imagery import cold_reads
from tests.server.conftest import SignIn, add_asset
from tests.tiling.conversions import convert_file
from tests.tiling.svs_files import Recipe, write_svs
from tiling.canonical import CanonicalSlide

PATIENCE_S = 60.0


class SlowDisk:
    """Reads that wait until the disk is let go; ``begun`` has which, in their order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = threading.Event()
        self.begun: list[tuple[int, int, int]] = []
        real = CanonicalSlide.read_tile

        def read_tile(slide: CanonicalSlide, level: int, col: int, row: int) -> bytes:
            self.begun.append((level, col, row))
            assert self.go.wait(PATIENCE_S)
            return real(slide, level, col, row)

        monkeypatch.setattr(CanonicalSlide, "read_tile", read_tile)
        monkeypatch.setattr("server.api.tiles.read_if_in_memory", lambda *_: None)

    async def has_begun(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.begun) < count:
                await asyncio.sleep(0.01)


async def are_waiting(server: TestClient, count: int) -> None:
    """Wait until so many requests wait for reads: no more, and no fewer."""
    flights = server.app[SERVICES].cold_reads._flights._flights
    async with asyncio.timeout(PATIENCE_S):
        while sum(flight.waiting for flight in flights.values()) != count:
            await asyncio.sleep(0.01)


@pytest.fixture
def disk(tmp_path: Path, settings, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowDisk]:
    monkeypatch.setattr(cold_reads, "THREADS", 2)
    write_svs(tmp_path / "x.svs", Recipe())
    folder = settings.data / "assets" / "a1"
    folder.mkdir(parents=True)
    convert_file(tmp_path / "x.svs", folder)
    add_asset(database, "a1")
    disk = SlowDisk(monkeypatch)
    yield disk
    disk.go.set()


def tile(col: int) -> str:
    return f"/api/v1/slides/a1_files/9/{col}_0.jpeg"


async def test_many_who_want_the_same_cold_tile_cause_one_read(
    disk: SlowDisk, sign_in: SignIn, server: TestClient
) -> None:
    anna = await sign_in("annotator")
    asking = [asyncio.ensure_future(anna.ask("GET", tile(0))) for _ in range(20)]
    await are_waiting(server, 20)
    disk.go.set()
    answers = [await (await answer).read() for answer in asking]
    assert len(set(answers)) == 1 and answers[0].startswith(b"\xff\xd8")
    assert disk.begun == [(9, 0, 0)]


async def test_a_tile_is_not_read_for_who_has_panned_away(
    disk: SlowDisk, sign_in: SignIn, server: TestClient
) -> None:
    anna = await sign_in("annotator")
    asking = [asyncio.ensure_future(anna.ask("GET", tile(col))) for col in range(5)]
    await disk.has_begun(2)
    await are_waiting(server, 5)  # three of them for a thread
    for request in asking:
        request.cancel()  # closes its connection, as a browser does
    await are_waiting(server, 0)
    disk.go.set()
    assert (await anna.ask("GET", tile(4))).status == 200
    assert len(disk.begun) == 3 and disk.begun[2] == (9, 4, 0)


async def test_one_who_stays_gets_what_others_gave_up(
    disk: SlowDisk, sign_in: SignIn, server: TestClient
) -> None:
    anna = await sign_in("annotator")
    leaving, staying = (asyncio.ensure_future(anna.ask("GET", tile(1))) for _ in range(2))
    await disk.has_begun(1)
    await are_waiting(server, 2)
    leaving.cancel()
    await are_waiting(server, 1)
    disk.go.set()
    assert (await staying).status == 200
    assert disk.begun == [(9, 1, 0)]
