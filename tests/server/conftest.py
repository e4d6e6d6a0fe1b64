"""What tests of the server share: a database, a clock they can turn, cheap passwords, an application."""

import logging
import random
import shutil
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from argon2 import PasswordHasher

from server.access import Role
from server.access.authenticator import Authenticator
from server.accounts import Account, Doer, Passwords
from server.ambient import Ambient, rfc3339
from server.api.gate import SESSION_COOKIE
from server.app import create_app
from server.config import Settings
from server.db import Database, upgrade
from server.db.schema import account, asset, clinical_case

PASSWORD = "correct horse battery"
BY = Doer(None, "command line", "command line")


@dataclass
class Clock:
    """A clock that stands still until a test turns it; it serves as the monotonic one too."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 11, 21, 12, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.moment

    def monotonic_s(self) -> float:
        return self.moment.timestamp()

    def turn(self, **by: float) -> None:
        self.moment += timedelta(**by)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command configures the logs for its process; the next test must not write to its streams."""
    handlers = logging.root.handlers[:]
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ambient(clock: Clock) -> Ambient:
    return Ambient(now=clock.now, random_bytes=random.Random(7).randbytes)  # noqa: S311


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", login_attempts=3, login_wait_s=60)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database at the newest schema, made once and copied for each test."""
    path = tmp_path_factory.mktemp("empty") / "slidereel.sqlite"
    with Database(path) as database:
        upgrade(database)
    return path


@pytest.fixture
def database(settings: Settings, empty_database: Path) -> Iterator[Database]:
    settings.data.mkdir(mode=0o700)
    shutil.copy(empty_database, settings.data / "slidereel.sqlite")
    with Database(settings.data / "slidereel.sqlite") as database:
        yield database


@pytest.fixture
def passwords() -> Passwords:
    """Real argon2id with the smallest parameters it takes: the default ones cost 0.1 s each time."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def authenticator(
    database: Database, ambient: Ambient, settings: Settings, passwords: Passwords, clock: Clock
) -> Authenticator:
    return Authenticator(database, ambient, settings, passwords=passwords, monotonic_s=clock.monotonic_s)


AddAccount = Callable[..., Awaitable[Account]]


@pytest.fixture
def add_account(authenticator: Authenticator) -> AddAccount:
    """Add an account with ``PASSWORD``."""

    async def add(username: str = "anna", role: str = Role.ADMIN) -> Account:
        return await authenticator.accounts.add(username, role, PASSWORD, BY)

    return add


@pytest.fixture
async def server(
    aiohttp_client: Callable[..., Awaitable[TestClient]],
    settings: Settings,
    database: Database,
    ambient: Ambient,
) -> TestClient:
    """The application on a port, with nobody signed in."""
    return await aiohttp_client(create_app(settings, database, ambient, run_jobs=False))


@dataclass
class Person:
    """Somebody at a browser or a program: asks with his own session or token."""

    client: TestClient
    account: Account | None
    headers: dict[str, str]

    def ask(self, method: str, path: str, **how: Any) -> Awaitable[ClientResponse]:
        headers = {**self.headers, **how.pop("headers", {})}
        if "Cookie" in headers:
            # Several people share the test's client: nobody gets what another one's answer set.
            self.client.session.cookie_jar.clear()
        return self.client.request(method, path, headers=headers, **how)

    async def json(self, method: str, path: str, *, status: int = 200, **how: Any) -> Any:
        """The answer's JSON, after checking its status."""
        response = await self.ask(method, path, **how)
        assert response.status == status, await response.text()
        return None if status == 204 else await response.json(content_type=None)

    async def problem(self, method: str, path: str, *, status: int, kind: str, **how: Any) -> Any:
        """The problem document, after checking what it says."""
        response = await self.ask(method, path, **how)
        assert response.status == status, await response.text()
        assert response.content_type == "application/problem+json"
        body = await response.json(content_type=None)
        assert body["type"] == f"/problems/{kind}"
        assert body["status"] == status
        assert body["reference"]
        return body

    async def change(self, asset_id: str, revision: int, **change: Any) -> Any:
        """Post a ChangeSet; returns the receipt."""
        path = f"/api/v1/assets/{asset_id}/annotations/changes"
        return await self.json("POST", path, headers={"If-Match": f'"{revision}"'}, json=change_set(**change))


SignIn = Callable[..., Awaitable[Person]]


@pytest.fixture
def sign_in(server: TestClient, authenticator: Authenticator, add_account: AddAccount) -> SignIn:
    """A person with a session in that role, made directly: the argon2 of signing in takes 0.1 s."""

    async def sign_in(role: str = Role.ADMIN, username: str | None = None) -> Person:
        account = await add_account(username or str(role), role)
        begun = await authenticator.sessions.renew(account.account_id)
        return Person(server, account, {"Cookie": f"{SESSION_COOKIE}={begun.token}"})

    return sign_in


@pytest.fixture
def nobody(server: TestClient) -> Person:
    """Somebody who is not signed in."""
    return Person(server, None, {})


def feature(geometry: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    """A feature as a browser sends it; a triangle unless said otherwise."""
    triangle = {"type": "Polygon", "coordinates": [[[0.1, 0.2], [100.3, 0.2], [50.5, 80.7], [0.1, 0.2]]]}
    return {
        "type": "Feature",
        "id": str(uuid.uuid4()),
        "geometry": geometry or triangle,
        "properties": {"class_id": None, **properties},
    }


def change_set(**parts: Any) -> dict[str, Any]:
    """A ChangeSet as a browser sends it."""
    return {"change_id": str(uuid.uuid4()), "created": [], "updated": [], "deleted": [], **parts}


def add_officer(database: Database, by: Doer) -> None:
    """Enter an account that may release assets; nobody signs in to it."""
    values = {
        "account_id": by.account_id,
        "username": by.name,
        "role": Role.PRIVACY_OFFICER,
        "password_hash": "none",
        "created_at": rfc3339(datetime(2026, 11, 21, tzinfo=UTC)),
    }
    database.write_now(lambda c: c.execute(account.insert().values(values)))


def add_asset(database: Database, asset_id: str = "a1", state: str = "released", kind: str = "slide") -> str:
    """Enter an asset without its file; returns its id."""
    now = rfc3339(datetime(2026, 11, 21, tzinfo=UTC))

    def work(connection) -> None:
        if connection.execute(clinical_case.select()).first() is None:
            connection.execute(clinical_case.insert().values(case_id="c1", name="CASE", created_at=now))
        connection.execute(
            asset.insert().values(
                asset_id=asset_id,
                case_id="c1",
                kind=kind,
                state=state,
                source_suffix=".svs",
                source_bytes=1,
                created_by="system",
                created_at=now,
                updated_at=now,
                width_px=60_000,
                height_px=40_000,
                mpp=0.25,
            )
        )

    database.write_now(work)
    return asset_id
