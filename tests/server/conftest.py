"""What tests of the server share: a database, a clock they can turn, cheap passwords, an application."""

import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from server.access import Role
from server.access.authenticator import Authenticator
from server.accounts import Account, Doer, Passwords
from server.ambient import Ambient, rfc3339
from server.config import Settings
from server.db import Database, upgrade
from server.db.schema import asset, clinical_case

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


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ambient(clock: Clock) -> Ambient:
    return Ambient(now=clock.now, random_bytes=random.Random(7).randbytes)  # noqa: S311


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", login_attempts=3, login_wait_s=60)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    settings.data.mkdir(mode=0o700)
    with Database(settings.data / "slidereel.sqlite") as database:
        upgrade(database)
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


def add_asset(database: Database, asset_id: str = "a1", state: str = "released") -> str:
    """Enter an asset without its file; returns its id."""
    now = rfc3339(datetime(2026, 11, 21, tzinfo=UTC))

    def work(connection) -> None:
        if connection.execute(clinical_case.select()).first() is None:
            connection.execute(clinical_case.insert().values(case_id="c1", name="CASE", created_at=now))
        connection.execute(
            asset.insert().values(
                asset_id=asset_id,
                case_id="c1",
                kind="slide",
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
