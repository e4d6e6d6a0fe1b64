"""The shelf of slides: who may see one, what is remembered, and that no file stays open for nothing."""

import asyncio
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import catalog
from server.ambient import Ambient
from server.catalog import State
from server.db import Database
from server.db.notices import Notices, board_bytes
from server.errors import NotFoundError
from server.imagery import shelf as shelf_module
from server.imagery.openings import RecentOpenings
from server.imagery.shelf import REMEMBERED_S, SlideShelf, read_if_in_memory
from tests.server.conftest import Clock, add_asset
from tests.tiling.conversions import convert_file
from tests.tiling.svs_files import Recipe, write_svs
from tiling.errors import TileNotFoundError


@pytest.fixture(scope="session")
def canonical(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small canonical slide."""
    folder = tmp_path_factory.mktemp("canonical")
    write_svs(folder / "x.svs", Recipe())
    convert_file(folder / "x.svs", folder / "out")
    return folder / "out"


@pytest.fixture
def shelf(tmp_path: Path, canonical: Path, database: Database, clock: Clock) -> Iterator[SlideShelf]:
    assets = tmp_path / "assets"
    assets.mkdir()
    for asset_id, state in [("a1", "released"), ("a2", "awaiting_release"), ("a3", "refused")]:
        add_asset(database, asset_id, state)
        (assets / asset_id).symlink_to(canonical)
    shelf = SlideShelf(assets, database, clock.monotonic_s)
    yield shelf
    shelf.close()


def open_slides(canonical: Path) -> int:
    """How often the slide is open: how many of this process's descriptors are its slide.tif."""
    gc.collect()
    links = [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.exists()]  # noqa: PTH115
    return links.count(str(canonical.resolve() / "slide.tif"))


async def test_a_released_slide_is_there_for_everybody(shelf: SlideShelf) -> None:
    opened = await shelf.opened("a1", preview=False)
    assert opened.slide.info.width_px == 300
    assert shelf.remembered("a1", preview=False) is opened


async def test_a_slide_awaiting_release_is_there_only_as_a_preview(shelf: SlideShelf) -> None:
    assert await shelf.opened("a2", preview=True)
    assert shelf.remembered("a2", preview=False) is None
    with pytest.raises(NotFoundError):
        await shelf.opened("a2", preview=False)


@pytest.mark.parametrize("asset_id", ["a3", "nothing", "../a1", ""])
async def test_what_is_in_no_such_state_does_not_exist(shelf: SlideShelf, asset_id: str) -> None:
    with pytest.raises(NotFoundError):
        await shelf.opened(asset_id, preview=True)


async def test_another_process_s_change_shows_within_two_seconds(
    shelf: SlideShelf, database: Database, ambient: Ambient, clock: Clock
) -> None:
    assert await shelf.opened("a2", preview=True)
    database.write_now(lambda c: catalog.set_state(c, ambient, "a2", State.DISCARDED))
    assert shelf.remembered("a2", preview=True) is not None
    clock.turn(seconds=REMEMBERED_S + 0.01)
    assert shelf.remembered("a2", preview=True) is None
    with pytest.raises(NotFoundError):
        await shelf.opened("a2", preview=True)


async def test_a_change_of_our_own_shows_at_once(
    shelf: SlideShelf, database: Database, ambient: Ambient
) -> None:
    assert await shelf.opened("a2", preview=True)
    database.write_now(lambda c: catalog.set_state(c, ambient, "a2", State.DISCARDED))
    shelf.forget("a2")
    with pytest.raises(NotFoundError):
        await shelf.opened("a2", preview=True)


async def test_a_slide_that_leaves_the_shelf_stays_open_for_who_reads_it(
    shelf: SlideShelf, canonical: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf_module, "OPEN_SLIDES", 1)
    reading = await shelf.opened("a1", preview=True)
    await shelf.opened("a2", preview=True)
    assert shelf.remembered("a1", preview=True) is None
    assert reading.slide.read_tile(0, 0, 0).startswith(b"\xff\xd8")
    assert open_slides(canonical) == 2
    del reading
    await asyncio.to_thread(int)
    assert open_slides(canonical) == 1
    shelf.close()
    assert open_slides(canonical) == 0


async def test_hundreds_of_openings_leave_no_descriptor_behind(shelf: SlideShelf, canonical: Path) -> None:
    for _ in range(200):
        await shelf.opened("a1", preview=False)
        shelf.forget("a1")
    # The thread that opened the last one has its result in hand until its next errand.
    await asyncio.to_thread(int)
    assert open_slides(canonical) == 0


async def test_bytes_in_memory_are_the_file_s_bytes(shelf: SlideShelf) -> None:
    slide = (await shelf.opened("a1", preview=False)).slide
    for level in range(slide.info.deepzoom_level_count):
        stored = slide.read_tile(level, 0, 0)  # which brings it into memory
        assert read_if_in_memory(slide.locate(level, 0, 0), b"head") in (b"head" + stored, None)
    with pytest.raises(TileNotFoundError):
        slide.locate(99, 0, 0)


def test_bytes_that_are_not_all_there_are_not_handed_out(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"abc")
    with (tmp_path / "short").open("rb") as file:
        place = shelf_module.TileLocation(file.fileno(), 0, 4)
        assert read_if_in_memory(place, b"") is None


def test_an_opening_counts_once_a_minute_for_each_person_and_slide() -> None:
    openings = RecentOpenings()
    assert openings.is_new("anna", "a1", 0.0)
    assert not openings.is_new("anna", "a1", 59.0)
    assert openings.is_new("bert", "a1", 59.0)
    assert openings.is_new("anna", "a2", 59.0)
    assert openings.is_new("anna", "a1", 60.0)


async def test_a_change_made_in_one_process_shows_at_once_in_the_others(
    shelf: SlideShelf, tmp_path: Path, database: Database, ambient: Ambient, clock: Clock
) -> None:
    board = bytearray(board_bytes(2))
    here, there = (
        SlideShelf(tmp_path / "assets", database, clock.monotonic_s, Notices(board, place))
        for place in (0, 1)
    )
    assert await there.opened("a2", preview=True)
    database.write_now(lambda c: catalog.set_state(c, ambient, "a2", State.DISCARDED))
    here.forget("a2")
    assert there.remembered("a2", preview=True) is None
    with pytest.raises(NotFoundError):
        await there.opened("a2", preview=True)
    # Somebody else's slide is only looked up again: it has stayed open.
    assert await there.opened("a1", preview=False) is await there.opened("a1", preview=False)
    here.close()
    there.close()


async def test_an_answer_that_was_on_its_way_while_something_changed_is_not_remembered(
    shelf: SlideShelf, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_now = database.read_now

    def slow_read(work):
        found = read_now(work)
        shelf.forget("a1")
        return found

    monkeypatch.setattr(database, "read_now", slow_read)
    assert await shelf.opened("a1", preview=False)
    assert shelf.remembered("a1", preview=False) is None


async def test_another_scrub_s_result_is_opened_anew(
    shelf: SlideShelf, database: Database, ambient: Ambient, clock: Clock
) -> None:
    """The same id, another file: what lay open before must never be shown for it."""

    def convert_to(digest: str) -> None:
        database.write_now(lambda c: catalog.update_asset(c, ambient, "a2", {"canonical_sha256": digest}))

    convert_to("first")
    before = await shelf.opened("a2", preview=True)
    convert_to("second")
    clock.turn(seconds=REMEMBERED_S + 0.01)
    after = await shelf.opened("a2", preview=True)
    assert after is not before
    assert shelf.remembered("a2", preview=True) is after


async def test_only_what_is_released_is_final(
    shelf: SlideShelf, database: Database, ambient: Ambient
) -> None:
    assert (await shelf.opened("a1", preview=True)).is_final
    assert not (await shelf.opened("a2", preview=True)).is_final
    database.write_now(lambda c: catalog.set_state(c, ambient, "a2", State.RELEASED))
    shelf.forget("a2")
    assert (await shelf.opened("a2", preview=False)).is_final
