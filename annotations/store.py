"""Where the annotations of an asset live: a state and its history, one revision a commit.

The server keeps them in its database; `MemoryStore` is the same thing in memory, for tests and notebooks.
What every implementation must do is written as tests in tests/contracts/annotation_store.py.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from annotations import history
from annotations.errors import ChangeIdReusedError, StaleRevisionError
from annotations.geometry import Bounds, bounds_of_all, boxes_touch
from annotations.history import ChangeSet, CommittedChange
from annotations.model import Annotation, StoredAnnotation
from annotations.policy import check_locks


class AnnotationStore(Protocol):
    """Annotations by asset, with their whole history. Thread-safe."""

    def head(self, asset_id: str) -> int:
        """The newest revision of an asset; 0 where nothing was ever committed."""
        ...

    def commit(
        self, asset_id: str, base_revision: int, change: ChangeSet, *, author: str, committed_at: datetime
    ) -> CommittedChange:
        """Make `change` the next revision, durably, entirely or not at all.

        `author` is an opaque account id, `committed_at` the time in UTC. A change that was committed before
        (same `change_id`, same contents) is not done again: its earlier commit is returned, whatever
        `base_revision` says.

        Raises
        ------
        StaleRevisionError : `base_revision` is not the head; it carries the head.
        ChangeIdReusedError : the change id was committed with other contents.
        DuplicateAnnotationError, UnknownAnnotationError, LockedAnnotationError, InvalidChangeError : see
            `history.check` and `policy.check_locks`.
        """
        ...

    def query(
        self, asset_id: str, bbox: Bounds | None = None, layer: str | None = None
    ) -> list[StoredAnnotation]:
        """The annotations of the head, in the order of their creation.

        Where given, only those whose bounds touch `bbox` (edges count), and only those of `layer`. The
        bounds of a track are those of all its key frames together; a segment has none, and no box finds it.
        """
        ...

    def changes_since(self, asset_id: str, revision: int) -> list[CommittedChange]:
        """Every change after `revision`, oldest first."""
        ...


@dataclass(slots=True)
class _Asset:
    state: dict[str, StoredAnnotation] = field(default_factory=dict)
    changes: list[CommittedChange] = field(default_factory=list)
    by_change_id: dict[str, CommittedChange] = field(default_factory=dict)


class MemoryStore:
    """An `AnnotationStore` that forgets everything with the process."""

    def __init__(self) -> None:
        self._assets: dict[str, _Asset] = {}
        self._lock = threading.Lock()

    def head(self, asset_id: str) -> int:
        """See `AnnotationStore`."""
        with self._lock:
            asset = self._assets.get(asset_id)
            return len(asset.changes) if asset else 0

    def commit(
        self, asset_id: str, base_revision: int, change: ChangeSet, *, author: str, committed_at: datetime
    ) -> CommittedChange:
        """See `AnnotationStore`."""
        with self._lock:
            asset = self._assets.get(asset_id) or _Asset()
            earlier = asset.by_change_id.get(change.change_id)
            if earlier is not None:
                if earlier.change != change:
                    raise ChangeIdReusedError(change.change_id)
                return earlier
            head = len(asset.changes)
            if base_revision != head:
                raise StaleRevisionError(head)
            state = _Values(asset.state)
            history.check(state, change)
            check_locks(state, change)
            committed = CommittedChange(
                revision=head + 1,
                change=change,
                before=history.before(state, change),
                author=author,
                committed_at=committed_at,
            )
            _write(asset, committed, committed_at)
            self._assets[asset_id] = asset
            return committed

    def query(
        self, asset_id: str, bbox: Bounds | None = None, layer: str | None = None
    ) -> list[StoredAnnotation]:
        """See `AnnotationStore`."""
        with self._lock:
            asset = self._assets.get(asset_id)
            found = list(asset.state.values()) if asset else []
        return [
            stored
            for stored in found
            if (layer is None or stored.annotation.layer == layer)
            and (bbox is None or _touches(stored.annotation, bbox))
        ]

    def changes_since(self, asset_id: str, revision: int) -> list[CommittedChange]:
        """See `AnnotationStore`."""
        with self._lock:
            asset = self._assets.get(asset_id)
            return asset.changes[max(revision, 0) :] if asset else []


def _touches(annotation: Annotation, bbox: Bounds) -> bool:
    """Whether its box does: of a track, the one around all its key frames. A segment has no place."""
    shapes = annotation.shapes()
    return bool(shapes) and boxes_touch(bounds_of_all(shapes), bbox)


class _Values(Mapping[str, Annotation]):
    """A state seen through the stored annotations, without copying it for each commit."""

    def __init__(self, stored: Mapping[str, StoredAnnotation]) -> None:
        self._stored = stored

    def __getitem__(self, annotation_id: str) -> Annotation:
        return self._stored[annotation_id].annotation

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)


def _write(asset: _Asset, committed: CommittedChange, at: datetime) -> None:
    change, revision, author = committed.change, committed.revision, committed.author
    for annotation in change.created:
        asset.state[annotation.annotation_id] = StoredAnnotation(annotation, revision, author, at, at)
    for annotation in change.updated:
        earlier = asset.state[annotation.annotation_id]
        asset.state[annotation.annotation_id] = StoredAnnotation(
            annotation, revision, author, earlier.created_at, at
        )
    for annotation_id in change.deleted:
        del asset.state[annotation_id]
    asset.changes.append(committed)
    asset.by_change_id[change.change_id] = committed
