"""What a start finds after a crash at any step, and makes of it."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest
import sqlalchemy as sa
import structlog

from server import audit, catalog, jobs
from server.accounts import Doer
from server.catalog import State
from server.db import Database
from server.db.schema import asset as asset_table
from server.ingest import convert_job
from server.ingest.convert_job import run_job
from server.ingest.intake import Intake
from server.ingest.recovery import recover
from tests.server.conftest import BY, Clock, add_officer
from tests.server.ingest.slides import svs


class DiedError(BaseException):
    """Stands for the process's end at this very point: nothing may be done about it."""


def die(*_args: object, **_more: object) -> None:
    raise DiedError


def dead_owner(intake: Intake) -> str:
    with jobs.Owner(intake.owners_dir, intake.ambient) as owner:
        return owner.owner_id


def claim_and_run(intake: Intake) -> catalog.Asset:
    with jobs.Owner(intake.owners_dir, intake.ambient) as owner:
        job = intake.database.write_now(
            lambda c: jobs.claim(c, intake.ambient, owner.owner_id, intake.is_alive)
        )
        assert job is not None
        return run_job(intake, job)


def folders(intake: Intake) -> tuple[list[str], list[str], list[str]]:
    return (
        [p.name for p in intake.work_dir.iterdir()],
        [p.name for p in intake.assets_dir.iterdir()],
        list(intake.quarantine.keys()),
    )


def test_a_sealed_file_without_a_row_is_destroyed(
    intake: Intake, slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "enter", die)
    monkeypatch.setattr(type(intake.quarantine), "destroy", die)
    with pytest.raises(DiedError):
        intake.take_file(slide, None, BY)
    monkeypatch.undo()
    assert len(folders(intake)[2]) == 1
    recover(intake)
    assert folders(intake) == ([], [], [])


def test_a_file_that_a_living_process_is_sealing_is_left_alone(intake: Intake) -> None:
    with intake.quarantine.create("beef", 10, {}):
        recover(intake)
        assert folders(intake)[2] == ["beef"]
    recover(intake)
    assert folders(intake)[2] == []


def test_a_dead_process_s_conversion_is_done_again(intake: Intake, slide: Path, database: Database) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=dead_owner(intake))
    database.write_now(lambda c: catalog.set_state(c, intake.ambient, arrival.asset_id, State.CONVERTING))
    half = intake.work_dir / f"{arrival.job.job_id}-1"
    half.mkdir()
    (half / "slide.tif").write_bytes(b"half")
    recover(intake)
    assert folders(intake)[0] == []
    assert intake.asset(arrival.asset_id).state is State.QUARANTINED
    assert claim_and_run(intake).state is State.AWAITING_RELEASE


@pytest.mark.parametrize("state", [State.CONVERTING, State.VERIFYING])
def test_a_running_server_takes_over_from_a_killed_command_without_a_restart(
    intake: Intake, slide: Path, database: Database, state: State
) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=dead_owner(intake))
    for step in (State.CONVERTING, State.VERIFYING):
        database.write_now(lambda c, step=step: catalog.set_state(c, intake.ambient, arrival.asset_id, step))
        if step is state:
            break
    (intake.work_dir / f"{arrival.job.job_id}-1").mkdir()
    assert claim_and_run(intake).state is State.AWAITING_RELEASE
    assert folders(intake)[0] == []


def test_what_a_living_process_converts_is_left_alone(
    intake: Intake, slide: Path, owner: jobs.Owner, database: Database
) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    database.write_now(lambda c: catalog.set_state(c, intake.ambient, arrival.asset_id, State.CONVERTING))
    half = intake.work_dir / f"{arrival.job.job_id}-1"
    half.mkdir()
    recover(intake)
    assert half.is_dir()
    assert intake.asset(arrival.asset_id).state is State.CONVERTING


