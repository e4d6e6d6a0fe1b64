"""Annotating: what a person or a program does with the labels of an asset.

Each method says who asks; an asset that is not released does not exist for annotators. A change, its
history, its boxes, the asset's revision and its audit event are one transaction: all of them are on the
disk when ``commit`` returns, or none is.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from msgspec import UNSET
from sqlalchemy.engine import Connection

from annotations.geometry import Bounds
from annotations.history import ChangeSet
from annotations.ontology import Ontology
from annotations.policy import check_frames, check_still
from annotations.wire import changeset_from_json
from server import audit
from server.access import Actor, Permission
from server.ambient import Ambient, rfc3339
from server.annotating import encoding, history_body, ontology_book, rows, store
from server.annotating.at_frame import Present, present_at
from server.annotating.errors import translated
from server.annotating.keyframe_rows import Record
from server.annotating.ontology_book import ClassDraft, OntologyChange
from server.catalog import AssetKind, State
from server.db import Database, Row
from server.db.schema import account, asset
from server.errors import InvalidInputError, NotFoundError, WrongStateError

HISTORY_PAGE = 1000
HISTORY_PAGE_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Text:
    """JSON in chunks, at the revision that it shows."""

    revision: int
    chunks: list[bytes]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A change is on the disk."""

    revision: int
    change_id: str
    committed_at: str


class Annotating:
    """The annotations and the ontology of one server."""

    def __init__(self, database: Database, ambient: Ambient) -> None:
        self.database = database
        self.ambient = ambient

    async def head(self, actor: Actor, asset_id: str) -> int:
        """The newest revision. Raises :class:`NotFoundError`."""
        return await self.database.read(lambda connection: visible_head(connection, actor, asset_id))

    async def collection(
        self,
        actor: Actor,
        asset_id: str,
        *,
        bbox: Bounds | None = None,
        layer: str | None = None,
        frame: int | None = None,
    ) -> Text:
        """The annotations as a GeoJSON FeatureCollection with a ``revision``; ``bbox`` in l0 or frame px.

        With a ``frame``, what is there on that frame of a video, tracks as they are there.

        Raises :class:`NotFoundError`, :class:`InvalidInputError` for a frame that the asset does not have.
        """

        def work(connection: Connection) -> Text:
            known = _known(connection, actor, asset_id)
            revision, names = int(known.annotation_revision), _names(connection)
            if frame is not None:
                _check_frame(known, frame)
                features = _present(present_at(connection, asset_id, frame, layer, bbox), names)
            elif bbox is None:
                features = _features(rows.all_records(connection, asset_id, layer), names)
            else:
                features = _features(rows.records_in_box(connection, asset_id, bbox, layer), names)
            chunks = encoding.joined(
                b'{"type":"FeatureCollection","features":[', features, b'],"revision":%d}' % revision
            )
            return Text(revision, chunks)

        return await self.database.read(work)

    async def commit(
        self, actor: Actor, asset_id: str, base_revision: int, body: bytes, origin: str
    ) -> Receipt:
        """Make the ChangeSet in ``body`` (JSON) the next revision; durable when this returns.

        The same change again gets the same receipt. Raises :class:`StaleRevisionError`,
        :class:`InvalidInputError` (its kinds: change, geometry, class), :class:`LockedError`,
        :class:`ConflictError`, :class:`NotFoundError`, :class:`WrongStateError`, :class:`OutOfSpaceError`.
        """
        with translated():
            prepared = await asyncio.to_thread(lambda: store.prepare_change(changeset_from_json(body)))

            def work(connection: Connection) -> Receipt:
                released_head(connection, actor, asset_id)
                return self.commit_in(connection, actor, asset_id, base_revision, prepared, origin=origin)

            return await self.database.write(work)

    def commit_in(
        self,
        connection: Connection,
        actor: Actor,
        asset_id: str,
        base_revision: int,
        prepared: store.PreparedChange,
        *,
        origin: str,
        source: str = "edit",
    ) -> Receipt:
        """A commit with its audit event, in the caller's transaction."""
        change = prepared.change
        if (earlier := store.earlier_commit(connection, asset_id, prepared)) is not None:
            return Receipt(earlier.revision, earlier.change_id, earlier.committed_at)
        _check_times(connection, asset_id, change)
        committed_at = self.ambient.now()
        committed = store.commit_in(
            connection,
            asset_id,
            base_revision,
            prepared,
            author=author_of(actor),
            committed_at=committed_at,
            ontology=ontology_book.read(connection),
        )
        self.record(
            connection,
            actor,
            "annotation.change",
            ("asset", asset_id),
            detail={
                "change_id": change.change_id,
                "revision": committed.revision,
                "created": len(change.created),
                "updated": len(change.updated),
                "deleted": len(change.deleted),
                "source": source,
            },
            origin=origin,
        )
        return Receipt(committed.revision, change.change_id, rfc3339(committed_at))

    async def changes_since(self, actor: Actor, asset_id: str, revision: int) -> Text:
        """The changes after a revision, oldest first: ``{"revision", "changes"}``.

        Very many come in parts; the text's revision is the last one it holds, and the place to go on from.
        Raises :class:`NotFoundError`.
        """

        def work(connection: Connection) -> Text:
            head = visible_head(connection, actor, asset_id)
            names = _names(connection)
            items: list[bytes] = []
            last, size = min(revision, head), 0
            for row in connection.execute(store.changes_after(asset_id, revision, HISTORY_PAGE)):
                items.append(_change_text(row, names))
                last, size = row.revision, size + len(items[-1])
                if size > HISTORY_PAGE_BYTES:
                    break
            return Text(last, encoding.joined(b'{"revision":%d,"changes":[' % last, items, b"]}"))

        return await self.database.read(work)

    async def ontology(self) -> Ontology:
        """The classes; a new server gets its first ones now."""
        current = await self.database.read(ontology_book.read)
        if current.revision > 0:
            return current
        return await self.database.write(self.ontology_in)

    def ontology_in(self, connection: Connection) -> Ontology:
        """:meth:`ontology` in the caller's write transaction."""
        from_nothing = ontology_book.write_defaults(connection, self.ambient)
        if from_nothing is None:
            return ontology_book.read(connection)
        self.record_ontology(connection, None, from_nothing, origin="system")
        return from_nothing.ontology

    async def change_ontology(
        self, actor: Actor, base_revision: int, drafts: Sequence[ClassDraft], origin: str
    ) -> Ontology:
        """Replace the classes. Raises :class:`StaleRevisionError`, :class:`InvalidOntologyError`."""

        def work(connection: Connection) -> Ontology:
            self.ontology_in(connection)
            changed = ontology_book.change(connection, self.ambient, base_revision, drafts)
            self.record_ontology(connection, actor, changed, origin=origin)
            return changed.ontology

        with translated():
            return await self.database.write(work)

    def record_ontology(
        self, connection: Connection, actor: Actor | None, changed: OntologyChange, *, origin: str
    ) -> None:
        """The audit event of a change of the classes."""
        detail = {
            "revision": changed.ontology.revision,
            "added": changed.added,
            "changed": changed.changed,
            "removed": changed.removed,
        }
        self.record(
            connection, actor, "ontology.change", ("ontology", "ontology"), detail=detail, origin=origin
        )

    def record(
        self,
        connection: Connection,
        actor: Actor | None,
        action: str,
        subject: tuple[str, str],
        *,
        detail: audit.Detail,
        origin: str,
    ) -> None:
        """An audit event about ``subject`` (kind, id), in the caller's transaction."""
        audit.record(
            connection,
            self.ambient,
            account_id=actor.account_id if actor else None,
            actor=actor.username if actor else "system",
            action=action,
            subject_kind=subject[0],
            subject_id=subject[1],
            detail=detail,
            origin=origin,
        )


