"""The database as an AnnotationStore: the contract, and what only a database can get wrong."""

import sqlite3
from datetime import UTC, datetime

import pytest
import shapely
import sqlalchemy as sa

from annotations.history import ChangeSet
from annotations.model import Annotation
from server.annotating import rows
from server.annotating.store import SqlAnnotationStore
from server.db import Database
from server.errors import NotFoundError
from tests.contracts.annotation_store import creates, deletes, label, square
from tests.contracts.labels_over_time import LabelsOverTimeContract
from tests.server.conftest import add_asset

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class TestSqlAnnotationStore(LabelsOverTimeContract):
    @pytest.fixture
    def asset_id(self, database: Database) -> str:
        return add_asset(database, "0123456789abcdef")

    @pytest.fixture
    def other_asset_id(self, database: Database) -> str:
        return add_asset(database, "fedcba9876543210")

    @pytest.fixture
    def store(self, database: Database) -> SqlAnnotationStore:
        return SqlAnnotationStore(database)

    def test_an_asset_that_does_not_exist_has_no_annotations_and_gets_none(self, store):
        assert store.head("none") == 0
        with pytest.raises(NotFoundError):
            store.commit("none", 0, creates(label()), author="a", committed_at=NOON)

    def test_boxes_are_removed_with_their_annotations(self, store, asset_id, commit, database):
        annotations = [label(square(x)) for x in range(3)]
        commit(creates(*annotations))
        commit(deletes(*annotations))
        boxes = database.read_now(
            lambda c: c.exec_driver_sql("SELECT count(*) FROM annotation_box").scalar_one()
        )
        assert boxes == 0

    def test_a_window_is_looked_up_in_the_boxes_first_and_reads_no_other_annotation(self, database, asset_id):
        where = dict.fromkeys(("asset_id", "shard", "x0", "x1", "y0", "y1"), 0)
        plan = database.read_now(
            lambda c: [row.detail for row in c.execute(sa.text(f"EXPLAIN QUERY PLAN {rows._IN_BOX}"), where)]
        )
        assert plan[0].startswith("SCAN b VIRTUAL TABLE")
        assert plan[1].startswith("SEARCH a USING INTEGER PRIMARY KEY")

    def test_a_shape_between_two_32_bit_floats_is_found_at_its_exact_edge_only(self, store, asset_id, commit):
        edge = 16_777_215.3
        annotation = label(shapely.Point(edge, 5.1))
        commit(creates(annotation))
        assert len(store.query(asset_id, bbox=(edge, 5.1, edge, 5.1))) == 1
        assert store.query(asset_id, bbox=(edge + 0.1, 5.1, edge + 0.4, 5.1)) == []

    def test_a_second_store_on_the_same_file_sees_what_the_first_has_committed(
        self, store, asset_id, commit, database
    ):
        annotation = label()
        commit(creates(annotation))
        with Database(database.path) as elsewhere:
            (stored,) = SqlAnnotationStore(elsewhere).query(asset_id)
        assert stored.annotation == annotation

    @pytest.mark.parametrize("verb", ["UPDATE change_set SET account_id = 'x'", "DELETE FROM change_set"])
    def test_the_history_cannot_be_altered_through_sql(self, asset_id, commit, database, verb):
        commit(creates(label()))
        with sqlite3.connect(database.path) as connection, pytest.raises(sqlite3.IntegrityError):
            connection.execute(verb)

    def test_a_change_of_thousands_is_one_revision(self, store, asset_id, commit):
        annotations = tuple(
            Annotation(f"00000000-0000-4000-8000-{number:012x}", square(number)) for number in range(2_500)
        )
        commit(ChangeSet("00000000-0000-4000-8000-ffffffffffff", created=annotations))
        commit(
            ChangeSet(
                "00000000-0000-4000-8000-fffffffffffe",
                deleted=tuple(annotation.annotation_id for annotation in annotations),
            )
        )
        assert store.query(asset_id) == []
        assert len(store.changes_since(asset_id, 1)[0].before) == 2_500
