"""The one stream of change: ChangeSets, what they do to a state, and how they are taken back.

A state is a mapping from annotation id to annotation. Revision 0 is the empty state; each committed ChangeSet
makes the next revision.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from annotations.errors import DuplicateAnnotationError, InvalidChangeError, UnknownAnnotationError
from annotations.model import Annotation

State: TypeAlias = Mapping[str, Annotation]


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """One edit, as the editor makes it, the store commits it and the history keeps it.

    Attributes
    ----------
    change_id : UUID made by the editor; sending the same change twice does it once.
    created : annotations that did not exist.
    updated : the full new values of annotations that existed.
    deleted : ids of annotations that existed.

    An id may occur once only; `apply` refuses anything else.
    """

    change_id: str
    created: tuple[Annotation, ...] = ()
    updated: tuple[Annotation, ...] = ()
    deleted: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        return not (self.created or self.updated or self.deleted)

    def touched(self) -> Iterator[str]:
        """The id of every annotation it creates, updates or deletes, in that order."""
        yield from (annotation.annotation_id for annotation in self.created)
        yield from (annotation.annotation_id for annotation in self.updated)
        yield from self.deleted


@dataclass(frozen=True, slots=True)
class CommittedChange:
    """A ChangeSet with its place in the history.

    Attributes
    ----------
    revision : the revision that it made; the first one is 1.
    before : the earlier value of each annotation that it updated or deleted: what taking it back needs.
    author : who made it; an opaque account id.
    committed_at : UTC, or None where the history is not kept in a store.
    """

    revision: int
    change: ChangeSet
    before: State = field(default_factory=dict, hash=False)
    author: str = ""
    committed_at: datetime | None = None


def apply(state: State, change: ChangeSet) -> dict[str, Annotation]:
    """The state after `change`. Neither argument is modified.

    Raises
    ------
    DuplicateAnnotationError : it creates an id that exists.
    UnknownAnnotationError : it updates or deletes an id that does not exist.
    InvalidChangeError : it names an id twice.
    """
    check(state, change)
    after = dict(state)
    _write(after, change)
    return after


def check(state: State, change: ChangeSet) -> None:
    """Raise what `apply` would raise, and do nothing else."""
    seen: set[str] = set()
    for annotation_id in change.touched():
        if annotation_id in seen:
            raise InvalidChangeError(f"The change names annotation {annotation_id} more than once.")
        seen.add(annotation_id)
    for annotation in change.created:
        if annotation.annotation_id in state:
            raise DuplicateAnnotationError(annotation.annotation_id)
    for annotation in change.updated:
        if annotation.annotation_id not in state:
            raise UnknownAnnotationError(annotation.annotation_id)
    for annotation_id in change.deleted:
        if annotation_id not in state:
            raise UnknownAnnotationError(annotation_id)


def before(state: State, change: ChangeSet) -> dict[str, Annotation]:
    """The values in `state` that `change` replaces or removes: `CommittedChange.before`.

    Raises
    ------
    UnknownAnnotationError : it updates or deletes an id that does not exist.
    """
    replaced = [annotation.annotation_id for annotation in change.updated]
    try:
        return {annotation_id: state[annotation_id] for annotation_id in (*replaced, *change.deleted)}
    except KeyError as missing:
        raise UnknownAnnotationError(missing.args[0]) from None


def inverse(committed: CommittedChange, change_id: str | None = None) -> ChangeSet:
    """The ChangeSet that takes `committed` back, for the state right after it.

    It is a change like any other, with an id of its own: `change_id`, or else a UUID derived from the id of
    the change that it takes back.

    Raises
    ------
    UnknownAnnotationError : `committed.before` lacks a value that is needed.
    """
    change = committed.change
    earlier = committed.before
    try:
        return ChangeSet(
            change_id=change_id or str(uuid.uuid5(uuid.UUID(change.change_id), "inverse")),
            created=tuple(earlier[annotation_id] for annotation_id in change.deleted),
            updated=tuple(earlier[annotation.annotation_id] for annotation in change.updated),
            deleted=tuple(annotation.annotation_id for annotation in change.created),
        )
    except KeyError as missing:
        raise UnknownAnnotationError(missing.args[0]) from None


def replay(
    changes: Iterable[CommittedChange | ChangeSet], start: State | None = None
) -> dict[str, Annotation]:
    """The state after `changes`, oldest first, from `start` (the empty state when None).

    Raises
    ------
    InvalidChangeError : as for `apply`, or the revisions of committed changes do not follow one another.
    """
    state = dict(start or {})
    expected: int | None = None
    for item in changes:
        if isinstance(item, CommittedChange):
            if expected is not None and item.revision != expected:
                raise InvalidChangeError(f"The history lacks revision {expected}.")
            expected = item.revision + 1
            change = item.change
        else:
            change = item
        check(state, change)
        _write(state, change)
    return state


def _write(state: dict[str, Annotation], change: ChangeSet) -> None:
    for annotation in change.created:
        state[annotation.annotation_id] = annotation
    for annotation in change.updated:
        state[annotation.annotation_id] = annotation
    for annotation_id in change.deleted:
        del state[annotation_id]
