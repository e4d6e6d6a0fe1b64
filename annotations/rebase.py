"""Fit edits that a store has not seen onto what it holds by now.

Decided by value: an edit fits where the annotation is still what it was when the edit was made. Where
somebody else changed it meanwhile, the two are put side by side for a person to decide; nothing is lost on
the way. The browser does the same in static/core/rebase.ts, and both are held to
tests/annotations/vectors/history.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from annotations.history import ChangeSet, State
from annotations.model import Annotation


@dataclass(frozen=True, slots=True)
class PendingChange:
    """A change that no store has acknowledged.

    Attributes
    ----------
    before : the earlier value of each annotation that it updates or deletes, as for `CommittedChange`.
    """

    change: ChangeSet
    before: State = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Conflict:
    """One annotation that was changed on both sides, differently.

    Attributes
    ----------
    mine : what the pending edits make of it; None where they delete it.
    theirs : what the store holds; None where it was deleted there.
    """

    annotation_id: str
    mine: Annotation | None
    theirs: Annotation | None


@dataclass(frozen=True, slots=True)
class Rebased:
    """Pending changes after `rebase`.

    Attributes
    ----------
    pending : what applies to the store's state, one after the other, under the same change ids.
    conflicts : what a person has to decide; taken out of `pending`.
    emptied : ids of changes with nothing left to send: it is there already, or became conflicts.
    """

    pending: tuple[PendingChange, ...]
    conflicts: tuple[Conflict, ...]
    emptied: tuple[str, ...]


def conflicts(mine: ChangeSet, theirs: Iterable[ChangeSet]) -> tuple[str, ...]:
    """The ids that `mine` and any of `theirs` touch, in the order of `mine`."""
    touched = {annotation_id for change in theirs for annotation_id in change.touched()}
    return tuple(annotation_id for annotation_id in mine.touched() if annotation_id in touched)


def rebase(head: State, pending: Sequence[PendingChange]) -> Rebased:
    """Fit `pending`, oldest first, onto `head`, the newest state of the store."""
    overlay: dict[str, Annotation | None] = {}
    found: dict[str, Conflict] = {}
    kept: list[PendingChange] = []
    emptied: list[str] = []
    for entry in pending:
        dropped: set[str] = set()
        for annotation_id, mine in _outcome(entry.change):
            theirs = overlay[annotation_id] if annotation_id in overlay else head.get(annotation_id)
            known = found.get(annotation_id)
            if known is not None:
                found[annotation_id] = Conflict(annotation_id, mine, known.theirs)
            elif theirs == mine:
                pass
            elif theirs == entry.before.get(annotation_id):
                overlay[annotation_id] = mine
                continue
            else:
                found[annotation_id] = Conflict(annotation_id, mine, theirs)
            dropped.add(annotation_id)
        change = _without(entry.change, dropped)
        if change.is_empty:
            emptied.append(change.change_id)
        else:
            kept.append(PendingChange(change, entry.before))
    return Rebased(tuple(kept), tuple(found.values()), tuple(emptied))


def _outcome(change: ChangeSet) -> Iterable[tuple[str, Annotation | None]]:
    for annotation in (*change.created, *change.updated):
        yield annotation.annotation_id, annotation
    for annotation_id in change.deleted:
        yield annotation_id, None


def _without(change: ChangeSet, dropped: set[str]) -> ChangeSet:
    if not dropped:
        return change
    return ChangeSet(
        change_id=change.change_id,
        created=tuple(a for a in change.created if a.annotation_id not in dropped),
        updated=tuple(a for a in change.updated if a.annotation_id not in dropped),
        deleted=tuple(annotation_id for annotation_id in change.deleted if annotation_id not in dropped),
    )
