"""``slidereel quarantine``: status, a new master key, the end of a case's originals, purge."""

import argparse
import json
from collections.abc import Callable

import pytest

from server import audit, catalog, jobs
from server.cli import quarantine as command
from server.cli.opening import database_path
from server.config import Settings
from server.db import Database
from server.errors import NotFoundError, WrongStateError
from server.ingest.intake import Intake
from tests.server.conftest import BY

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(settings: Settings, intake: Intake, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        parser = argparse.ArgumentParser()
        command.register(parser.add_subparsers())
        args = parser.parse_args(["quarantine", *arguments])
        args.settings = settings
        code = args.run(args)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def intake(settings: Settings, ambient, database: Database) -> Intake:
    return Intake(settings, ambient, database)


def test_a_file_that_was_sealed_under_an_earlier_case_of_that_name_is_erased_with_its_key(
    run: Run, intake: Intake
) -> None:
    """The case was tidied away and made anew while the file was being sealed."""
    case_id = take_in(intake, "x", "CASE 7", "a1")
    intake.quarantine.destroy("a1")
    with intake.quarantine.create("a1", 5, {}, case_id="beef") as writer:
        writer.write(b"12345")
        writer.finish()
    assert set(intake.quarantine.cases.ids()) == {case_id, "beef"}
    assert run("erase-case", "CASE 7", "--yes")[0] == 0
    assert list(intake.quarantine.cases.ids()) == list(intake.quarantine.keys()) == []


def take_in(intake: Intake, name: str, case: str, asset_id: str, *, has_case_key: bool = True) -> str:
    """An asset in quarantine, as the reception leaves it; returns the case's id."""

    def work(connection) -> str:
        found, _ = catalog.get_or_create_case(connection, intake.ambient, case)
        new = catalog.NewAsset(
            asset_id, found.case_id, catalog.AssetKind.UNKNOWN, ".svs", 5, "system", asset_id
        )
        catalog.create_asset(connection, intake.ambient, new)
        return found.case_id

    case_id = intake.database.write_now(work)
    key_of = case_id if has_case_key else None
    with intake.quarantine.create(asset_id, 5, {"stem": name}, case_id=key_of) as writer:
        writer.write(b"12345")
        writer.finish()
    return case_id


def actions(intake: Intake) -> list[str]:
    return [event.action for event in intake.database.read_now(audit.events)]


def test_the_status_counts_and_opens_everything(run: Run, intake: Intake) -> None:
    take_in(intake, "one", "A", "a1")
    take_in(intake, "two", "A", "a2")
    take_in(intake, "three", "B", "b1", has_case_key=False)
    code, out, err = run("status")
    assert (code, err) == (0, "")
    assert "originals         3" in out
    told = json.loads(run("status", "--json")[1])
    assert (told["file_count"], told["case_count"], told["master_wrapped_count"]) == (3, 1, 1)


def test_what_cannot_be_opened_is_an_exit_code(run: Run, intake: Intake) -> None:
    take_in(intake, "one", "A", "a1")
    path = intake.quarantine.path("a1")
    path.write_bytes(path.read_bytes()[:100])
    code, _out, err = run("status")
    assert code == 1
    assert "1 of the originals cannot be opened" in err


def test_a_new_master_key_is_noted_in_the_audit_log(run: Run, intake: Intake) -> None:
    take_in(intake, "one", "A", "a1")
    before = intake.quarantine.cases.master.keys()
    code, out, err = run("rotate-key")
    assert (code, err) == (0, "")
    assert "1 of cases" in out
    assert intake.quarantine.cases.master.keys() != before
    assert intake.quarantine.describe("a1")[1] == {"stem": "one"}
    assert actions(intake)[0] == "quarantine.key_rotated"


def test_a_rotation_that_was_cut_short_is_told(run: Run, intake: Intake) -> None:
    intake.quarantine.cases.master.begin_replacing()
    assert "not finished" in run("status")[2]
    run("rotate-key")
    assert run("status")[2] == ""


def test_keys_that_open_with_nothing_are_an_exit_code(run: Run, intake: Intake) -> None:
    intake.quarantine.cases.folder.mkdir()
    intake.quarantine.cases.path("c1").write_bytes(b"x" * 70)
    code, _out, err = run("rotate-key")
    assert code == 1
    assert "1 keys" in err


@pytest.mark.parametrize("named_by", ["name", "id"])
def test_an_erased_case_has_no_originals_and_the_others_have(
    run: Run, intake: Intake, settings: Settings, named_by: str
) -> None:
    case_id = take_in(intake, "Doe Jane", "A", "a1")
    take_in(intake, "Doe Jane old", "A", "a2", has_case_key=False)
    take_in(intake, "Roe", "B", "b1")
    code, out, err = run("erase-case", "A" if named_by == "name" else case_id, "--yes")
    assert (code, err) == (0, "")
    assert out == f"{case_id} erased; originals destroyed: 2\n"
    assert list(intake.quarantine.keys()) == ["b1"]
    assert case_id not in intake.quarantine.cases.ids()
    assert [intake.asset(name).quarantine_key for name in ("a1", "a2", "b1")] == [None, None, "b1"]
    assert actions(intake)[:2] == ["case.erased", "case.erasing"]
    assert database_path(settings).is_file()


def test_without_a_yes_nothing_is_erased(run: Run, intake: Intake) -> None:
    take_in(intake, "one", "A", "a1")
    code, out, err = run("erase-case", "A")
    assert (code, out) == (1, "")
    assert "--yes" in err
    assert intake.quarantine.describe("a1")[1] == {"stem": "one"}
    assert actions(intake) == []


def test_a_case_that_does_not_exist_is_said(run: Run) -> None:
    with pytest.raises(NotFoundError):
        run("erase-case", "nobody", "--yes")


def test_a_case_that_is_being_worked_on_is_not_erased(run: Run, intake: Intake, ambient) -> None:
    take_in(intake, "one", "A", "a1")
    with jobs.Owner(intake.owners_dir, ambient) as owner:
        intake.database.write_now(
            lambda c: jobs.enqueue(c, ambient, kind="convert", asset_id="a1", owner_id=owner.owner_id)
        )
        with pytest.raises(WrongStateError):
            run("erase-case", "A", "--yes")
    assert intake.asset("a1").quarantine_key == "a1"
    assert intake.quarantine.describe("a1")[1] == {"stem": "one"}


async def test_an_upload_into_an_erased_case_is_forgotten(run: Run, intake: Intake, add_account) -> None:
    take_in(intake, "one", "A", "a1")
    account = await add_account()
    by = BY.__class__(account.account_id, "anna", "127.0.0.1")
    begun = intake.uploads.create(by, 100, "Doe.svs", "A")
    assert "originals destroyed: 2" in run("erase-case", "A", "--yes")[1]
    with pytest.raises(NotFoundError):
        intake.uploads.get(begun.upload_id, by)


def test_a_purge_says_how_many(run: Run, intake: Intake) -> None:
    take_in(intake, "one", "A", "a1")
    assert run("purge")[1] == "removed: 0\n"
    assert actions(intake) == []
    (intake.quarantine.root / "dead.review").write_bytes(b"x")
    assert run("purge")[1] == "removed: 1\n"
    assert actions(intake) == ["quarantine.purged"]
    assert intake.quarantine.describe("a1")[1] == {"stem": "one"}
