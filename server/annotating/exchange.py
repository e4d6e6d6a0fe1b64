"""Annotations out to other tools and in from them, through ``annotations.formats``. What is lost is said."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from sqlalchemy.engine import Connection

from annotations.errors import DuplicateAnnotationError
from annotations.formats import adapter_named
from annotations.history import ChangeSet
from annotations.model import Annotation
from annotations.ontology import LabelClass, Ontology
from server.access import Actor, Permission
from server.ambient import Ambient
from server.annotating import ontology_book, rows, store
from server.annotating.errors import InvalidChangeError, translated
from server.annotating.service import Annotating, is_video, released_head
from server.errors import WrongStateError

SHAPES_PER_CHANGE = 5_000
"""One revision for each so many shapes of an imported file: a history that can be sent in parts."""
ATTEMPTS = 3
NO_FRAMES = "the format knows no frames"


@dataclass(frozen=True, slots=True)
class Exported:
    """A file for another tool."""

    data: bytes
    media_type: str
    file_name: str
    count: int
    losses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file has brought."""

    revision: int
    created: int
    classes_created: tuple[str, ...]
    losses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    """A file against the state that it was read for."""

    ontology_revision: int
    changes: tuple[store.PreparedChange, ...]
    new_classes: tuple[LabelClass, ...]
    losses: tuple[str, ...]


class _ReadAnewError(Exception):
    """Meanwhile the classes have changed."""


class Exchange:
    """Export and import for one server."""

    def __init__(self, annotating: Annotating) -> None:
        self._annotating = annotating
        self._database = annotating.database

    async def export(self, actor: Actor, asset_id: str, format_name: str, origin: str) -> Exported:
        """All annotations of an asset as a file; the audit log has that they left.

        Raises :class:`InvalidFileError` for an unknown format, :class:`NotFoundError`,
        :class:`WrongStateError`; the last also where the format would lose labels over time.
        """
        with translated():
            adapter = adapter_named(format_name)

        def read(connection: Connection) -> tuple[int, Ontology, list[Annotation]]:
            revision = released_head(connection, actor, asset_id)
            found = [rows.annotation_of(record) for record in rows.all_records(connection, asset_id)]
            return revision, ontology_book.read(connection), found

        revision, ontology, found = await self._database.read(read)
        _check_still(found)
        serialized = await asyncio.to_thread(adapter.serialize, found, ontology)
        await self._database.write(
            lambda connection: self._annotating.record(
                connection,
                actor,
                "annotation.export",
                ("asset", asset_id),
                detail={"format": adapter.name, "count": len(found), "revision": revision},
                origin=origin,
            )
        )
        return Exported(
            serialized.data,
            adapter.media_type,
            f"{asset_id}{adapter.file_suffix}",
            len(found),
            serialized.losses,
        )

    async def import_file(
        self, actor: Actor, asset_id: str, format_name: str, data: bytes, origin: str
    ) -> Imported:
        """Add the annotations of a file, all of them or none. Who may not change the ontology gets those of
        an unknown class unclassified, and is told so.

        Raises :class:`InvalidFileError`, :class:`InvalidInputError`, :class:`NotFoundError`,
        :class:`WrongStateError`, :class:`OutOfSpaceError`.
        """
        with translated():
            await self._annotating.ontology()
            for _ in range(ATTEMPTS):
                reading = await self._read(actor, asset_id, format_name, data)
                with suppress(_ReadAnewError, DuplicateAnnotationError):
                    return await self._database.write(self._writer(actor, asset_id, reading, origin))
            raise InvalidChangeError("The annotations change too fast for this import; try again.")

    async def _read(self, actor: Actor, asset_id: str, format_name: str, data: bytes) -> _Reading:
        """Parse and prepare against the present state, without keeping anybody from writing."""
        adapter = adapter_named(format_name)
        ambient = self._annotating.ambient

        def state(connection: Connection) -> tuple[Ontology, frozenset[str], bool]:
            released_head(connection, actor, asset_id)
            taken_ids = rows.all_ids(connection, asset_id)
            return ontology_book.read(connection), taken_ids, is_video(connection, asset_id)

        ontology, taken_ids, on_video = await self._database.read(state)

        def parse() -> _Reading:
            parsed = adapter.parse(
                data,
                ontology,
                taken_ids=taken_ids,
                new_annotation_id=lambda: _new_uuid(ambient),
                new_class_id=ambient.new_id,
            )
            annotations, new_classes, losses = parsed.annotations, parsed.new_classes, parsed.losses
            if new_classes and not actor.may(Permission.ONTOLOGY_WRITE):
                annotations, sentence = _unclassified(annotations, new_classes)
                new_classes, losses = (), (*losses, sentence)
            annotations, sentences = _without_archived(annotations, ontology)
            if on_video and annotations:
                sentences = (*sentences, f"{len(annotations):,} shapes are on every frame: {NO_FRAMES}.")
            return _Reading(
                ontology.revision,
                tuple(
                    store.prepare_change(ChangeSet(_new_uuid(ambient), created=part))
                    for part in _parts(annotations)
                ),
                new_classes,
                (*losses, *sentences),
            )

        return await asyncio.to_thread(parse)

    def _writer(
        self, actor: Actor, asset_id: str, reading: _Reading, origin: str
    ) -> Callable[[Connection], Imported]:
        """The transaction. What others drew meanwhile does not matter to it, only whether an id is taken."""

        def work(connection: Connection) -> Imported:
            head = released_head(connection, actor, asset_id)
            if ontology_book.read(connection).revision != reading.ontology_revision:
                raise _ReadAnewError
            if reading.new_classes:
                changed = ontology_book.append(connection, reading.new_classes)
                self._annotating.record_ontology(connection, actor, changed, origin=origin)
            for change in reading.changes:
                head = self._annotating.commit_in(
                    connection, actor, asset_id, head, change, origin=origin, source="import"
                ).revision
            created = sum(len(change.change.created) for change in reading.changes)
            names = tuple(label.name for label in reading.new_classes)
            return Imported(head, created, names, reading.losses)

        return work