def visible_head(connection: Connection, actor: Actor, asset_id: str) -> int:
    """The revision of an asset that this caller may know of: a released one, or any for those of the intake.

    Raises :class:`NotFoundError`.
    """
    return int(_known(connection, actor, asset_id).annotation_revision)


def released_head(connection: Connection, actor: Actor, asset_id: str) -> int:
    """The revision of a released asset.

    Raises :class:`NotFoundError` if there is none that this caller may know of, :class:`WrongStateError` if
    he may know that it is not released yet.
    """
    known = _known(connection, actor, asset_id)
    if known.state != State.RELEASED:
        raise WrongStateError("The asset is not released; only released ones can be annotated.")
    return int(known.annotation_revision)


_ABOUT = (asset.c.state, asset.c.annotation_revision, asset.c.kind, asset.c.frame_count)


def _known(connection: Connection, actor: Actor, asset_id: str) -> Row:
    row = connection.execute(sa.select(*_ABOUT).where(asset.c.asset_id == asset_id)).one_or_none()
    if row is None or not (row.state == State.RELEASED or actor.may(Permission.ASSET_INTAKE)):
        raise NotFoundError("There is no such asset.")
    return row


def is_video(connection: Connection, asset_id: str) -> bool:
    """Whether an asset that exists has frames."""
    kind = sa.select(asset.c.kind).where(asset.c.asset_id == asset_id)
    return bool(connection.execute(kind).scalar_one() == AssetKind.VIDEO)


def _check_times(connection: Connection, asset_id: str, change: ChangeSet) -> None:
    """Refuse labels over time that the asset has no frames for. Raises the wing's ``InvalidTimeError``."""
    row = connection.execute(sa.select(*_ABOUT).where(asset.c.asset_id == asset_id)).one()
    if row.kind != AssetKind.VIDEO:
        check_still(change)
    elif row.frame_count is not None:
        check_frames(change, row.frame_count)


def _check_frame(known: Row, frame: int) -> None:
    if known.kind != AssetKind.VIDEO:
        raise InvalidInputError("Only a video has frames; ask for its labels without “frame”.")
    if known.frame_count is not None and frame >= known.frame_count:
        raise InvalidInputError(f"The last frame of this video is {known.frame_count - 1:,}.")


def author_of(actor: Actor) -> str:
    """Who the history says did it: an account's id, or the name of what has no account."""
    return actor.account_id or actor.username


def _names(connection: Connection) -> dict[str, str]:
    found = connection.execute(sa.select(account.c.account_id, account.c.username))
    return {row.account_id: row.username for row in found}


def _features(found: Iterable[Record], names: dict[str, str]) -> Iterator[bytes]:
    for record in found:
        row = record.row
        author = names.get(row.account_id, row.account_id)
        track = encoding.track_of(row, record.keyframes)
        yield encoding.encode(encoding.stored_feature(row, author, row.geometry, track))


def _present(found: Iterable[Present], names: dict[str, str]) -> Iterator[bytes]:
    for one in found:
        row = one.row
        author = names.get(row.account_id, row.account_id)
        over_time = (UNSET, UNSET) if one.at is None else (None, one.at)
        yield encoding.encode(encoding.stored_feature(row, author, one.geometry, *over_time))


def _change_text(row: Row, names: dict[str, str]) -> bytes:
    body = history_body.parts_of(row.body)
    return encoding.encode(
        encoding.Change(
            row.revision,
            row.change_id,
            names.get(row.account_id, row.account_id),
            row.committed_at,
            body.created,
            body.updated,
            body.deleted,
        )
    )
