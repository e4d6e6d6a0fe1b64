"""A full disk in the middle of a save: refused with a sentence, and nothing acknowledged is lost."""

import asyncio
import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from server import audit
from server.access import Role, actor_for
from server.ambient import real_ambient
from server.annotating import Annotating
from server.db import Database, upgrade
from server.errors import OutOfSpaceError
from tests.server.conftest import add_asset, change_set, feature

CHANGES = "/api/v1/assets/a1/annotations/changes"


def limit_pages(database: Database, more: int | None) -> None:
    """Let the database grow by so many pages only; None lets it grow again."""

    def work(connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        limit = 2**30 if more is None else pages + more
        connection.exec_driver_sql(f"PRAGMA max_page_count = {limit}").scalar_one()

    database.write_now(work)


async def test_a_save_that_finds_the_disk_full_is_refused_whole_and_can_be_sent_again(sign_in, database):
    add_asset(database)
    anna = await sign_in(Role.ANNOTATOR)
    kept = feature()
    await anna.change("a1", 0, created=[kept])
    limit_pages(database, 3)
    large = change_set(created=[feature(name=f"{number} " + "x" * 400) for number in range(500)])
    head = {"If-Match": '"1"'}
    for _ in range(2):
        problem = await anna.problem(
            "POST", CHANGES, headers=head, json=large, status=507, kind="out-of-space"
        )
        assert "Nothing of this was saved" in problem["detail"]
    collection = await anna.json("GET", CHANGES.removesuffix("/changes"))
    assert (collection["revision"], [f["id"] for f in collection["features"]]) == (1, [kept["id"]])
    limit_pages(database, None)
    receipt = await anna.json("POST", CHANGES, headers=head, json=large)
    assert receipt["revision"] == 2
    report = database.read_now(audit.verify)
    assert report.broken_at is None


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 4 MiB, for which one has to be root."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, check=False, capture_output=True)  # noqa: S603
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)  # noqa: S603, S607


@pytest.mark.slow
def test_on_a_disk_that_is_really_full_every_acknowledged_change_is_kept(small_disk: Path):
    actor = actor_for("account", "anna", Role.ANNOTATOR)
    acknowledged: list[str] = []
    path = small_disk / "slidereel.sqlite"
    with Database(path) as database:
        upgrade(database)
        add_asset(database)
        annotating = Annotating(database, real_ambient())

        def save(change: dict) -> int:
            body = msgspec.json.encode(change)
            return asyncio.run(annotating.commit(actor, "a1", len(acknowledged), body, "test")).revision

        with pytest.raises(OutOfSpaceError):
            while True:
                change = change_set(created=[feature(name="x" * 400) for _ in range(20)])
                save(change)
                acknowledged.append(change["change_id"])
        assert acknowledged
    # A new process finds what the old one had acknowledged, on a disk that is still full.
    with Database(path) as database:
        annotating = Annotating(database, real_ambient())
        text = asyncio.run(annotating.changes_since(actor, "a1", 0))
        log = msgspec.json.decode(b"".join(text.chunks))
        assert [entry["change_id"] for entry in log["changes"]] == acknowledged
        assert database.read_now(audit.verify).broken_at is None
        assert database.read_now(lambda c: c.exec_driver_sql("PRAGMA integrity_check").scalar_one()) == "ok"
