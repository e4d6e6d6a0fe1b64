"""The JSON between clients and server."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from annotations.errors import InvalidGeometryError, WireError
from annotations.history import ChangeSet, CommittedChange
from annotations.model import Annotation, StoredAnnotation
from annotations.strict_json import WireLimits
from annotations.wire import (
    changeset_from_json,
    changeset_to_json,
    committed_to_json,
    feature_from_json,
    feature_to_json,
    time_to_json,
)
from tests.annotations.strategies import changes, labels, states

ID = "0b5e6c1a-9a6e-4b0a-8f5c-3d2e1f0a9b8c"
OTHER = "1b5e6c1a-9a6e-4b0a-8f5c-3d2e1f0a9b8c"


def feature(**fields: object) -> dict:
    return {
        "type": "Feature",
        "id": ID,
        "geometry": {"type": "Point", "coordinates": [1.5, 2.5]},
        "properties": {},
    } | fields


def change(**fields: object) -> dict:
    return {"change_id": OTHER, "created": [feature()], "updated": [], "deleted": []} | fields


@given(labels)
def test_an_annotation_comes_back_exactly_from_text(annotation):
    text = msgspec.json.encode(feature_to_json(annotation))
    back = feature_from_json(text)
    assert back == annotation
    assert [shapely.to_wkb(one) for one in back.shapes()] == [
        shapely.to_wkb(one) for one in annotation.shapes()
    ]


@given(labels)
def test_our_json_is_json_to_every_parser(annotation):
    document = json.loads(msgspec.json.encode(feature_to_json(annotation)))
    assert feature_from_json(document) == annotation


@given(st.data())
def test_a_change_comes_back_exactly_from_text(data):
    made = data.draw(states.flatmap(changes))
    if made.is_empty:
        with pytest.raises(WireError, match="empty"):
            changeset_from_json(changeset_to_json(made))
    elif len(set(made.touched())) == len(list(made.touched())):
        assert changeset_from_json(msgspec.json.encode(changeset_to_json(made))) == made


def test_members_that_have_a_usual_value_may_be_left_out():
    assert feature_from_json({key: value for key, value in feature().items() if key != "properties"}) == (
        Annotation(ID, shapely.Point(1.5, 2.5))
    )
    assert changeset_from_json({"change_id": OTHER, "deleted": [ID]}) == ChangeSet(OTHER, deleted=(ID,))


def test_a_stored_annotation_may_be_sent_back_as_it_was_received():
    annotation = Annotation(ID, shapely.Point(1.5, 2.5), "c1", name="margin")
    at = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
    sent = feature_to_json(StoredAnnotation(annotation, 7, "aa", at, at))
    assert sent["properties"] == {
        "class_id": "c1",
        "layer": "default",
        "name": "margin",
        "is_locked": False,
        "extra": {},
        "author": "aa",
        "created_at": "2026-11-21T12:30:00Z",
        "updated_at": "2026-11-21T12:30:00Z",
        "revision": 7,
    }
    assert feature_from_json(sent) == annotation


def test_a_committed_change_says_its_revision_author_and_time():
    at = datetime(2026, 11, 21, 12, 30, 1, 500, tzinfo=UTC)
    made = changeset_from_json(change())
    assert committed_to_json(CommittedChange(4, made, {}, "aa", at)) == {
        "revision": 4,
        "author": "aa",
        "committed_at": "2026-11-21T12:30:01.000500Z",
        **changeset_to_json(made),
    }
    assert committed_to_json(CommittedChange(4, made))["committed_at"] is None


def test_times_are_in_utc_and_know_their_zone():
    elsewhere = timezone(timedelta(hours=2))
    assert time_to_json(datetime(2026, 11, 21, 14, 0, tzinfo=elsewhere)) == "2026-11-21T12:00:00Z"
    with pytest.raises(ValueError, match="zone"):
        time_to_json(datetime(2026, 11, 21, 14, 0))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (feature(id="x"), "must be a UUID"),
        (feature(id=ID.upper()), "must be a UUID in lower case"),
        (feature(id="{" + ID + "}"), "must be a UUID"),
        (feature(id=None), "Expected `str`, got `null`"),
        (feature(type="Thing"), 'must be "Feature"'),
        (feature(bbox=[0, 0, 1, 1]), "^Object contains unknown field\\.$"),
        (feature(geometry=None), "must have a geometry"),
        (feature(properties={"class": "c1"}), r"unknown field - at `\$.properties`"),
        (feature(properties={"class_id": 7}), "Expected `str | null`"),
        (feature(properties={"class_id": ""}), "1 to 100 characters"),
        (feature(properties={"class_id": "x" * 101}), "1 to 100 characters"),
        (feature(properties={"layer": ""}), "1 to 100 printable"),
        (feature(properties={"layer": "a\nb"}), "1 to 100 printable"),
        (feature(properties={"name": "x" * 501}), "at most 500"),
        (feature(properties={"name": "a\0b"}), "NUL"),
        (feature(properties={"name": "a\ud800"}), "name must"),
        (feature(properties={"extra": {"a": ["\ud800"]}}), "extra must"),
        (feature(properties={"extra": {"\ud800": 1}}), "extra must"),
        (feature(properties={"is_locked": 1}), "Expected `bool`"),
        (feature(properties={"extra": []}), "Expected `object`"),
        (feature(properties={"extra": {"a": "x" * 70_000}}), "65,536 bytes"),
        (feature(properties={"extra": {"a": 2**53 + 1}}), "integers up to 2"),
        (feature(properties={"extra": {"a": float("nan")}}), "finite"),
        (feature(properties={"extra": {"a": [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}}), "16 deep"),
    ],
)
def test_a_feature_of_another_form_is_refused(document, sentence):
    with pytest.raises(WireError, match=sentence):
        feature_from_json(document)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (change(change_id="1"), "change_id must be a UUID"),
        (change(created=[]), "empty"),
        (change(deleted=["x"]), r"deleted\[0\] must be a UUID"),
        (change(deleted=[ID]), "more than once"),
        (change(updated=[feature()]), "more than once"),
        (change(created=[feature(), feature()]), "more than once"),
        (change(created=[feature(), feature(id="x")]), r"created\[1\]: The id"),
        (change(revision=3), "^Object contains unknown field\\.$"),
        (change(created={}), "Expected `array`"),
        ({}, "missing required field `change_id`"),
    ],
)
def test_a_change_of_another_form_is_refused(document, sentence):
    with pytest.raises(WireError, match=sentence):
        changeset_from_json(document)


def test_a_shape_that_cannot_be_stored_is_named_with_its_place():
    bow_tie = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}
    with pytest.raises(InvalidGeometryError, match=r"^updated\[0\]: The outline crosses itself") as refused:
        changeset_from_json(change(created=[], updated=[feature(geometry=bow_tie)]))
    assert refused.value.where == (1, 1)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"\xff\xfe", b'{"change_id": NaN}', b'{"change_id": "\xc3\x28"}', "nonsense", b"[" * 100_000],
)
def test_what_is_not_json_is_refused(text):
    with pytest.raises(WireError):
        changeset_from_json(text)


def test_a_value_nested_without_end_is_refused():
    deep = b"[" * 100_000 + b"]" * 100_000
    text = b'{"type":"Feature","id":"x","geometry":{},"properties":{"extra":{"a":%s}}}' % deep
    with pytest.raises(WireError, match="nested too deeply"):
        feature_from_json(text)


def test_how_much_one_change_may_hold_is_limited():
    two = change(created=[feature(), feature(id=OTHER)])
    changeset_from_json(two, WireLimits(max_items=2, max_vertices=2))
    with pytest.raises(WireError, match="holds 2 annotations; at most 1"):
        changeset_from_json(two, WireLimits(max_items=1))
    with pytest.raises(WireError, match="2 vertices; at most 1"):
        changeset_from_json(two, WireLimits(max_vertices=1))


def test_sentences_do_not_repeat_what_was_sent():
    secret = "DOE^JOHN"
    documents = [
        feature(id=secret),
        feature(type=secret),
        feature(properties={"layer": secret + "\n"}),
        feature(properties={"name": secret * 100}),
        feature(geometry={"type": secret, "coordinates": []}),
        feature(geometry={"type": "Point", "coordinates": [secret, 1]}),
    ]
    for document in documents:
        with pytest.raises((WireError, InvalidGeometryError)) as refused:
            feature_from_json(document)
        assert secret not in str(refused.value)


def test_an_annotation_with_another_value_is_another_annotation():
    annotation = Annotation(ID, shapely.Point(1.5, 2.5), extra={"a": [1]})
    assert replace(annotation, extra={"a": [1.0]}) == annotation
    assert replace(annotation, extra={"a": [2]}) != annotation
    assert replace(annotation, geometry=shapely.Point(1.5, 2.5000000000000004)) != annotation
    assert len({annotation, replace(annotation, name="x")}) == 2
