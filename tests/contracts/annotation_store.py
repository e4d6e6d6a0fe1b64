"""What every AnnotationStore must do, as tests.

A test class of an implementation inherits from `AnnotationStoreContract` and gives a `store`. Where assets
and accounts must exist before they are used, it also overrides `asset_id`, `other_asset_id`, `author` and
`other_author`.
"""

import math
import random
import threading
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import shapely

from annotations import history
from annotations.errors import (
    ChangeIdReusedError,
    DuplicateAnnotationError,
    InvalidChangeError,
    LockedAnnotationError,
    StaleRevisionError,
    UnknownAnnotationError,
)
from annotations.history import ChangeSet, CommittedChange
from annotations.model import Annotation
from annotations.store import AnnotationStore

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def new_id() -> str:
    return str(uuid.uuid4())


def square(x: float = 0.0, y: float = 0.0, side: float = 10.0) -> shapely.Polygon:
    return shapely.Polygon([(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)])


def label(geometry: shapely.Geometry | None = None, **fields: object) -> Annotation:
    return replace(Annotation(new_id(), geometry or square()), **fields)


def creates(*annotations: Annotation) -> ChangeSet:
    return ChangeSet(new_id(), created=annotations)


def updates(*annotations: Annotation) -> ChangeSet:
    return ChangeSet(new_id(), updated=annotations)


def deletes(*annotations: Annotation) -> ChangeSet:
    return ChangeSet(new_id(), deleted=tuple(annotation.annotation_id for annotation in annotations))


