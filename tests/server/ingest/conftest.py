"""An intake with its owner, and a slide that comes in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server import jobs
from server.ambient import Ambient
from server.config import Settings
from server.db import Database
from server.ingest.intake import Intake
from tests.server.ingest.slides import svs


@pytest.fixture
def intake(settings: Settings, ambient: Ambient, database: Database) -> Intake:
    return Intake(settings, ambient, database)


@pytest.fixture
def owner(intake: Intake, ambient: Ambient) -> Iterator[jobs.Owner]:
    with jobs.Owner(intake.owners_dir, ambient) as owner:
        yield owner


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    return svs(tmp_path / "from-the-scanner")
