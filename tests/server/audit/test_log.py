"""The audit log: in the transaction of what it describes, and never altered unseen."""

import shutil
import sqlite3

import pytest
import sqlalchemy as sa

from server import audit
from server.ambient import Ambient
from server.db import Database
from server.db.schema import audit_event

COUNT = 6
ALTER = "UPDATE audit_event SET {} = 'x' WHERE sequence = 3"
REMOVE = "DELETE FROM audit_event WHERE sequence = {}"


def write(database: Database, ambient: Ambient, number: int, action: str = "asset.release") -> None:
    def work(connection) -> None:
        audit.record(
            connection,
            ambient,
            account_id=f"account{number}",
            actor="zoë",
            action=action,
            subject_kind="asset",
            subject_id=f"asset{number}",
            detail={"number": number, "ratio": 0.1, "nothing": None, "is_true": True, "text": "ü “quoted”"},
            origin="192.0.2.1",
        )

    database.write_now(work)


@pytest.fixture
def log(database, ambient, clock) -> Database:
    for number in range(1, COUNT + 1):
        write(database, ambient, number)
        clock.turn(seconds=1)
    return database


def test_an_untouched_log_is_whole(log):
    report = log.read_now(audit.verify)
    assert (report.event_count, report.broken_at) == (COUNT, None)
    assert len(report.head_digest) == 64


def test_an_empty_log_is_whole(database):
    assert database.read_now(audit.verify).broken_at is None


def test_an_event_reads_as_it_was_written(log):
    event = log.read_now(lambda c: audit.events(c, subject_id="asset2"))[0]
    assert event.detail == {"number": 2, "ratio": 0.1, "nothing": None, "is_true": True, "text": "ü “quoted”"}
    assert (event.actor, event.account_id, event.origin) == ("zoë", "account2", "192.0.2.1")
    assert event.at == "2026-11-21T12:00:01.000000Z"


def test_what_is_rolled_back_has_no_event(log, ambient):
    def work(connection) -> None:
        audit.record(
            connection, ambient, account_id=None, actor="x", action="y", subject_kind="z", subject_id="1"
        )
        raise RuntimeError

    with pytest.raises(RuntimeError):
        log.write_now(work)
    assert log.read_now(audit.verify).event_count == COUNT


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event"])
def test_the_database_itself_refuses_to_alter_the_log(log, statement):
    with sqlite3.connect(log.path) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)


def tampered(log: Database, *statements: str) -> audit.ChainReport:
    """The report on a copy that somebody with the file in his hands has altered."""
    log.write_now(lambda c: None)
    copy = log.path.with_name("copy.sqlite")
    with sqlite3.connect(log.path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
        target.execute("DROP TRIGGER audit_event_no_update")
        target.execute("DROP TRIGGER audit_event_no_delete")
        for statement in statements:
            target.execute(statement)
    with Database(copy) as altered:
        return altered.read_now(audit.verify)


@pytest.mark.parametrize(
    "column",
    ["at", "account_id", "actor", "action", "subject_kind", "subject_id", "detail", "origin", "digest"],
)
def test_a_changed_value_is_found_at_its_event(log, column):
    assert tampered(log, ALTER.format(column)).broken_at == 3


def test_a_value_moved_from_one_column_to_another_is_found(log):
    statement = "UPDATE audit_event SET actor = origin, origin = actor WHERE sequence = 4"
    assert tampered(log, statement).broken_at == 4


@pytest.mark.parametrize(("gone", "found"), [(1, 2), (3, 4), (5, 6)])
def test_a_removed_event_is_found_at_the_one_behind_it(log, gone, found):
    assert tampered(log, REMOVE.format(gone)).broken_at == found


def test_an_event_removed_and_the_rest_renumbered_is_found(log):
    # SQLite checks each row as it goes: the gap is closed from its end that is free.
    report = tampered(
        log,
        "DELETE FROM audit_event WHERE sequence = 3",
        "UPDATE audit_event SET sequence = sequence - 1 WHERE sequence > 3",
    )
    assert report.broken_at == 3


def test_an_inserted_event_is_found(log):
    columns = "at, account_id, actor, action, subject_kind, subject_id, detail, origin, digest"
    statement = f"INSERT INTO audit_event ({columns}) SELECT {columns} FROM audit_event WHERE sequence = 2"  # noqa: S608
    assert tampered(log, statement).broken_at == COUNT + 1


def test_a_removed_last_event_shows_against_the_head_that_was_noted(log):
    noted = log.read_now(audit.verify)
    report = tampered(log, REMOVE.format(COUNT))
    assert report.broken_at is None
    assert (report.event_count, report.head_digest) != (noted.event_count, noted.head_digest)


def test_events_come_newest_first_and_go_on_where_they_stopped(log):
    first = log.read_now(lambda c: audit.events(c, limit=4))
    rest = log.read_now(lambda c: audit.events(c, limit=4, before=first[-1].sequence))
    assert [event.sequence for event in first + rest] == [6, 5, 4, 3, 2, 1]


def test_the_chain_goes_on_after_the_database_was_moved(log, ambient, tmp_path):
    log.close()
    moved = tmp_path / "moved.sqlite"
    shutil.copy(log.path, moved)
    with Database(moved) as database:
        write(database, ambient, 7)
        assert database.read_now(audit.verify) == audit.ChainReport(
            COUNT + 1,
            database.read_now(
                lambda c: c.scalar(sa.select(audit_event.c.digest).order_by(audit_event.c.sequence.desc()))
            ),
            None,
        )
