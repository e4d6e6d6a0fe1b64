"""``annotations.store.AnnotationStore`` in the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from annotations import history
from annotations.errors import ChangeIdReusedError, StaleRevisionError
from annotations.geometry import Bounds
from annotations.history import ChangeSet, CommittedChange
from annotations.model import StoredAnnotation
from annotations.ontology import Ontology
from annotations.policy import check_classes, check_locks
from server.ambient import rfc3339
from server.annotating import history_body, rows
from server.db import Database, Row
from server.db.schema import asset, change_set
from server.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class PreparedChange:
    """A ChangeSet with everything made that needs no database: there is but one writer."""

    change: ChangeSet
    created: rows.Prepared
    updated: rows.Prepared
    body: history_body.Body


def prepare_change(change: ChangeSet) -> PreparedChange:
    """Make WKB, bounds and the history's JSON. Pure; takes about 20 µs a shape."""
    created, updated = rows.prepare(change.created), rows.prepare(change.updated)
    body = history_body.encode_change(created, updated, change.deleted)
    return PreparedChange(change, created, updated, body)


class SqlAnnotationStore:
    """Annotations and their history in SQLite. The methods that take a connection run in its transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def head(self, asset_id: str) -> int:
        """See ``AnnotationStore``."""
        return self._database.read_now(lambda connection: head_in(connection, asset_id) or 0)

    def commit(
        self, asset_id: str, base_revision: int, change: ChangeSet, *, author: str, committed_at: datetime
    ) -> CommittedChange:
        """See ``AnnotationStore``. Raises :class:`NotFoundError` for an asset that does not exist."""
        prepared = prepare_change(change)
        return self._database.write_now(
            lambda connection: commit_in(
                connection, asset_id, base_revision, prepared, author=author, committed_at=committed_at
            )
        )

    def query(
        self, asset_id: str, bbox: Bounds | None = None, layer: str | None = None
    ) -> list[StoredAnnotation]:
        """See ``AnnotationStore``."""

        def work(connection: Connection) -> list[StoredAnnotation]:
            found = (
                rows.all_records(connection, asset_id, layer)
                if bbox is None
                else rows.records_in_box(connection, asset_id, bbox, layer)
            )
            return [rows.stored_of(record) for record in found]

        return self._database.read_now(work)

    def changes_since(self, asset_id: str, revision: int) -> list[CommittedChange]:
        """See ``AnnotationStore``."""

        def work(connection: Connection) -> list[CommittedChange]:
            return [committed_of(row) for row in connection.execute(changes_after(asset_id, revision))]

        return self._database.read_now(work)


def head_in(connection: Connection, asset_id: str) -> int | None:
    """The newest revision, None for an asset that does not exist."""
    return connection.scalar(sa.select(asset.c.annotation_revision).where(asset.c.asset_id == asset_id))


def earlier_commit(connection: Connection, asset_id: str, prepared: PreparedChange) -> Row | None:
    """The ``change_set`` row of this very change, if it was committed before.

    Raises ``ChangeIdReusedError`` if that id was committed with other contents.
    """
    change = prepared.change
    row = connection.execute(
        sa.select(change_set).where(
            change_set.c.asset_id == asset_id, change_set.c.change_id == change.change_id
        )
    ).one_or_none()
    if row is None:
        return None
    stored = history_body.parts_of(row.body)
    # A client that sends again sends the same bytes; only if not, what they mean is compared.
    if not history_body.is_same_text(stored, prepared.body) and (
        history_body.change_of(row.change_id, stored) != change
    ):
        raise ChangeIdReusedError(change.change_id)
    return row


def commit_in(
    connection: Connection,
    asset_id: str,
    base_revision: int,
    prepared: PreparedChange,
    *,
    author: str,
    committed_at: datetime,
    ontology: Ontology | None = None,
) -> CommittedChange:
    """``AnnotationStore.commit`` in the caller's write transaction; checks classes if given an ontology."""
    change = prepared.change
    if (row := earlier_commit(connection, asset_id, prepared)) is not None:
        return committed_of(row)
    head = head_in(connection, asset_id)
    if head is None:
        raise NotFoundError("There is no such asset.")
    if base_revision != head:
        raise StaleRevisionError(head)
    existing = rows.records_by_id(connection, asset_id, list(change.touched()))
    state = {annotation_id: rows.annotation_of(record) for annotation_id, record in existing.items()}
    history.check(state, change)
    check_locks(state, change)
    if ontology is not None:
        check_classes(state, change, ontology)
    before = history.before(state, change)
    stamp = rows.Stamp(asset_id, author, rfc3339(committed_at), head + 1)
    rows.insert(connection, prepared.created, stamp)
    rows.update(connection, prepared.updated, stamp, existing)
    rows.delete(connection, change.deleted, existing)
    connection.execute(
        change_set.insert().values(
            asset_id=asset_id,
            revision=stamp.revision,
            change_id=change.change_id,
            account_id=author,
            committed_at=stamp.at,
            body=history_body.complete(prepared.body, [existing[annotation_id] for annotation_id in before]),
        )
    )
    connection.execute(
        asset.update().where(asset.c.asset_id == asset_id).values(annotation_revision=stamp.revision)
    )
    return CommittedChange(stamp.revision, change, before, author, committed_at)


def changes_after(asset_id: str, revision: int, limit: int | None = None) -> sa.Select[Any]:
    """The ``change_set`` rows after a revision, oldest first."""
    return (
        sa.select(change_set)
        .where(change_set.c.asset_id == asset_id, change_set.c.revision > revision)
        .order_by(change_set.c.revision)
        .limit(limit)
    )


def committed_of(row: Row) -> CommittedChange:
    """The committed change in a row."""
    body = history_body.parts_of(row.body)
    return CommittedChange(
        row.revision,
        history_body.change_of(row.change_id, body),
        history_body.before_of(body),
        row.account_id,
        datetime.fromisoformat(row.committed_at),
    )