class AnnotationStoreContract:
    @pytest.fixture
    def asset_id(self) -> str:
        return "0123456789abcdef"

    @pytest.fixture
    def other_asset_id(self) -> str:
        return "fedcba9876543210"

    @pytest.fixture
    def author(self) -> str:
        return "00000000000000aa"

    @pytest.fixture
    def other_author(self) -> str:
        return "00000000000000bb"

    @pytest.fixture
    def commit(self, store: AnnotationStore, asset_id: str, author: str):
        """Commit onto the head, a minute after the commit before."""

        def commit_to_head(change: ChangeSet, by: str = author) -> CommittedChange:
            head = store.head(asset_id)
            at = NOON + timedelta(minutes=head)
            return store.commit(asset_id, head, change, author=by, committed_at=at)

        return commit_to_head

    @pytest.fixture
    def state(self, store: AnnotationStore, asset_id: str):
        """The head as a mapping from id to annotation."""
        return lambda: {s.annotation.annotation_id: s.annotation for s in store.query(asset_id)}

    def test_an_asset_that_nobody_annotated_is_at_revision_zero(self, store, asset_id):
        assert store.head(asset_id) == 0
        assert store.query(asset_id) == []
        assert store.changes_since(asset_id, 0) == []

    def test_each_commit_makes_the_next_revision(self, store, asset_id, commit):
        assert commit(creates(label())).revision == 1
        assert commit(creates(label())).revision == 2
        assert store.head(asset_id) == 2

    def test_a_commit_answers_with_the_change_its_author_and_what_was_before(self, commit, other_author):
        kept, gone = label(), label()
        commit(creates(kept, gone))
        change = ChangeSet(
            new_id(),
            created=(label(),),
            updated=(replace(kept, name="margin"),),
            deleted=(gone.annotation_id,),
        )
        assert commit(change, by=other_author) == CommittedChange(
            revision=2,
            change=change,
            before={kept.annotation_id: kept, gone.annotation_id: gone},
            author=other_author,
            committed_at=NOON + timedelta(minutes=1),
        )

    def test_what_was_created_updated_and_deleted_shows_in_the_head(self, state, commit):
        first, second, third = label(), label(), label()
        commit(creates(first, second, third))
        moved = replace(second, geometry=square(50, 50))
        commit(ChangeSet(new_id(), updated=(moved,), deleted=(third.annotation_id,)))
        assert state() == {first.annotation_id: first, second.annotation_id: moved}

    @pytest.mark.parametrize("behind", [1, -1], ids=["older", "newer"])
    def test_a_change_against_another_revision_than_the_head_is_refused(
        self, store, asset_id, author, commit, behind
    ):
        commit(creates(label()))
        with pytest.raises(StaleRevisionError) as refused:
            store.commit(asset_id, 1 - behind, creates(label()), author=author, committed_at=NOON)
        assert refused.value.head == 1
        assert store.head(asset_id) == 1
        assert len(store.query(asset_id)) == 1

    def test_the_same_change_sent_again_is_done_once(self, store, asset_id, author, commit):
        change = creates(label())
        first = commit(change)
        commit(creates(label()))
        again = store.commit(asset_id, 0, change, author=author, committed_at=NOON + timedelta(hours=1))
        assert again == first
        assert store.head(asset_id) == 2
        assert len(store.query(asset_id)) == 2

    def test_a_change_id_with_other_contents_is_refused(self, store, asset_id, commit):
        change = creates(label())
        commit(change)
        with pytest.raises(ChangeIdReusedError):
            commit(replace(change, created=(label(),)))
        assert store.head(asset_id) == 1

    def test_creating_an_id_that_exists_is_refused(self, store, asset_id, commit):
        existing = label()
        commit(creates(existing))
        with pytest.raises(DuplicateAnnotationError) as refused:
            commit(creates(replace(existing, name="again")))
        assert refused.value.annotation_id == existing.annotation_id
        assert store.head(asset_id) == 1

    @pytest.mark.parametrize("change_of", [updates, deletes])
    def test_changing_what_does_not_exist_is_refused(self, store, asset_id, commit, change_of):
        missing = label()
        with pytest.raises(UnknownAnnotationError) as refused:
            commit(change_of(missing))
        assert refused.value.annotation_id == missing.annotation_id
        assert store.head(asset_id) == 0

    def test_a_change_that_names_an_annotation_twice_is_refused(self, store, asset_id, commit):
        existing = label()
        commit(creates(existing))
        with pytest.raises(InvalidChangeError):
            commit(ChangeSet(new_id(), updated=(existing,), deleted=(existing.annotation_id,)))
        with pytest.raises(InvalidChangeError):
            twice = label()
            commit(creates(twice, twice))
        assert store.head(asset_id) == 1

    def test_of_a_refused_change_nothing_is_done(self, store, asset_id, state, commit):
        existing = label()
        commit(creates(existing))
        before = state()
        with pytest.raises(UnknownAnnotationError):
            commit(
                ChangeSet(
                    new_id(),
                    created=(label(),),
                    updated=(replace(existing, name="changed"),),
                    deleted=(new_id(),),
                )
            )
        assert state() == before
        assert store.head(asset_id) == 1
        assert len(store.changes_since(asset_id, 0)) == 1

    def test_a_refused_change_can_be_sent_again_when_it_fits(self, commit, state):
        wanted = label()
        change = updates(replace(wanted, name="named"))
        with pytest.raises(UnknownAnnotationError):
            commit(change)
        commit(creates(wanted))
        commit(change)
        assert state()[wanted.annotation_id].name == "named"

    def test_what_is_locked_cannot_be_moved_or_deleted(self, state, commit):
        locked = label(is_locked=True)
        commit(creates(locked))
        with pytest.raises(LockedAnnotationError) as refused:
            commit(updates(replace(locked, geometry=square(1, 1))))
        assert refused.value.annotation_id == locked.annotation_id
        with pytest.raises(LockedAnnotationError):
            commit(deletes(locked))
        assert state() == {locked.annotation_id: locked}

    def test_what_is_locked_can_be_named_unlocked_and_moved_while_it_is_unlocked(self, state, commit):
        locked = label(is_locked=True)
        commit(creates(locked))
        commit(updates(replace(locked, name="margin")))
        free = replace(locked, is_locked=False, geometry=square(5, 5))
        commit(updates(free))
        assert state() == {locked.annotation_id: free}
        commit(deletes(free))
        assert state() == {}

    def test_a_deleted_id_may_be_created_again(self, store, asset_id, commit):
        annotation = label()
        commit(creates(annotation))
        commit(deletes(annotation))
        commit(creates(annotation))
        (stored,) = store.query(asset_id)
        assert stored.annotation == annotation
        assert stored.revision == 3
        assert stored.created_at == NOON + timedelta(minutes=2)

    def test_a_stored_annotation_says_who_gave_it_its_value_and_when(
        self, store, asset_id, author, other_author, commit
    ):
        first, second = label(), label()
        commit(creates(first))
        commit(creates(second))
        commit(updates(replace(first, name="seen")), by=other_author)
        by_id = {stored.annotation.annotation_id: stored for stored in store.query(asset_id)}
        changed, untouched = by_id[first.annotation_id], by_id[second.annotation_id]
        assert (changed.revision, changed.author) == (3, other_author)
        assert (changed.created_at, changed.updated_at) == (NOON, NOON + timedelta(minutes=2))
        assert (untouched.revision, untouched.author) == (2, author)
        assert untouched.created_at == untouched.updated_at == NOON + timedelta(minutes=1)

    def test_annotations_come_in_the_order_of_their_creation(self, store, asset_id, commit):
        annotations = [label(square(x)) for x in range(12)]
        for annotation in annotations:
            commit(creates(annotation))
        changed = replace(annotations[3], name="changed")
        commit(updates(changed))
        annotations[3] = changed
        assert [stored.annotation for stored in store.query(asset_id)] == annotations

    def test_a_box_finds_what_touches_it_edges_included(self, store, asset_id, commit):
        inside = label(square(100, 100, 10))
        corner = label(square(200, 200, 10))
        outside = label(square(300, 300, 10))
        commit(creates(inside, corner, outside))
        found = store.query(asset_id, bbox=(105.0, 105.0, 200.0, 200.0))
        assert [stored.annotation for stored in found] == [inside, corner]
        assert store.query(asset_id, bbox=(210.0000001, 210.0, 299.9999999, 400.0)) == []

    def test_a_box_follows_what_moves(self, store, asset_id, commit):
        annotation = label(square(0, 0))
        commit(creates(annotation))
        moved = replace(annotation, geometry=square(70_000, 40_000))
        commit(updates(moved))
        assert store.query(asset_id, bbox=(0.0, 0.0, 20.0, 20.0)) == []
        (found,) = store.query(asset_id, bbox=(70_001.0, 40_001.0, 70_002.0, 40_002.0))
        assert found.annotation == moved
        commit(deletes(moved))
        assert store.query(asset_id, bbox=(70_001.0, 40_001.0, 70_002.0, 40_002.0)) == []

    def test_a_box_finds_points_and_upright_lines_which_have_no_area(self, store, asset_id, commit):
        point = label(shapely.Point(10, 10))
        line = label(shapely.LineString([(20, 0), (20, 50)]))
        commit(creates(point, line))
        found = store.query(asset_id, bbox=(10.0, 10.0, 20.0, 10.0))
        assert [stored.annotation for stored in found] == [point, line]

    def test_layers_are_kept_apart(self, store, asset_id, commit):
        ours, theirs = label(layer="tissue"), label()
        commit(creates(ours, theirs))
        assert [stored.annotation for stored in store.query(asset_id, layer="tissue")] == [ours]
        assert [stored.annotation for stored in store.query(asset_id, layer="default")] == [theirs]
        assert store.query(asset_id, layer="other") == []
        assert store.query(asset_id, bbox=(900.0, 900.0, 901.0, 901.0), layer="tissue") == []

    def test_assets_are_kept_apart(self, store, asset_id, other_asset_id, author, commit):
        commit(creates(label()))
        assert store.head(other_asset_id) == 0
        assert store.query(other_asset_id) == []
        assert store.query(other_asset_id, bbox=(0.0, 0.0, 9.0, 9.0)) == []
        assert store.changes_since(other_asset_id, 0) == []
        elsewhere = creates(label())
        store.commit(other_asset_id, 0, elsewhere, author=author, committed_at=NOON)
        assert store.head(asset_id) == 1
        assert [committed.change for committed in store.changes_since(other_asset_id, 0)] == [elsewhere]

    @pytest.mark.parametrize(
        "geometry",
        [
            shapely.Point(math.pi, -0.0),
            shapely.MultiPoint([(0.1, 0.2), (1e-300, 5e-324), (0.1, 0.2)]),
            shapely.LineString([(0.1 + 0.2, 0.3), (math.nextafter(1.0, 2.0), 1.0 / 3.0)]),
            shapely.MultiLineString([[(0, 0), (1, 1)], [(2, 2), (math.e, math.tau)]]),
            shapely.Polygon(
                [(0, 0), (0, 100.1), (99.9, 100), (100, 0)],
                [[(10, 10), (20.3, 10), (20, 20.7)], [(50, 50), (60, 50), (60, 60.1)]],
            ),
            shapely.MultiPolygon([square(1.1, 2.2, 3.3), square(100.7, 100.9, 0.1)]),
        ],
        ids=lambda geometry: geometry.geom_type,
    )
    def test_what_was_drawn_is_what_is_stored(self, store, asset_id, commit, geometry):
        annotation = label(geometry)
        commit(creates(annotation))
        (stored,) = store.query(asset_id)
        (committed,) = store.changes_since(asset_id, 0)
        for kept in (stored.annotation.geometry, committed.change.created[0].geometry):
            assert shapely.to_wkb(kept) == shapely.to_wkb(geometry)

    def test_texts_flags_and_further_values_come_back_as_they_were(self, state, commit):
        annotation = label(
            class_id=None,
            layer="Färbung 2",
            name="Rand\n\u2028 </script> 'quoted' \U0001f52c",
            is_locked=True,
            extra={"measurements": {"Area µm²": 0.1, "n": 3}, "deep": [{"a": [None, True, ""]}]},
        )
        commit(creates(annotation))
        assert state() == {annotation.annotation_id: annotation}

    def test_the_history_can_be_read_from_any_revision(self, store, asset_id, commit):
        committed = [commit(creates(label())) for _ in range(4)]
        assert store.changes_since(asset_id, 0) == committed
        assert store.changes_since(asset_id, 2) == committed[2:]
        assert store.changes_since(asset_id, 4) == []
        assert store.changes_since(asset_id, 99) == []

    @pytest.mark.parametrize("seed", range(5))
    def test_replaying_the_history_gives_the_head_and_taking_it_back_gives_nothing(
        self, store, asset_id, state, commit, seed
    ):
        chance = random.Random(seed)  # noqa: S311
        for _ in range(12):
            commit(_random_change(state(), chance))
        changes = store.changes_since(asset_id, 0)
        assert history.replay(changes) == state()
        for committed in reversed(changes):
            commit(history.inverse(committed, new_id()))
        assert state() == {}

    def test_what_a_store_answers_is_not_its_own_memory(self, store, asset_id, commit):
        commit(creates(label()))
        store.query(asset_id).clear()
        store.changes_since(asset_id, 0).clear()
        assert len(store.query(asset_id)) == 1
        assert len(store.changes_since(asset_id, 0)) == 1

    def test_of_many_writers_each_gets_a_revision_of_its_own(self, store, asset_id, author):
        writers, each = 4, 5
        failures: list[BaseException] = []

        def write() -> None:
            try:
                for _ in range(each):
                    change = creates(label())
                    while True:
                        try:
                            store.commit(
                                asset_id, store.head(asset_id), change, author=author, committed_at=NOON
                            )
                            break
                        except StaleRevisionError:
                            continue
            except BaseException as failure:  # noqa: BLE001  (told to the test's own thread)
                failures.append(failure)

        threads = [threading.Thread(target=write) for _ in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        revisions = [committed.revision for committed in store.changes_since(asset_id, 0)]
        assert revisions == list(range(1, writers * each + 1))
        assert len(store.query(asset_id)) == writers * each


def _random_change(state: dict[str, Annotation], chance: random.Random) -> ChangeSet:
    existing = sorted(state)
    chance.shuffle(existing)
    half = len(existing) // 2
    updated = [
        replace(state[annotation_id], geometry=square(chance.uniform(0, 1e5), chance.uniform(0, 1e5)))
        for annotation_id in existing[:half]
    ]
    return ChangeSet(
        new_id(),
        created=tuple(label(square(chance.uniform(0, 1e5), 3.0)) for _ in range(chance.randint(1, 4))),
        updated=tuple(updated),
        deleted=tuple(existing[half : half + chance.randint(0, 1)]),
    )
