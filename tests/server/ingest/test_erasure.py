"""A case's end is an order that is carried out at latest by the next start, once, and hits nothing newer."""

from pathlib import Path

import pytest

from server import audit
from server.db import Database
from server.deid import CaseErasedError, Quarantine
from server.ingest.erasure import end_erasures, erase_case
from server.ingest.intake import Intake
from server.ingest.reception import SYSTEM
from server.ingest.recovery import recover
from tests.server.conftest import BY

CASE = "CASE 7"


def ordered_only(intake: Intake, case_id: str) -> None:
    """The command's process ends between its transaction and the key."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):

        def end(*_args: object, **_how: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(Quarantine, "erase_case", end)
        erase_case(intake, case_id, BY)


def told(database: Database, case_id: str) -> list[tuple[str, str]]:
    events = reversed(database.read_now(lambda c: audit.events(c, subject_id=case_id)))
    return [(event.action, event.actor) for event in events if event.action != "case.created"]


def test_an_order_that_was_cut_short_is_carried_out_by_the_next_start(
    intake: Intake, slide: Path, database: Database
) -> None:
    asset_id = intake.take_file(slide, CASE, BY).asset_id
    case_id = intake.asset(asset_id).case_id
    sealed = intake.quarantine.path(asset_id).read_bytes()
    ordered_only(intake, case_id)
    assert list(intake.quarantine.cases.ids()) == [case_id], "the key is still there"
    assert told(database, case_id) == [("case.erasing", BY.name)], "and nobody says otherwise"
    for _ in range(2):
        recover(intake)
        assert list(intake.quarantine.cases.ids()) == list(intake.quarantine.keys()) == []
        assert told(database, case_id) == [("case.erasing", BY.name), ("case.erased", SYSTEM.name)]
    intake.quarantine.path(asset_id).write_bytes(sealed)
    with pytest.raises(CaseErasedError):
        intake.quarantine.describe(asset_id)


def test_what_comes_in_after_the_order_is_sealed_by_another_key_and_stays(
    intake: Intake, slide: Path, database: Database
) -> None:
    old = intake.take_file(slide, CASE, BY).asset_id
    case_id = intake.asset(old).case_id
    before = intake.quarantine.cases.key(case_id)
    ordered_only(intake, case_id)
    new = intake.take_file(slide, CASE, BY).asset_id
    assert intake.quarantine.cases.key(case_id) != before
    recover(intake)
    end_erasures(intake, SYSTEM, case_id)
    assert list(intake.quarantine.keys()) == [new]
    with intake.quarantine.reader(new) as original:
        assert original.read_at(0, original.size_bytes) == slide.read_bytes()
    assert [action for action, _ in told(database, case_id)] == ["case.erasing", "case.erased"]


def test_the_files_of_another_case_are_left_alone(intake: Intake, slide: Path) -> None:
    erased, other = (intake.take_file(slide, case, BY).asset_id for case in (CASE, "CASE 8"))
    assert erase_case(intake, intake.asset(erased).case_id, BY) == 1
    assert list(intake.quarantine.keys()) == [other]
    assert intake.quarantine.describe(other)[1]
