"""An upload's turn: one at a time, the newest wins, in one process and among several."""

import asyncio
from pathlib import Path

import pytest

from server.errors import StorageError
from server.ingest import turns as turns_module
from server.ingest.turns import Turns


@pytest.mark.parametrize("is_one_process", [True, False])
async def test_the_newer_breaks_the_older_off_and_waits_until_it_has_let_go(
    tmp_path: Path, is_one_process: bool
) -> None:
    """Two ``Turns`` share nothing but the folder, as two processes do."""
    first = Turns(tmp_path / "run")
    second = first if is_one_process else Turns(tmp_path / "run")
    told, events = asyncio.Event(), []

    async def older() -> None:
        async with first.take("u1", told.set):
            await told.wait()
            await asyncio.sleep(0.02)  # saves what it has
            events.append("older is done")

    task = asyncio.create_task(older())
    await asyncio.sleep(0)
    async with second.take("u1", lambda: None):
        events.append("newer begins")
    await task
    assert events == ["older is done", "newer begins"]
    assert not list((tmp_path / "run").iterdir())


async def test_many_at_once_are_never_two(tmp_path: Path) -> None:
    inside, most = 0, 0

    async def one(turns: Turns) -> None:
        nonlocal inside, most
        async with turns.take("u1", lambda: None):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(one(Turns(tmp_path / "run")) for _ in range(20)))
    assert most == 1


async def test_uploads_do_not_wait_for_each_other(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "run")
    async with turns.take("u1", lambda: None), turns.take("u2", lambda: None):
        pass


async def test_who_waits_too_long_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "TURN_WAIT_S", 0.05)
    for other in (Turns(tmp_path / "run"), None):
        mine = Turns(tmp_path / "run")
        async with (other or mine).take("u1", lambda: None):
            with pytest.raises(StorageError):
                async with mine.take("u1", lambda: None):
                    pass
