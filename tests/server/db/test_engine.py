"""The embedded database: durable, one writer, and a full disk is a sentence."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.db import Database
from server.errors import OutOfSpaceError


@pytest.fixture
def table(database) -> Database:
    database.write_now(lambda c: c.exec_driver_sql("CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)"))
    return database


def count(database: Database) -> int:
    return database.read_now(lambda c: c.exec_driver_sql("SELECT count(*) FROM t").scalar_one())


def test_every_connection_writes_through_and_checks_references(database):
    def pragmas(connection) -> tuple:
        return tuple(
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        )

    assert database.write_now(pragmas) == ("wal", 2, 1, 1)
    assert database.read_now(pragmas) == ("wal", 2, 1, 1)


def test_a_reader_cannot_write(table):
    with pytest.raises(Exception, match="could not carry this out"):
        table.read_now(lambda c: c.exec_driver_sql("INSERT INTO t (n) VALUES (1)"))
    assert count(table) == 0


def test_what_raises_is_undone(table):
    def work(connection) -> None:
        connection.exec_driver_sql("INSERT INTO t (n) VALUES (1)")
        raise KeyError

    with pytest.raises(KeyError):
        table.write_now(work)
    assert count(table) == 0


def test_a_reader_sees_one_moment(table):
    def work(connection) -> tuple[int, int]:
        first = connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one()
        writer = threading.Thread(
            target=table.write_now, args=(lambda c: c.exec_driver_sql("INSERT INTO t (n) VALUES (1)"),)
        )
        writer.start()
        writer.join()
        return first, connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one()

    assert table.read_now(work) == (0, 0)
    assert count(table) == 1


def test_many_writers_take_turns(table):
    def insert(number: int) -> None:
        table.write_now(lambda c: c.exec_driver_sql("INSERT INTO t (n) VALUES (?)", (number,)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(insert, range(100)))
    assert count(table) == 100


def test_two_processes_worth_of_databases_share_one_file_and_one_of_them_checkpoints(table):
    with Database(table.path) as other:
        for number in range(20):
            (table, other)[number % 2].write_now(
                lambda c, number=number: c.exec_driver_sql("INSERT INTO t (n) VALUES (?)", (number,))
            )
        assert count(table) == count(other) == 20
        assert (table._checkpoints, other._checkpoints) == (True, False)


def test_a_full_disk_is_said_and_what_was_saved_stays(table):
    table.write_now(lambda c: c.exec_driver_sql("INSERT INTO t (n, b) VALUES (1, zeroblob(1000))"))
    pages = table.write_now(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar_one())
    table.write_now(lambda c: c.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}").scalar_one())
    with pytest.raises(OutOfSpaceError):
        table.write_now(lambda c: c.exec_driver_sql("INSERT INTO t (n, b) VALUES (2, zeroblob(1000000))"))
    assert count(table) == 1
    table.write_now(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 1000000").scalar_one())
    table.write_now(lambda c: c.exec_driver_sql("INSERT INTO t (n, b) VALUES (2, zeroblob(1000000))"))
    assert count(table) == 2


def test_an_error_of_the_database_does_not_repeat_what_was_being_written(table):
    with pytest.raises(Exception) as failed:
        table.write_now(lambda c: c.exec_driver_sql("INSERT INTO missing VALUES ('Smith, John')"))
    assert "Smith" not in str(failed.value)


def test_a_row_that_breaks_a_rule_is_not_quoted_by_the_error(table):
    table.write_now(lambda c: c.exec_driver_sql("CREATE TABLE names (name TEXT UNIQUE)"))

    def twice(connection):
        for _ in range(2):
            connection.exec_driver_sql("INSERT INTO names VALUES (?)", ("Smith, John",))

    with pytest.raises(Exception) as failed:
        table.write_now(twice)
    assert "UNIQUE" in str(failed.value) and "Smith" not in str(failed.value)


def test_closing_folds_the_write_ahead_log_back(table):
    table.write_now(lambda c: c.exec_driver_sql("INSERT INTO t (n) VALUES (1)"))
    table.close()
    assert not table.path.with_name(table.path.name + "-wal").exists()
    with sqlite3.connect(table.path) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (1,)


def test_one_process_folds_back_what_another_has_written(settings, database):
    """The one that may checkpoint can be one to which nobody writes: the log would grow without end."""
    log = settings.data / "slidereel.sqlite-wal"
    database.write_now(lambda c: c.exec_driver_sql("CREATE TABLE w (b BLOB)"))
    database.checkpoint_now()
    with Database(settings.data / "slidereel.sqlite") as other:
        other.checkpoint_now()  # may not, and does nothing

        def write(megabytes: int) -> None:
            for _ in range(megabytes):
                other.write_now(lambda c: c.exec_driver_sql("INSERT INTO w VALUES (zeroblob(1000000))"))

        write(12)
        grown = log.stat().st_size
        assert grown > 10_000_000
        for _ in range(3):
            database.checkpoint_now()
            write(6)
        assert log.stat().st_size <= grown
        assert other.read_now(lambda c: c.exec_driver_sql("SELECT count(*) FROM w").scalar_one()) == 30
