"""The migrations make exactly the schema that the program works with, once."""

import sqlite3
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import shapely
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from annotations.geometry import to_wkb
from annotations.history import ChangeSet
from server import catalog
from server.annotating.rows import asset_shard
from server.annotating.store import SqlAnnotationStore
from server.db import Database, upgrade
from server.db.migrate import alembic_config, is_current
from server.db.schema import metadata
from server.errors import StorageError

NOT_TABLES = "annotation_box"
"""The R*Tree and its shadow tables are made by hand and unknown to SQLAlchemy."""

DRAWN = shapely.Polygon([(1.1, 1.2), (1.9, 1.3), (0.1 + 0.2 + 1, 1.7)])
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


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


@pytest.fixture
def first_version(fresh) -> Database:
    """A data folder of the first version, with one label in it."""

    def work(connection) -> None:
        command.upgrade(alembic_config(connection), "0001")
        for statement in (
            "INSERT INTO clinical_case VALUES ('c1', 'CASE', 'then')",
            "INSERT INTO asset (asset_id, case_id, kind, state, source_suffix, source_bytes, created_by,"
            " created_at, updated_at, width_px, annotation_revision)"
            " VALUES ('a1', 'c1', 'slide', 'released', '.svs', 1, 'system', 'then', 'then', 60000, 1)",
            "INSERT INTO label_class (class_id, name, color, position) VALUES ('k1', 'Tumour', '#ff0', 0)",
            "INSERT INTO change_set VALUES ('a1', 1, 'x', 'anna', '2026-11-20T00:00:00Z', x'7b7d')",
        ):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(
            "INSERT INTO annotation (annotation_key, asset_id, annotation_id, layer, class_id, geometry,"
            " name, is_locked, extra, created_by, created_at, updated_at, revision)"
            " VALUES (7, 'a1', '0b5e6c1a-9a6e-4b0a-8f5c-3d2e1f0a9b8c', 'default', 'k1', ?, 'margin', 1, ?,"
            " 'anna', '2026-11-20T00:00:00Z', '2026-11-20T00:00:00Z', 1)",
            (to_wkb(DRAWN), '{"a":0.1}'),
        )
        connection.exec_driver_sql(
            "INSERT INTO annotation_box VALUES (7, 1, 2, 1, 2, ?, ?)", (asset_shard("a1"),) * 2
        )

    fresh.write_now(work)
    return fresh


def test_a_data_folder_of_the_first_version_keeps_its_labels(first_version):
    """Every value, its place in the boxes, its history, and that it can be worked on."""
    table = "SELECT * FROM annotation"
    before = first_version.read_now(lambda c: dict(c.exec_driver_sql(table).one()._mapping))
    upgrade(first_version)
    after = first_version.read_now(lambda c: dict(c.exec_driver_sql(table).one()._mapping))
    new = ("track_shape", "tier", "first_frame", "last_frame")
    assert after == before | dict.fromkeys(new)
    assert differences(first_version) == []
    assert first_version.read_now(lambda c: c.exec_driver_sql("PRAGMA foreign_key_check").all()) == []
    store = SqlAnnotationStore(first_version)
    (found,) = store.query("a1", bbox=(1.0, 1.0, 2.0, 2.0))
    assert shapely.to_wkb(found.annotation.geometry) == shapely.to_wkb(DRAWN)
    gone = ChangeSet(str(uuid.uuid4()), updated=(replace(found.annotation, is_locked=False),))
    store.commit("a1", 1, gone, author="anna", committed_at=NOON)
    gone = ChangeSet(str(uuid.uuid4()), deleted=(found.annotation.annotation_id,))
    store.commit("a1", 2, gone, author="anna", committed_at=NOON)
    assert store.query("a1") == []


@pytest.mark.parametrize("verb", ["UPDATE change_set SET account_id = 'x'", "DELETE FROM change_set"])
def test_after_the_second_migration_the_history_is_still_append_only(first_version, verb):
    upgrade(first_version)
    with sqlite3.connect(first_version.path) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(verb)


def test_a_data_folder_of_the_third_version_keeps_its_assets_and_uploads(fresh):
    """What was waiting and what was released stay as they are; nobody has signed, no profile is claimed."""
    rows = ("SELECT * FROM asset ORDER BY asset_id", "SELECT * FROM upload")

    def fill(connection) -> None:
        command.upgrade(alembic_config(connection), "0003")
        for statement in (
            "INSERT INTO clinical_case VALUES ('c1', 'CASE', 'then')",
            "INSERT INTO account (account_id, username, role, password_hash, created_at)"
            " VALUES ('u1', 'anna', 'admin', 'x', 'then')",
            "INSERT INTO upload VALUES ('q', 'u1', 'CASE', '.svs', 9, 4, 'q', 'then', 'then', NULL)",
        ):
            connection.exec_driver_sql(statement)
        states = ("awaiting_release", "released", "refused", "quarantined")
        connection.exec_driver_sql(
            "INSERT INTO asset (asset_id, case_id, kind, state, source_suffix, source_bytes, created_by,"
            " created_at, updated_at, canonical_sha256, report, quarantine_key)"
            " VALUES (?, 'c1', 'video', ?, '.mp4', 1, 'u1', 'then', 'then', 'ab', ?, 'q')",
            [(str(number), state, '{"places":[]}') for number, state in enumerate(states)],
        )

    def stored(connection) -> list[dict]:
        return [dict(row._mapping) for query in rows for row in connection.exec_driver_sql(query)]

    fresh.write_now(fill)
    before = fresh.read_now(stored)
    upgrade(fresh)
    new = dict.fromkeys(("profile", "subject", "acquired_on", "review"))
    expected = [row | ({"profile": None} if "upload_id" in row else new) for row in before]
    assert fresh.read_now(stored) == expected
    assert differences(fresh) == []
    found = fresh.read_now(lambda c: catalog.get_asset(c, "0", intake=True))
    assert (found.state, found.signature_count, found.profile, found.review) == (
        catalog.State.AWAITING_RELEASE,
        0,
        None,
        None,
    )
