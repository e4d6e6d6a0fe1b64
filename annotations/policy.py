"""What a store refuses although the change is well formed: locked shapes and classes that are not offered.

Kept apart from `history.apply`, because a history that was allowed when it was made must always replay.
"""

from __future__ import annotations

from annotations.errors import LockedAnnotationError, UnknownClassError
from annotations.history import ChangeSet, State
from annotations.ontology import Ontology


def check_locks(state: State, change: ChangeSet) -> None:
    """Refuse to move or delete what is locked in `state`. The update that unlocks an annotation may also move
    it.

    Annotations that `state` lacks are passed over: `history.check` names those.

    Raises
    ------
    LockedAnnotationError : for the first one that is locked.
    """
    for annotation in change.updated:
        earlier = state.get(annotation.annotation_id)
        if earlier is None or not earlier.is_locked or not annotation.is_locked:
            continue
        if annotation.geometry != earlier.geometry:
            raise LockedAnnotationError(annotation.annotation_id)
    for annotation_id in change.deleted:
        earlier = state.get(annotation_id)
        if earlier is not None and earlier.is_locked:
            raise LockedAnnotationError(annotation_id)


def check_classes(state: State, change: ChangeSet, ontology: Ontology) -> None:
    """Refuse classes that `ontology` does not offer. An annotation that has an archived class may keep it.

    Raises
    ------
    UnknownClassError : for the first class that does not exist, or is archived and newly given.
    """
    for annotation in (*change.created, *change.updated):
        class_id = annotation.class_id
        if class_id is None:
            continue
        earlier = state.get(annotation.annotation_id)
        if earlier is not None and earlier.class_id == class_id:
            continue
        offered = ontology.get(class_id)
        if offered is None or offered.is_archived:
            raise UnknownClassError(class_id)
