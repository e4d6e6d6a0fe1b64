"""Kept originals end when their days are over: their bytes and their key, and the audit log says so."""

from dataclasses import replace
from pathlib import Path

import pytest

from server import audit, jobs
from server.catalog import State
from server.config import Settings
from server.db import Database
from server.deid import Quarantine
from server.deid.policy import built_in_text
from server.ingest.convert_job import run_job
from server.ingest.intake import Intake
from server.ingest.recovery import recover
from server.ingest.retention import destroy_expired
from tests.server.conftest import BY, Clock

KEEP = 'originals = "keep"'
THIRTY = f"{KEEP}\nkeep_days = 30"


def by(settings: Settings, intake: Intake, originals: str) -> Intake:
    """The same folder under a policy that says this of originals."""
    text = built_in_text().replace('originals = "destroy"', originals)
    (settings.data / "policy.toml").write_text(text)
    return Intake(settings, intake.ambient, intake.database)


def released(intake: Intake, slide: Path, owner: jobs.Owner) -> str:
    asset_id = run_job(intake, intake.take_file(slide, None, BY, owner_id=owner.owner_id).job).asset_id
    assert intake.release(asset_id, BY).state is State.RELEASED
    return asset_id


def told(database: Database, asset_id: str) -> list[audit.AuditEvent]:
    return database.read_now(lambda c: audit.events(c, subject_id=asset_id))


def test_an_original_is_destroyed_when_its_days_are_over_and_not_before(
    intake: Intake, slide: Path, owner: jobs.Owner, settings: Settings, clock: Clock, database: Database
) -> None:
    keeping = by(settings, intake, THIRTY)
    asset_id = released(keeping, slide, owner)
    assert told(database, asset_id)[0].detail["original"] == "kept"
    path = keeping.quarantine.path(asset_id)
    with path.open("rb", buffering=0) as held:  # what a copy of the disk's blocks would show
        clock.turn(days=29, hours=23)
        recover(keeping)
        assert keeping.asset(asset_id).quarantine_key == asset_id and path.is_file()
        header = held.read(64)
        clock.turn(hours=1)
        assert (destroy_expired(keeping), destroy_expired(keeping)) == (1, 0)
        held.seek(0)
        assert held.read(64) != header, "the key is overwritten, not only unlinked"
    assert not path.exists() and not keeping.review_path(asset_id).exists()
    assert keeping.asset(asset_id).quarantine_key is None
    event = told(database, asset_id)[0]
    assert (event.action, event.actor) == ("original.destroyed", "system")
    assert (keeping.assets_dir / asset_id / "slide.tif").is_file(), "what was released stays"


def test_the_settings_keep_what_no_policy_destroys_then(
    intake: Intake, slide: Path, owner: jobs.Owner, settings: Settings, clock: Clock
) -> None:
    keeping = by(replace(settings, keep_originals=True), intake, THIRTY)
    asset_id = released(keeping, slide, owner)
    clock.turn(days=400)
    recover(keeping)
    assert list(keeping.quarantine.keys()) == [asset_id]


def test_an_original_is_kept_where_the_policy_then_or_the_policy_now_keeps_it(
    intake: Intake, slide: Path, owner: jobs.Owner, settings: Settings, clock: Clock
) -> None:
    asset_id = run_job(intake, intake.take_file(slide, None, BY, owner_id=owner.owner_id).job).asset_id
    keeping = by(settings, intake, THIRTY)
    keeping.release(asset_id, BY)
    other = by(settings, intake, KEEP)
    kept = released(other, slide, owner)
    assert sorted(keeping.quarantine.keys()) == sorted([asset_id, kept])
    clock.turn(days=31)
    recover(keeping)
    assert list(keeping.quarantine.keys()) == [kept], "whoever said for how long counts"


def test_a_clock_that_goes_back_destroys_nothing_and_a_crash_in_between_nothing_twice(
    intake: Intake,
    slide: Path,
    owner: jobs.Owner,
    settings: Settings,
    clock: Clock,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keeping = by(settings, intake, THIRTY)
    asset_id = released(keeping, slide, owner)
    clock.turn(days=-365)
    assert destroy_expired(keeping) == 0
    clock.turn(days=400)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):

        def end(*_args: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(Quarantine, "destroy", end)
        destroy_expired(keeping)
    assert list(keeping.quarantine.keys()) == [asset_id]
    recover(keeping)
    assert list(keeping.quarantine.keys()) == []
    assert [event.action for event in told(database, asset_id)].count("original.destroyed") == 1