def _parts(annotations: Sequence[Annotation]) -> list[tuple[Annotation, ...]]:
    starts = range(0, len(annotations), SHAPES_PER_CHANGE)
    return [tuple(annotations[start : start + SHAPES_PER_CHANGE]) for start in starts]


def _check_still(found: Sequence[Annotation]) -> None:
    """No format here knows frames yet: a file without the tracks would look like all there is."""
    count = sum(annotation.over_time is not None for annotation in found)
    if count:
        raise WrongStateError(
            f"This format knows no frames: {count:,} tracks and segments of this video would be lost."
        )


def _unclassified(
    annotations: tuple[Annotation, ...], new_classes: Sequence[LabelClass]
) -> tuple[tuple[Annotation, ...], str]:
    unknown = {label.class_id for label in new_classes}
    count = sum(annotation.class_id in unknown for annotation in annotations)
    kept = tuple(
        replace(annotation, class_id=None) if annotation.class_id in unknown else annotation
        for annotation in annotations
    )
    return kept, (
        f"{count:,} shapes are unclassified now: {len(unknown):,} of the file's classes are not in the "
        "ontology, and your role cannot add them."
    )


def _without_archived(
    annotations: tuple[Annotation, ...], ontology: Ontology
) -> tuple[tuple[Annotation, ...], tuple[str, ...]]:
    archived = {label.class_id for label in ontology.classes if label.is_archived}
    count = sum(annotation.class_id in archived for annotation in annotations)
    if not count:
        return annotations, ()
    kept = tuple(
        replace(annotation, class_id=None) if annotation.class_id in archived else annotation
        for annotation in annotations
    )
    return kept, (f"{count:,} shapes are unclassified now: their class is archived.",)


def _new_uuid(ambient: Ambient) -> str:
    return str(uuid.UUID(bytes=ambient.random_bytes(16), version=4))
