"""The migrations make exactly the schema that the program works with, once."""

import sqlite3

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from server.db import Database, upgrade
from server.db.migrate import is_current
from server.db.schema import metadata
from server.errors import StorageError

NOT_TABLES = "annotation_box"
"""The R*Tree and its shadow tables are made by hand and unknown to SQLAlchemy."""


@pytest.fixture
def fresh(tmp_path):
    with Database(tmp_path / "fresh.sqlite") as database:
        yield database


def differences(database: Database) -> list:
    def compare(connection) -> list:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _parents: (
                    not (kind == "table" and name.startswith(NOT_TABLES))
                ),
            },
        )
        return compare_metadata(context, metadata)

    return database.read_now(compare)


def shape(database: Database) -> dict:
    """The tables as SQLite describes them: columns with types, defaults and keys, indexes, references."""

    def describe(connection) -> dict:
        found = {}
        for table in metadata.tables:
            found[table] = {
                pragma: sorted(map(str, connection.exec_driver_sql(f"PRAGMA {pragma}('{table}')")))
                for pragma in ("table_info", "foreign_key_list")
            }
            indexes = connection.exec_driver_sql(f"PRAGMA index_list('{table}')").all()
            found[table]["indexes"] = sorted(
                str((index.unique, index.origin, index.name * (index.origin == "c"), columns))
                for index in indexes
                if (columns := connection.exec_driver_sql(f"PRAGMA index_info('{index.name}')").all())
            )
        return found

    return database.read_now(describe)


def dump(database: Database) -> list[str]:
    with sqlite3.connect(database.path) as connection:
        return list(connection.iterdump())


def test_migrating_from_nothing_gives_the_schema_of_the_program(fresh):
    upgrade(fresh)
    assert differences(fresh) == []


def test_migrating_gives_the_same_tables_as_creating_them_at_once(fresh, tmp_path):
    upgrade(fresh)
    with Database(tmp_path / "at_once.sqlite") as at_once:
        at_once.write_now(metadata.create_all)
        assert shape(fresh) == shape(at_once)


def test_a_difference_would_be_seen(fresh):
    upgrade(fresh)
    fresh.write_now(lambda c: c.exec_driver_sql("ALTER TABLE asset ADD COLUMN forgotten TEXT"))
    assert differences(fresh)


def test_migrating_again_changes_nothing(fresh):
    upgrade(fresh)
    before = dump(fresh)
    upgrade(fresh)
    assert dump(fresh) == before


def test_an_unmigrated_database_is_not_current(fresh):
    assert not fresh.read_now(is_current)
    upgrade(fresh)
    assert fresh.read_now(is_current)


def test_a_migration_that_fails_leaves_nothing_behind(fresh, monkeypatch):
    def fail(connection) -> None:
        raise RuntimeError

    def upgrade_and_fail() -> None:
        original = fresh.write_now
        monkeypatch.setattr(fresh, "write_now", lambda work: original(lambda c: (work(c), fail(c))))
        upgrade(fresh)

    with pytest.raises(RuntimeError):
        upgrade_and_fail()
    assert fresh.read_now(lambda c: sa.inspect(c).get_table_names()) == []


def test_a_database_of_a_newer_version_is_left_alone(fresh):
    upgrade(fresh)
    fresh.write_now(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    before = dump(fresh)
    with pytest.raises(StorageError, match="newer"):
        upgrade(fresh)
    assert dump(fresh) == before
