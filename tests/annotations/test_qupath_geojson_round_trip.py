"""What goes out comes back or its loss is named; hostile and very large files."""

import json
import math
import re
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from annotations.errors import FormatError
from annotations.formats import REGISTRY, adapter_named
from annotations.formats.losses import Loss, LossCounter
from annotations.ontology import Ontology
from annotations.wire import changeset_from_json, feature_from_json, feature_to_json
from tests.annotations.geojson_documents import ADAPTER, ID, feature, parse
from tests.annotations.strategies import ONTOLOGY, annotations, finite, texts

known_extras = st.fixed_dictionaries(
    {},
    optional={
        "measurements": st.dictionaries(texts, finite, max_size=3),
        "metadata": st.dictionaries(texts, texts, max_size=3),
        "color": st.integers(-(2**31), 2**31 - 1),
        "plane": st.fixed_dictionaries({"c": st.integers(-1, 3), "z": st.just(0), "t": st.just(0)}),
        "isEllipse": st.just(False),
        "isMissing": st.booleans(),
        "mine": texts,
        "type": texts,
        "object_type": st.sampled_from(["cell", "x"]),
    },
)


@given(st.lists(annotations(known_extras), max_size=4, unique_by=lambda a: a.annotation_id))
def test_what_a_file_of_ours_holds_comes_back_without_any_loss(found):
    serialized = ADAPTER.serialize(found, ONTOLOGY)
    lost = any(a.layer != "default" and a.extra.get("metadata") == {} for a in found)
    assert bool(serialized.losses) == lost
    parsed = ADAPTER.parse(serialized.data, ONTOLOGY)
    assert (parsed.new_classes, parsed.losses) == ((), ())
    if not lost:
        assert list(parsed.annotations) == found
    for before, after in zip(found, parsed.annotations, strict=True):
        assert shapely.to_wkb(before.geometry) == shapely.to_wkb(after.geometry)


@given(annotations())
def test_whatever_an_annotation_carries_comes_back_or_its_loss_is_named(annotation):
    serialized = ADAPTER.serialize([annotation], ONTOLOGY)
    parsed = ADAPTER.parse(serialized.data, ONTOLOGY)
    assert serialized.losses or parsed.losses or parsed.annotations == (annotation,)
    assert len(parsed.annotations) == 1


reserved = st.sampled_from(
    [
        *("objectType", "name", "classification", "isLocked", "childObjects", "children", "measurements"),
        *("metadata", "color", "isEllipse", "plane", "nucleusGeometry", "type", "slidereel.layer"),
    ]
)


@given(st.data())
def test_even_with_values_under_the_formats_own_names(data):
    values = (
        st.none() | st.booleans() | st.integers(-5, 5) | texts | st.just({}) | st.just([]) | st.just({"a": 1})
    )
    nested = values | st.dictionaries(reserved, values, max_size=2)
    annotation = data.draw(annotations(st.dictionaries(reserved, nested, max_size=4)))
    serialized = ADAPTER.serialize([annotation], ONTOLOGY)
    parsed = ADAPTER.parse(serialized.data, ONTOLOGY)
    assert serialized.losses or parsed.losses or parsed.annotations == (annotation,)


json_like = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def hostile_features(draw: st.DrawFn) -> dict:
    position = st.lists(st.floats(-20, 20) | st.integers(-3, 3), min_size=2, max_size=3)
    ring = st.lists(position, max_size=7)
    depth = st.sampled_from(
        ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]
    )
    kind = draw(depth | st.just("GeometryCollection") | st.just("LinearRing"))
    coordinates = {
        "Point": position,
        "MultiPoint": ring,
        "LineString": ring,
        "LinearRing": ring,
        "MultiLineString": st.lists(ring, max_size=3),
        "Polygon": st.lists(ring, max_size=3),
        "MultiPolygon": st.lists(st.lists(ring, max_size=3), max_size=3),
        "GeometryCollection": json_like,
    }[kind]
    geometry = {"type": kind, "coordinates": draw(coordinates | json_like), "geometries": draw(json_like)}
    properties = draw(st.dictionaries(reserved | st.text(max_size=4), json_like, max_size=4))
    return {"geometry": draw(st.just(geometry) | json_like), "properties": properties, "id": draw(json_like)}


@given(st.lists(hostile_features(), max_size=3) | json_like)
def test_hostile_files_give_valid_annotations_or_one_sentence(document):
    data = json.dumps(document).encode()
    try:
        parsed = ADAPTER.parse(data, ONTOLOGY)
    except FormatError as error:
        assert re.fullmatch(r"[A-Z][^.]*\.", str(error))
        return
    Ontology(4, (*ONTOLOGY.classes, *parsed.new_classes))
    for annotation in parsed.annotations:
        assert feature_from_json(json.loads(json.dumps(feature_to_json(annotation)))) == annotation
    again = ADAPTER.serialize(parsed.annotations, Ontology(4, (*ONTOLOGY.classes, *parsed.new_classes)))
    assert again.data


def test_no_sentence_repeats_a_text_of_the_file():
    secret = "DOE^JOHN"
    documents = [
        feature(name=secret * 100, classification={"name": secret + "\n", "color": secret}),
        feature({"type": secret, "coordinates": [secret]}),
        feature({"type": "Point", "coordinates": [secret, secret]}),
        feature() | {"id": secret, "nucleusGeometry": {"type": secret}, "properties": secret},
        feature(measurements={secret: secret}, metadata=secret, isLocked=secret, plane=secret),
        secret,
    ]
    for document in documents:
        try:
            sentences = parse(document).losses
        except FormatError as error:
            sentences = (str(error),)
        assert sentences
        assert not any("DOE" in sentence for sentence in sentences)


def test_losses_are_counted_and_said_in_one_order():
    losses = LossCounter()
    losses.add(Loss.NAME, 0)
    assert losses.sentences() == ()
    losses.add(Loss.NAME)
    losses.add(Loss.REPAIRED, 1200)
    assert losses.sentences() == (
        "1,200 outlines crossed themselves or their holes and were repaired.",
        "1 name was too long and was cut.",
    )


def test_formats_are_found_by_their_names():
    assert adapter_named("geojson") is adapter_named("qupath-geojson") is REGISTRY["qupath-geojson"]
    assert (ADAPTER.name, ADAPTER.file_suffix) == ("qupath-geojson", ".geojson")
    with pytest.raises(FormatError, match="geojson, qupath-geojson"):
        adapter_named("DOE^JOHN")


def test_an_import_fits_into_a_change():
    parsed = parse([feature() | {"id": None} for _ in range(3)])
    change = {
        "change_id": ID,
        "created": [feature_to_json(annotation) for annotation in parsed.annotations],
    }
    assert changeset_from_json(change).created == parsed.annotations


@pytest.mark.slow
def test_a_file_of_fifty_megabytes_is_read(tmp_path: Path):
    ring = [
        [round(30000 + 50 * math.cos(t / 8), 2), round(20000 + 50 * math.sin(t / 8), 2)] for t in range(50)
    ]
    body = json.dumps(
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
            "properties": {},
        }
    ).encode()
    count = 50_000_000 // len(body)
    data = b'{"type":"FeatureCollection","features":[' + b",".join([body] * count) + b"]}"
    parsed = ADAPTER.parse(data, ONTOLOGY)
    assert len(parsed.annotations) == count
    assert parsed.losses == ()