@pytest.mark.parametrize("step", ["server.catalog.set_state", "server.audit.record"])
def test_a_folder_in_its_place_without_the_state_is_removed_and_made_again(
    intake: Intake, slide: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The process dies between the renaming of the folder and the commit."""
    arrival = intake.take_file(slide, None, BY, owner_id=dead_owner(intake))
    original = convert_job._report_columns
    monkeypatch.setattr(
        convert_job, "_report_columns", lambda r: (monkeypatch.setattr(step, die), original(r))[1]
    )
    monkeypatch.setattr(convert_job.shutil, "rmtree", lambda *_a, **_k: None)
    with pytest.raises(DiedError):
        run_job(intake, arrival.job)
    monkeypatch.undo()
    assert folders(intake)[1] == [arrival.asset_id]
    recover(intake)
    assert folders(intake) == ([], [], [arrival.asset_id])
    assert claim_and_run(intake).state is State.AWAITING_RELEASE


def test_an_original_that_was_not_destroyed_in_time_is_destroyed_at_the_next_start(
    intake: Intake, slide: Path, owner: jobs.Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    run_job(intake, arrival.job)
    monkeypatch.setattr(type(intake.quarantine), "destroy", die)
    with pytest.raises(DiedError):
        intake.release(arrival.asset_id, BY)
    monkeypatch.undo()
    recover(intake)
    assert folders(intake) == ([], [arrival.asset_id], [])
    assert intake.asset(arrival.asset_id).state is State.RELEASED


def test_a_discarded_asset_s_files_go_at_the_next_start(
    intake: Intake, slide: Path, owner: jobs.Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    run_job(intake, arrival.job)
    monkeypatch.setattr(type(intake.quarantine), "destroy", die)
    with pytest.raises(DiedError):
        intake.discard(arrival.asset_id, BY)
    monkeypatch.undo()
    recover(intake)
    assert folders(intake) == ([], [], [])


def test_a_file_that_takes_its_process_down_three_times_is_refused(
    intake: Intake, slide: Path, database: Database
) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=dead_owner(intake))
    for _ in range(jobs.ATTEMPT_LIMIT - 1):
        recover(intake)
        assert intake.asset(arrival.asset_id).state is State.QUARANTINED
        dead = dead_owner(intake)
        assert database.write_now(lambda c, dead=dead: jobs.claim(c, intake.ambient, dead, intake.is_alive))
    recover(intake)
    asset = intake.asset(arrival.asset_id)
    assert asset.state is State.REFUSED
    assert asset.problem is not None and "3 times" in asset.problem.detail


def test_a_cancelled_job_of_a_dead_process_stays_cancelled(
    intake: Intake, slide: Path, database: Database
) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=dead_owner(intake))
    intake.cancel(arrival.asset_id, BY)
    recover(intake)
    asset = intake.asset(arrival.asset_id)
    assert asset.state is State.QUARANTINED
    assert asset.problem is not None and asset.problem.kind == "cancelled"
    assert not database.read_now(jobs.any_unfinished)


def test_a_canonical_folder_that_no_row_knows_is_left_for_a_person(intake: Intake) -> None:
    """A database restored from a backup is older than the files: destroying them would be the damage."""
    (intake.assets_dir / "0123456789abcdef").mkdir()
    recover(intake)
    assert folders(intake)[1] == ["0123456789abcdef"]


def test_what_somebody_put_beside_our_files_is_left_alone_and_its_name_is_not_logged(intake: Intake) -> None:
    (intake.assets_dir / "Doe, Jane").mkdir()
    (intake.quarantine.root / "Doe, Jane.sealed").write_bytes(b"?")
    with structlog.testing.capture_logs() as logs:
        recover(intake)
    assert [entry["event"] for entry in logs] == ["unknown asset folder"]
    assert "Doe" not in str(logs)
    assert (intake.assets_dir / "Doe, Jane").is_dir()
    assert (intake.quarantine.root / "Doe, Jane.sealed").is_file()


def test_a_silent_owner_loses_his_job_and_cannot_publish_afterwards(
    intake: Intake, slide: Path, owner: jobs.Owner, clock: Clock, database: Database
) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    clock.turn(seconds=jobs.LEASE_S + 1)
    with jobs.Owner(intake.owners_dir, intake.ambient) as other:
        taken = database.write_now(lambda c: jobs.claim(c, intake.ambient, other.owner_id, intake.is_alive))
        assert taken is not None and taken.job_id == arrival.job.job_id
        run_job(intake, arrival.job)
        assert intake.asset(arrival.asset_id).state is State.QUARANTINED
        assert run_job(intake, taken).state is State.AWAITING_RELEASE


def test_recovery_twice_is_recovery_once(intake: Intake, slide: Path, owner: jobs.Owner) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    run_job(intake, arrival.job)
    before = intake.asset(arrival.asset_id), folders(intake)
    recover(intake)
    recover(intake)
    assert (intake.asset(arrival.asset_id), folders(intake)) == before


def test_states_and_sealed_files_never_disagree(intake: Intake, tmp_path: Path, database: Database) -> None:
    for number in range(3):
        intake.take_file(svs(tmp_path / str(number)), None, BY)
    recover(intake)
    keys = database.read_now(lambda c: c.execute(sa.select(asset_table.c.quarantine_key)).scalars().all())
    assert sorted(keys) == sorted(intake.quarantine.keys())


def test_a_killed_owner_is_known_to_be_dead_at_once(intake: Intake) -> None:
    ready, child = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_hold, args=(intake, child), daemon=True)
    process.start()
    owner_id = ready.recv()
    assert intake.is_alive(owner_id)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert not intake.is_alive(owner_id)
    intake.is_alive.sweep()
    assert list(intake.owners_dir.iterdir()) == []


def _hold(intake: Intake, pipe: "multiprocessing.connection.Connection") -> None:
    owner = jobs.Owner(intake.owners_dir, intake.ambient)
    pipe.send(owner.owner_id)
    signal.pause()
    owner.close()


def cases(intake: Intake) -> tuple[list[str], list[str]]:
    """The names of the cases, and the ids of those that have a key."""
    page = intake.database.read_now(lambda c: catalog.list_cases(c, intake=True))
    return [item.case.name for item in page.items], list(intake.quarantine.cases.ids())


def test_a_file_that_did_not_come_in_leaves_no_case(
    intake: Intake, slide: Path, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setattr(intake, "enter", fail)
    with pytest.raises(OSError, match="broken"):
        intake.take_file(slide, "CASE 7", BY)
    assert cases(intake) == ([], [])
    made, removed = reversed(database.read_now(audit.events))
    assert (made.action, removed.action) == ("case.created", "case.removed")
    assert (removed.subject_id, removed.actor, removed.detail) == (made.subject_id, "system", {})


def fail(*_args: object, **_more: object) -> None:
    raise OSError("broken")


def test_an_upload_that_is_given_up_or_expires_leaves_no_case(intake: Intake, clock: Clock) -> None:
    by = Doer("u1", "anna", "10.0.0.1")
    add_officer(intake.database, by)
    given_up = intake.uploads.create(by, 5, "x.svs", "CASE 7")
    assert len(cases(intake)[0]) == 1
    intake.uploads.end(given_up.upload_id, by)
    assert cases(intake) == ([], [])
    intake.uploads.create(by, 5, "x.svs", "CASE 8")
    clock.turn(days=30)
    intake.uploads.sweep()
    assert cases(intake) == ([], [])


def test_a_case_that_something_else_is_of_or_is_to_be_of_stays(
    intake: Intake, slide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = Doer("u1", "anna", "10.0.0.1")
    add_officer(intake.database, by)
    kept = [
        intake.uploads.create(by, 5, "x.svs", "awaited"),
        intake.uploads.create(by, 5, "x.svs", "awaited"),
    ]
    intake.uploads.end(kept.pop().upload_id, by)
    asset_id = intake.take_file(slide, "discarded", BY).asset_id
    intake.discard(asset_id, BY)
    monkeypatch.setattr(intake, "enter", fail)
    with pytest.raises(OSError, match="broken"):
        intake.take_file(svs(tmp_path / "second"), "discarded", BY)
    recover(intake)
    assert sorted(cases(intake)[0]) == ["awaited", "discarded"]


def test_a_file_that_is_being_sealed_keeps_its_case(intake: Intake, slide: Path) -> None:
    """Nothing in the database tells of it yet; the file itself names its case."""
    seen: list[list[str]] = []

    def progress(_done: int, _total: int) -> None:
        recover(intake)
        seen.append(cases(intake)[0])

    arrival = intake.take_file(slide, "CASE 7", BY, progress=progress)
    assert seen == [["CASE 7"]]
    with intake.quarantine.reader(arrival.asset_id) as original:
        assert original.read_at(0, original.size_bytes) == slide.read_bytes()


def test_a_case_that_was_tidied_between_its_making_and_the_sealing_comes_back_under_its_id(
    intake: Intake, slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = intake.case_id
    monkeypatch.setattr(intake, "case_id", lambda *named: (case_id(*named), intake.tidy_cases())[0])
    asset = intake.asset(intake.take_file(slide, "CASE 7", BY).asset_id)
    assert intake.quarantine.case_of(asset.asset_id) == asset.case_id
    assert cases(intake) == (["CASE 7"], [asset.case_id])
