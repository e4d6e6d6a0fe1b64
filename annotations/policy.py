"""What a store refuses although the change is well formed: locked shapes, classes that are not offered,
frames that the asset does not have.

Kept apart from `history.apply`, because a history that was allowed when it was made must always replay.
"""

from __future__ import annotations

from annotations.errors import InvalidTimeError, LockedAnnotationError, UnknownClassError
from annotations.history import ChangeSet, State
from annotations.model import Annotation, Segment, Track
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
        if annotation.geometry != earlier.geometry or annotation.over_time != earlier.over_time:
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


def check_still(change: ChangeSet) -> None:
    """Refuse tracks and segments: the asset is one picture.

    Raises
    ------
    InvalidTimeError
    """
    if any(annotation.over_time is not None for annotation in (*change.created, *change.updated)):
        raise InvalidTimeError("A slide has no frames: tracks and segments are for videos.")


def check_frames(change: ChangeSet, frame_count: int) -> None:
    """Refuse key frames, ends and segments beyond the last of the asset's `frame_count` frames.

    Raises
    ------
    InvalidTimeError : with the last frame that there is.
    """
    for annotation in (*change.created, *change.updated):
        last = _last_frame(annotation)
        if last is not None and last >= frame_count:
            raise InvalidTimeError(
                f"The change names frame {last:,}; the last frame of this video is {frame_count - 1:,}."
            )


def _last_frame(annotation: Annotation) -> int | None:
    """The last frame that it names; the end of a track names the frame before."""
    match annotation.over_time:
        case Track(keyframes=keyframes, ended_frame=ended_frame):
            return keyframes[-1].frame if ended_frame is None else ended_frame - 1
        case Segment(start_frame=start_frame, end_frame=end_frame):
            return start_frame if end_frame is None else end_frame
        case _:
            return None
