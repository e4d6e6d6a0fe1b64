"""What every AnnotationStore must do with tracks and segments: the same as with every other label, as tests.

A test class of an implementation inherits from `LabelsOverTimeContract`, which has all of the contract.
"""

import math
from dataclasses import replace

import pytest
import shapely

from annotations import history
from annotations.errors import LockedAnnotationError
from annotations.history import ChangeSet
from annotations.model import Annotation, Keyframe, Segment, Track, TrackShape
from tests.contracts.annotation_store import (
    NOON,
    AnnotationStoreContract,
    creates,
    deletes,
    label,
    new_id,
    square,
    updates,
)


def keyframe(frame: int, geometry: shapely.Geometry, **fields: object) -> Keyframe:
    return replace(Keyframe(frame, geometry), **fields)


def track(
    *keyframes: Keyframe, shape: TrackShape = TrackShape.POLYGON, ended: int | None = None
) -> Annotation:
    """A label over time; a square that moves unless its key frames are given."""
    chosen = keyframes or (keyframe(0, square()), keyframe(10, square(20)))
    return Annotation(new_id(), None, over_time=Track(shape, chosen, ended))


def segment(start: int = 0, end: int | None = None, tier: str = "phase") -> Annotation:
    return Annotation(new_id(), None, over_time=Segment(start, end, tier))


class LabelsOverTimeContract(AnnotationStoreContract):
    @pytest.mark.parametrize("ended", [None, 26], ids=["endless", "ended"])
    def test_a_track_is_stored_as_it_was_drawn(self, store, asset_id, commit, ended):
        keyframes = (
            keyframe(3, square(math.pi, -0.0, 0.1 + 0.2), attributes={"view": "apical", "deep": [1.5, None]}),
            keyframe(
                7, shapely.MultiPolygon([square(1.1, 2.2, 3.3), square(100.7, 100.9, 0.1)]), is_outside=True
            ),
            keyframe(25, square(5e-324, 1 / 3, 7), is_occluded=True),
        )
        annotation = replace(track(*keyframes, ended=ended), class_id=None, name="Ventrikel", layer="echo")
        commit(creates(annotation))
        (stored,) = store.query(asset_id)
        (committed,) = store.changes_since(asset_id, 0)
        for kept in (stored.annotation, committed.change.created[0]):
            assert kept == annotation
            for ours, theirs in zip(kept.over_time.keyframes, keyframes, strict=True):
                assert shapely.to_wkb(ours.geometry) == shapely.to_wkb(theirs.geometry)

    @pytest.mark.parametrize(
        ("shape", "geometry"),
        [
            (TrackShape.BOX, square(1.5, 2.5, 7.0)),
            (TrackShape.POINT, shapely.Point(0.1, 0.2)),
            (TrackShape.POINT, shapely.MultiPoint([(0.1, 0.2), (3, 4)])),
            (TrackShape.POLYLINE, shapely.LineString([(0.1, 0.2), (3, 4), (5, 5.5)])),
            (TrackShape.POLYGON, shapely.Polygon([(0, 0), (9, 0), (9, 9)], [[(4, 1), (8, 1), (8, 5)]])),
        ],
        ids=["box", "point", "points", "polyline", "polygon"],
    )
    def test_every_kind_of_track_comes_back(self, state, commit, shape, geometry):
        annotation = track(keyframe(5, geometry), shape=shape)
        commit(creates(annotation))
        assert state() == {annotation.annotation_id: annotation}

    @pytest.mark.parametrize("end", [None, 0, 99], ids=["to the end", "one frame", "a stretch"])
    def test_a_segment_is_stored_as_it_was_made(self, state, commit, end):
        annotation = segment(0, end, tier="Phase 2 µ")
        commit(creates(annotation))
        assert state() == {annotation.annotation_id: annotation}

    def test_a_label_may_become_a_track_a_segment_and_still_again(self, state, commit):
        still = label()
        commit(creates(still))
        for over_time in (track().over_time, segment().over_time, track(keyframe(4, square())).over_time):
            changed = replace(still, geometry=None, over_time=over_time)
            commit(updates(changed))
            assert state() == {still.annotation_id: changed}
        commit(updates(still))
        assert state() == {still.annotation_id: still}

    def test_changes_of_tracks_and_segments_are_taken_back(self, state, commit):
        first, second, phase = track(), track(keyframe(2, square(7)), ended=9), segment(3, 8)
        commit(creates(first, second, phase))
        before = state()
        moved = replace(first.over_time, keyframes=(*first.over_time.keyframes, keyframe(30, square(99))))
        committed = commit(
            ChangeSet(
                new_id(),
                updated=(
                    replace(first, over_time=moved),
                    replace(phase, over_time=Segment(4, None, "other")),
                ),
                deleted=(second.annotation_id,),
            )
        )
        assert committed.before == {
            first.annotation_id: first,
            phase.annotation_id: phase,
            second.annotation_id: second,
        }
        commit(history.inverse(committed, new_id()))
        assert state() == before

    def test_the_history_of_tracks_replays(self, store, asset_id, state, commit):
        first = track()
        commit(creates(first, segment()))
        commit(updates(replace(first, over_time=replace(first.over_time, ended_frame=50))))
        commit(deletes(first))
        commit(creates(track(keyframe(0, shapely.Point(1, 2)), shape=TrackShape.POINT)))
        assert history.replay(store.changes_since(asset_id, 0)) == state()

    def test_the_same_track_sent_again_is_done_once(self, store, asset_id, author, commit):
        change = creates(track(), segment())
        first = commit(change)
        again = store.commit(asset_id, 0, change, author=author, committed_at=NOON)
        assert again == first
        assert store.head(asset_id) == 1

    def test_a_locked_track_keeps_its_key_frames(self, state, commit):
        locked = replace(track(), is_locked=True)
        commit(creates(locked))
        ended = replace(locked, over_time=replace(locked.over_time, ended_frame=20))
        with pytest.raises(LockedAnnotationError):
            commit(updates(ended))
        commit(updates(replace(locked, name="named")))
        commit(updates(replace(ended, is_locked=False)))
        assert state()[locked.annotation_id].over_time.ended_frame == 20

    def test_a_box_finds_a_track_by_the_bounds_of_all_its_key_frames(self, store, asset_id, commit):
        annotation = track(keyframe(0, square(100, 100)), keyframe(10, square(300, 100)))
        commit(creates(annotation, segment()))
        between = store.query(asset_id, bbox=(200.0, 105.0, 201.0, 106.0))
        assert [stored.annotation for stored in between] == [annotation]
        assert store.query(asset_id, bbox=(200.0, 111.0, 201.0, 112.0)) == []
        moved = replace(annotation, over_time=Track(TrackShape.POLYGON, (keyframe(5, square(900, 900)),)))
        commit(updates(moved))
        assert store.query(asset_id, bbox=(200.0, 105.0, 201.0, 106.0)) == []
        assert len(store.query(asset_id, bbox=(905.0, 905.0, 906.0, 906.0))) == 1

    def test_a_segment_has_no_place(self, store, asset_id, commit):
        phase = segment()
        commit(creates(phase))
        assert store.query(asset_id, bbox=(-1e9, -1e9, 1e9, 1e9)) == []
        assert [stored.annotation for stored in store.query(asset_id)] == [phase]
