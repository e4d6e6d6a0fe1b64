"""ChangeSets: what they do, and how they are taken back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from annotations import history
from annotations.errors import (
    AnnotationError,
    DuplicateAnnotationError,
    InvalidChangeError,
    UnknownAnnotationError,
)
from annotations.history import ChangeSet, CommittedChange
from annotations.model import Annotation
from annotations.rebase import Conflict, PendingChange, conflicts, rebase
from annotations.wire import changeset_from_json, changeset_to_json, feature_from_json
from tests.annotations.strategies import changes, states

A, B, C = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
CASES = json.loads((Path(__file__).parent / "vectors" / "history.json").read_text())
ERRORS = {
    "duplicate-annotation": DuplicateAnnotationError,
    "unknown-annotation": UnknownAnnotationError,
    "invalid-change": InvalidChangeError,
}


def cases(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if case["kind"] == kind]
    assert chosen
    return pytest.mark.parametrize("case", chosen, ids=[case["name"] for case in chosen])


def state_of(features: list[dict]) -> dict[str, Annotation]:
    return {feature["id"]: feature_from_json(feature) for feature in features}


def change_of(document: dict) -> ChangeSet:
    """Without the wire's own refusals: the vectors have changes that only the history refuses."""
    return ChangeSet(
        document["change_id"],
        tuple(map(feature_from_json, document["created"])),
        tuple(map(feature_from_json, document["updated"])),
        tuple(document["deleted"]),
    )


def pending_of(document: dict) -> PendingChange:
    before = {key: feature_from_json(value) for key, value in document["before"].items()}
    return PendingChange(change_of(document["change"]), before)


def maybe(feature: dict | None) -> Annotation | None:
    return None if feature is None else feature_from_json(feature)


@cases("apply")
def test_shared_vectors_apply_and_are_taken_back(case):
    state, change = state_of(case["state"]), change_of(case["change"])
    after = history.apply(state, change)
    assert after == state_of(case["expected_state"])
    committed = CommittedChange(1, change, history.before(state, change))
    back = history.inverse(committed, case["expected_inverse"]["change_id"])
    assert back == change_of(case["expected_inverse"])
    assert history.apply(after, back) == state
    assert changeset_to_json(change) == case["change"]
    assert changeset_from_json(case["change"]) == change


@cases("refused")
def test_shared_vectors_are_refused(case):
    with pytest.raises(ERRORS[case["expected_error"]]) as refused:
        history.apply(state_of(case["state"]), change_of(case["change"]))
    assert type(refused.value) is ERRORS[case["expected_error"]]
    assert case["expected_annotation_id"] in str(refused.value)


@cases("rebase")
def test_shared_vectors_are_rebased(case):
    rebased = rebase(state_of(case["head"]), [pending_of(entry) for entry in case["pending"]])
    assert [entry.change for entry in rebased.pending] == [
        change_of(entry["change"]) for entry in case["expected_pending"]
    ]
    assert rebased.conflicts == tuple(
        Conflict(entry["annotation_id"], maybe(entry["mine"]), maybe(entry["theirs"]))
        for entry in case["expected_conflicts"]
    )
    assert list(rebased.emptied) == case["expected_emptied"]


@given(st.data())
def test_a_change_and_then_its_inverse_is_the_identity(data):
    state = data.draw(states)
    change = data.draw(changes(state))
    after = history.apply(state, change)
    committed = CommittedChange(1, change, history.before(state, change))
    assert history.apply(after, history.inverse(committed)) == state


@given(st.data())
def test_taking_back_the_inverse_is_doing_it_again(data):
    state = data.draw(states)
    change = data.draw(changes(state))
    after = history.apply(state, change)
    undo = history.inverse(CommittedChange(1, change, history.before(state, change)))
    redo = history.inverse(CommittedChange(2, undo, history.before(after, undo)), change.change_id)
    assert redo == change


@given(st.data())
def test_replaying_the_history_gives_the_state(data):
    state: dict[str, Annotation] = {}
    committed = []
    for revision in range(1, data.draw(st.integers(1, 4)) + 1):
        change = data.draw(changes(state))
        committed.append(CommittedChange(revision, change, history.before(state, change)))
        state = history.apply(state, change)
    assert history.replay(committed) == state
    assert history.replay(committed[1:], history.replay(committed[:1])) == state


@given(st.data())
def test_what_was_rebased_applies_and_loses_nothing(data):
    base = data.draw(states)
    mine, theirs = data.draw(changes(base)), data.draw(changes(base))
    head = history.apply(base, theirs)
    rebased = rebase(head, [PendingChange(mine, history.before(base, mine))])
    merged = history.replay([entry.change for entry in rebased.pending], head)
    in_conflict = {conflict.annotation_id: conflict.mine for conflict in rebased.conflicts}
    wanted = history.apply(base, mine)
    for annotation_id in mine.touched():
        if annotation_id in in_conflict:
            assert in_conflict[annotation_id] == wanted.get(annotation_id)
        else:
            assert merged.get(annotation_id) == wanted.get(annotation_id)
    assert set(in_conflict) <= set(conflicts(mine, [theirs]))
    assert bool(rebased.emptied) == (not rebased.pending)


def test_applying_leaves_the_state_it_was_given_alone():
    annotation = Annotation(A, shapely.Point(1, 2))
    state = {A: annotation}
    history.apply(state, ChangeSet(B, updated=(replace(annotation, name="x"),)))
    history.apply(state, ChangeSet(B, deleted=(A,)))
    assert state == {A: annotation}


def test_conflicts_are_what_both_sides_touched():
    point = shapely.Point(1, 2)
    mine = ChangeSet(A, (Annotation(A, point),), (Annotation(B, point),), (C,))
    assert conflicts(mine, []) == ()
    assert conflicts(mine, [ChangeSet(B, deleted=(C,)), ChangeSet(C, (Annotation(A, point),))]) == (A, C)


def test_a_history_with_a_gap_is_not_replayed():
    changes_ = [CommittedChange(n, ChangeSet(A, (Annotation(A, shapely.Point(n, n)),))) for n in (1, 3)]
    with pytest.raises(InvalidChangeError, match="lacks revision 2"):
        history.replay(changes_)


def test_an_inverse_that_lacks_the_earlier_value_is_refused():
    with pytest.raises(UnknownAnnotationError):
        history.inverse(CommittedChange(1, ChangeSet(A, deleted=(B,))))


def test_an_inverse_has_an_id_of_its_own_which_is_the_same_each_time():
    committed = CommittedChange(1, ChangeSet(A, (Annotation(B, shapely.Point(1, 2)),)))
    first, second = history.inverse(committed), history.inverse(committed)
    assert first == second
    assert first.change_id != A
    assert history.inverse(committed, C).change_id == C


def test_every_error_has_the_wings_base():
    assert all(issubclass(error, AnnotationError) for error in ERRORS.values())
