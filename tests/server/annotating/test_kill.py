"""``kill -9`` in the middle of saves: what was acknowledged is there, and nothing is there by half."""

import asyncio
import contextlib
import json
import random
import re
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from server import audit
from server.access import Role
from server.access.authenticator import Authenticator
from server.accounts import Passwords
from server.ambient import real_ambient
from server.config import Settings
from server.db import Database, upgrade
from tests.server.conftest import BY, PASSWORD, add_asset, change_set, feature

ROUNDS = 6
START_LIMIT_S = 60.0
PATH = "/api/v1/assets/a1/annotations"
SERVE = [sys.executable, "-c", "import sys; from server.cli import main; sys.exit(main())", "serve"]
ROOT = Path(__file__).resolve().parents[3]


def prepare(data: Path) -> str:
    """A data folder with a released asset; returns the API token of an annotator."""
    data.mkdir(mode=0o700)
    with Database(data / "slidereel.sqlite") as database:
        upgrade(database)
        add_asset(database)
        cheap = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        authenticator = Authenticator(database, real_ambient(), Settings(data=data), passwords=cheap)

        async def token() -> str:
            account = await authenticator.accounts.add("anna", Role.ANNOTATOR, PASSWORD, BY)
            return (await authenticator.api_tokens.create(account.account_id, "test", BY)).token

        return asyncio.run(token())


@contextlib.contextmanager
def serving(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A real server process on a free port; if it still lives at the end, it is killed there too."""
    process = subprocess.Popen(  # noqa: S603 - our own server
        [*SERVE, "--data", data, "--port", "0"], stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stderr is not None
        limit = threading.Timer(START_LIMIT_S, process.kill)
        limit.start()
        lines = []
        for line in process.stderr:
            lines.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        else:
            pytest.fail("the server did not start:\n" + "".join(lines))
        limit.cancel()
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield process, found.group()
    finally:
        process.kill()
        process.wait()


class Client:
    """An annotator whose browser keeps what was not acknowledged and sends it again."""

    def __init__(self, token: str, chance: random.Random) -> None:
        self.token = token
        self.chance = chance
        self.acknowledged: dict[str, int] = {}
        self.pending: dict[str, Any] | None = None
        self.mine: set[str] = set()

    def ask(self, origin: str, path: str, body: Any = None, head: int | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own server
            origin + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}"},
        )
        if head is not None:
            request.add_header("If-Match", f'"{head}"')
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - our own server
            return json.load(response)

    def save_until_it_dies(self, origin: str, head: int) -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                change = self.pending or self.make_change()
                self.pending = change
                receipt = self.ask(origin, PATH + "/changes", change, head)
                head = receipt["revision"]
                self.acknowledged[change["change_id"]] = head
                self.mine |= {f["id"] for f in change["created"]}
                self.mine -= set(change["deleted"])
                self.pending = None

    def make_change(self) -> dict[str, Any]:
        gone = self.chance.sample(sorted(self.mine), min(len(self.mine), self.chance.randrange(4)))
        size = self.chance.choice([1, 1, 1, 20, 300])
        return change_set(created=[feature(name="x" * 100) for _ in range(size)], deleted=gone)


def check(client: Client, origin: str, data: Path) -> int:
    """Everything acknowledged is there, entirely; returns the head."""
    log, since = [], 0
    while part := client.ask(origin, f"{PATH}/changes?since={since}")["changes"]:
        log += part
        since = part[-1]["revision"]
    assert [entry["revision"] for entry in log] == list(range(1, len(log) + 1))
    revisions = {entry["change_id"]: entry["revision"] for entry in log}
    assert client.acknowledged.items() <= revisions.items()
    unanswered = {client.pending["change_id"]} if client.pending else set()
    assert revisions.keys() - client.acknowledged.keys() <= unanswered
    state: dict[str, Any] = {}
    for entry in log:
        state |= {f["id"]: f["geometry"] for f in entry["created"] + entry["updated"]}
        for gone in entry["deleted"]:
            del state[gone]
    collection = client.ask(origin, PATH)
    assert collection["revision"] == len(log)
    assert {f["id"]: f["geometry"] for f in collection["features"]} == state
    boxed = client.ask(origin, PATH + "?bbox=0,0,100000,100000")["features"]
    assert {f["id"] for f in boxed} == state.keys()
    with Database(data / "slidereel.sqlite") as database:
        assert database.read_now(audit.verify).broken_at is None
        events = database.read_now(lambda c: audit.events(c, subject_id="a1", limit=100_000))
        assert sorted(event.detail["revision"] for event in events) == list(range(1, len(log) + 1))
    with sqlite3.connect(f"file:{data / 'slidereel.sqlite'}?mode=ro", uri=True) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return len(log)


@pytest.mark.slow
def test_a_server_killed_while_saving_has_kept_all_it_acknowledged_and_nothing_by_half(tmp_path):
    chance = random.Random(20261121)  # noqa: S311 - a repeatable test
    data = tmp_path / "data"
    client = Client(prepare(data), chance)
    for done in range(ROUNDS):
        with serving(data) as (process, origin):
            head = check(client, origin, data)
            saver = threading.Thread(target=client.save_until_it_dies, args=(origin, head))
            saver.start()
            time.sleep(chance.uniform(0.05, 1.5))
            while len(client.acknowledged) <= done + 1 and saver.is_alive():  # a slow machine has its time
                time.sleep(0.01)
            process.kill()
            saver.join(timeout=60)
            assert not saver.is_alive()
    with serving(data) as (_, origin):
        assert check(client, origin, data) >= len(client.acknowledged) > ROUNDS
