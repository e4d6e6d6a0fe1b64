"""``kill -9`` of a whole server, converting processes and all, at any moment of a day's work with it."""

import asyncio
import base64
import contextlib
import http.client
import json
import random
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from argon2 import PasswordHasher

from server.access import Role
from server.access.authenticator import Authenticator
from server.accounts import Passwords
from server.ambient import real_ambient
from server.catalog import State
from server.config import Settings
from server.db import Database, upgrade
from server.ingest.intake import Intake
from server.ingest.recovery import recover
from tests.server.annotating.test_kill import serving
from tests.server.conftest import BY, PASSWORD
from tests.server.ingest.crash_site import agree, convert_really, every, status_is_true
from tests.server.ingest.slides import FILE_NAME

ROUNDS = 4
LONGEST_ROUND_S = 8.0
WAIT_LIMIT_S = 240.0
NAMED = base64.b64encode(FILE_NAME.encode()).decode()


class Officer:
    """A privacy officer who takes slides in and decides about them, whatever comes to his mind."""

    def __init__(self, token: str, slide: bytes, chance: random.Random) -> None:
        self.token, self.slide, self.chance = token, slide, chance

    def ask(self, origin: str, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body, {"Authorization": f"Bearer {self.token}", **named})
            answer = connection.getresponse()
            text = answer.read()
            is_json = "json" in answer.headers.get("Content-Type", "")
            return answer.status, json.loads(text) if is_json else answer.headers

    def assets(self, origin: str) -> list[dict[str, Any]]:
        return list(self.ask(origin, "GET", "/api/v1/assets")[1]["items"])

    def work_until_it_dies(self, origin: str) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            while True:
                known = self.assets(origin)
                if sum(asset["state"] != "released" for asset in known) < 3:
                    self.upload(origin)
                else:
                    self.decide(origin, self.chance.choice(known))

    def upload(self, origin: str) -> None:
        tus = {"Tus_Resumable": "1.0.0"}
        metadata = f"filename {NAMED},case {base64.b64encode(b'CASE 7').decode()}"
        size = str(len(self.slide))
        _, begun = self.ask(
            origin, "POST", "/api/v1/uploads", Upload_Length=size, Upload_Metadata=metadata, **tus
        )
        at = 0
        while at < len(self.slide):
            part = self.slide[at : at + self.chance.choice([20_000, 90_000])]
            how = {"Upload_Offset": str(at), "Content_Type": "application/offset+octet-stream", **tus}
            self.ask(origin, "PATCH", begun["Location"], part, **how)
            at += len(part)

    def decide(self, origin: str, asset: dict[str, Any]) -> None:
        path = f"/api/v1/assets/{asset['asset_id']}"
        signed = {"canonical_sha256": asset["canonical_sha256"]}
        decisions = {
            "awaiting_release": [
                ("release", signed), ("release", signed), ("scrub", {"profile": "strict"}), ("scrub", {}),
                ("reject", {"reason": "other"}), ("discard", {}),
            ],
            "refused": [("retry", {}), ("scrub", {"profile": "standard"}), ("discard", {})],
            "quarantined": [("cancel", {}), ("retry", {})],
        }.get(asset["state"])  # fmt: skip
        if decisions is None or (asset["progress"] is not None and self.chance.random() < 0.9):
            time.sleep(0.05)
            return
        decision, body = self.chance.choice(decisions)
        sent = json.dumps(body).encode()
        status, answer = self.ask(origin, "POST", f"{path}/{decision}", sent, Content_Type="application/json")
        assert status in (200, 409), answer


def prepare(data: Path) -> dict[Role, str]:
    """A data folder with an account in each of two roles; their API tokens."""
    data.mkdir(mode=0o700)
    with Database(data / "slidereel.sqlite") as database:
        upgrade(database)
        cheap = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        authenticator = Authenticator(database, real_ambient(), Settings(data=data), passwords=cheap)

        async def token(role: Role) -> str:
            account = await authenticator.accounts.add(role, role, PASSWORD, BY)
            return (await authenticator.api_tokens.create(account.account_id, "test", BY)).token

        return {role: asyncio.run(token(role)) for role in (Role.PRIVACY_OFFICER, Role.ANNOTATOR)}


def nobody_outside_sees_what_is_not_released(officer: Officer, annotator: Officer, origin: str) -> None:
    hidden = {asset["asset_id"] for asset in officer.assets(origin) if asset["state"] != "released"}
    assert hidden.isdisjoint(asset["asset_id"] for asset in annotator.assets(origin))
    for asset_id in hidden:
        for path in (f"assets/{asset_id}", f"slides/{asset_id}/thumbnail.jpg"):
            assert annotator.ask(origin, "GET", f"/api/v1/{path}")[0] == 404


def wait_until_nothing_is_going_on(data: Path) -> None:
    ends_s = time.monotonic() + WAIT_LIMIT_S
    with contextlib.closing(sqlite3.connect(data / "slidereel.sqlite", timeout=20)) as database:
        while database.execute("SELECT count(*) FROM job WHERE state IN ('queued', 'running')").fetchone()[0]:
            assert time.monotonic() < ends_s, "a job hangs"
            time.sleep(0.2)


@pytest.mark.slow
def test_a_server_killed_at_any_moment_goes_on_and_has_lost_and_shown_nothing(tmp_path: Path) -> None:
    data, chance = tmp_path / "data", random.Random(7)  # noqa: S311
    made = convert_really(tmp_path / "made")
    tokens = prepare(data)
    slide = made.source.read_bytes()
    officer = Officer(tokens[Role.PRIVACY_OFFICER], slide, chance)
    annotator = Officer(tokens[Role.ANNOTATOR], slide, chance)
    for _ in range(ROUNDS):
        with serving(data) as (process, origin):
            nobody_outside_sees_what_is_not_released(officer, annotator, origin)
            killer = threading.Timer(chance.uniform(0.1, LONGEST_ROUND_S), process.kill)
            killer.start()
            officer.work_until_it_dies(origin)
            killer.join()
    with serving(data) as (_process, origin):
        wait_until_nothing_is_going_on(data)
        nobody_outside_sees_what_is_not_released(officer, annotator, origin)
    with Database(data / "slidereel.sqlite") as database:
        intake = Intake(Settings(data=data), real_ambient(), database)
        recover(intake)
        agree(intake, made, is_erased=False, keep=False)
        status_is_true(intake)
        assert not [asset for asset in every(intake) if asset.state in (State.CONVERTING, State.VERIFYING)]
