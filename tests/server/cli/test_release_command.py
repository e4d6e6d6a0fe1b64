"""``slidereel release``: it says what it signs for, and can be told what alone to sign for."""

from pathlib import Path

import pytest

from server import audit, jobs
from server.cli import main
from server.config import Settings
from server.db import Database
from server.ingest.convert_job import run_job
from server.ingest.intake import Intake
from tests.server.conftest import BY
from tests.server.ingest.slides import svs


def test_a_mistyped_data_folder_is_one_sentence_and_is_not_made(tmp_path, capsys):
    mistyped = tmp_path / "slidreel-data"
    code = main(["release", "a1", "--data", str(mistyped)])
    assert code == 1
    assert "say where it is with --data" in capsys.readouterr().err
    assert not mistyped.exists()


def test_an_asset_that_is_not_there_is_named_with_a_reference(database, settings, capsys):
    code = main(["release", "nowhere", "--data", str(settings.data)])
    assert code == 1
    error = capsys.readouterr().err
    assert error.startswith("slidereel: nowhere: ")
    assert "(reference " in error


def test_what_is_signed_for_is_named_and_nothing_else_is(
    tmp_path: Path,
    settings: Settings,
    database: Database,
    ambient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    intake = Intake(settings, ambient, database)
    with jobs.Owner(intake.owners_dir, ambient) as owner:
        arrival = intake.take_file(svs(tmp_path / "scanner"), None, BY, owner_id=owner.owner_id)
        asset = run_job(intake, arrival.job)
    release = ["release", asset.asset_id, "--data", str(settings.data), "--sha256"]
    assert main([*release, "0" * 64]) == 1
    assert "scrubbed again" in capsys.readouterr().err
    assert main(["release", "a1", *release[1:], str(asset.canonical_sha256)]) == 1
    assert "a single ASSET_ID" in capsys.readouterr().err
    assert main([*release, str(asset.canonical_sha256)]) == 0
    assert capsys.readouterr().out == f"{asset.asset_id} released {asset.canonical_sha256}\n"
    (event,) = database.read_now(lambda c: audit.events(c, subject_id=asset.asset_id, limit=1))
    assert event.detail["was_named"] is True
