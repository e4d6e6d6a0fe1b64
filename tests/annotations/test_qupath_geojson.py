"""GeoJSON as QuPath writes and reads it."""

import itertools
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from annotations.errors import FormatError
from annotations.formats import REGISTRY, Parsed, adapter_named
from annotations.formats.losses import Loss, LossCounter
from annotations.formats.qupath_geojson import QuPathGeoJson
from annotations.formats.qupath_geojson.classes import default_color, read_color
from annotations.geometry import check
from annotations.model import Annotation, is_uuid
from annotations.ontology import MAX_CLASSES, LabelClass, Ontology
from annotations.wire import changeset_from_json, feature_from_json, feature_to_json
from tests.annotations.strategies import ONTOLOGY, annotations, finite, texts

ADAPTER = QuPathGeoJson()
ID = "0b5e6c1a-9a6e-4b0a-8f5c-3d2e1f0a9b8c"
SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
POLYGON = {"type": "Polygon", "coordinates": [SQUARE]}


def parse(document: object, ontology: Ontology = ONTOLOGY, **options: object) -> Parsed:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return ADAPTER.parse(data, ontology, **options)


def feature(geometry: object = POLYGON, /, **properties: object) -> dict:
    return {"type": "Feature", "id": ID, "geometry": geometry, "properties": properties}


def one(document: object) -> Annotation:
    parsed = parse(document)
    assert parsed.losses == ()
    (annotation,) = parsed.annotations
    return annotation


def exported(*found: Annotation, ontology: Ontology = ONTOLOGY) -> list[dict]:
    return json.loads(ADAPTER.serialize(found, ontology).data)["features"]


class TestRealFiles:
    """Written by QuPath 0.2, by QuPath's own tests, and by large_image."""

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("qupath-brush.json", "Polygon"),
            ("qupath-ellipse.json", "Polygon"),
            ("qupath-multipoint.json", "MultiPoint"),
            ("qupath-polyline.json", "LineString"),
            ("polygon.geojson", "MultiPolygon"),
        ],
    )
    def test_a_real_file_is_read_exactly_and_comes_back_the_same(self, shared_data, name, kind):
        data = (shared_data / "annotations" / name).read_bytes()
        parsed = parse(data)
        assert parsed.losses == ()
        (annotation,) = parsed.annotations
        assert annotation.geometry.geom_type == kind
        assert is_uuid(annotation.annotation_id)
        document = json.loads(data)
        coordinates = document.get("geometry", document)["coordinates"]
        assert feature_to_json(annotation)["geometry"]["coordinates"] == coordinates
        again = parse(ADAPTER.serialize(parsed.annotations, ONTOLOGY).data)
        assert again.annotations == parsed.annotations

    def test_a_file_of_another_tool_keeps_its_own_properties(self, shared_data):
        parsed = parse((shared_data / "annotations" / "large_image-sample.geojson").read_bytes())
        assert len(parsed.annotations) == 10
        assert parsed.losses == ()
        extra = parsed.annotations[0].extra
        assert extra["lineColor"] == "rgb(0,255,0)"
        assert extra["annotation"]["attributes"]["cli"] == "NucleiDetection"
        assert parse(ADAPTER.serialize(parsed.annotations, ONTOLOGY).data).annotations == parsed.annotations


class TestWrappings:
    @pytest.mark.parametrize(
        "wrap",
        [
            lambda f: {"type": "FeatureCollection", "features": [f]},
            lambda f: {"features": [f]},
            lambda f: [f],
            lambda f: f,
            lambda f: b"\xef\xbb\xbf \n" + json.dumps(f).encode() + b"\n",
        ],
        ids=["FeatureCollection", "object", "array", "feature", "byte order mark"],
    )
    def test_a_feature_is_found_whatever_is_around_it(self, wrap):
        assert one(wrap(feature(name="a"))).annotation_id == ID

    def test_a_bare_geometry_is_an_annotation(self):
        annotation = one(POLYGON)
        assert annotation.geometry == shapely.Polygon(SQUARE)
        assert is_uuid(annotation.annotation_id)

    def test_no_features_are_no_annotations(self):
        assert parse([]) == Parsed((), (), ())

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (b"", "empty"),
            (b" \n\t", "empty"),
            (b"PK\x03\x04....", "compressed"),
            (b"\x1f\x8b\x08\x00", "compressed"),
            (b"{", "not JSON"),
            (b"[{]", "not JSON"),
            (b'{"features": [', "not JSON"),
            (b"<xml/>", "not JSON"),
            (b"\xff\xfe{\x00}\x00", "not JSON"),
            (b"[\xff\xff]", "not JSON"),
            (b"null", "no GeoJSON features"),
            (b"17", "no GeoJSON features"),
            (b'"text"', "no GeoJSON features"),
            (b"{}", "no GeoJSON features"),
            (b'{"features": {}}', "no GeoJSON features"),
            (b'{"features": null}', "no GeoJSON features"),
            (b"[1]", "Feature 1 is not a JSON object"),
            (b"[{}, []]", "Feature 2 is not a JSON object"),
            (b"[null]", "Feature 1 is not a JSON object"),
            (b'[{"geometry": "\xc3\x28"}]', "is not JSON|not JSON"),
            (b"[" * 200_000, "nested too deeply|not JSON"),
            (b"[" + b"[" * 200_000 + b"]" * 200_000 + b"]", "nested too deeply|not a JSON object"),
            (b'[{"properties": ' + b'{"a":' * 200_000 + b"1" + b"}" * 200_000 + b"}]", "nested too deeply"),
            (b'[{"geometry": {"type": "Point", "coordinates": [1e999, 1]}}]', "number that is too large"),
            (b'[{"geometry": {"type": "Point", "coordinates": [NaN, 1]}}]', "not well formed"),
            (b'[{"geometry": {"type": "Point", "coordinates": [-Infinity, 1]}}]', "not well formed"),
            (
                b'[{"geometry": {"type": "Point", "coordinates": [1' + b"0" * 400 + b", 1]}}]",
                "not well formed",
            ),
            (b'[{"geometry": {"type": "Point", "coordinates": [1e300, 1]}}]', "far outside"),
        ],
    )
    def test_what_is_no_such_file_is_refused_in_one_sentence(self, data, sentence):
        with pytest.raises(FormatError, match=sentence) as refused:
            parse(data)
        assert str(refused.value).count(".") == 1

    @pytest.mark.parametrize(
        "document",
        [
            feature({"type": "Polygon"}),
            feature({"type": "Polygon", "coordinates": [[["a", 1]]]}),
            feature({"type": "Polygon", "coordinates": [[[1]]]}),
            feature({"type": "Polygon", "coordinates": [1, 2]}),
            feature({"type": "Point", "coordinates": [[1, 2]]}),
            feature({"type": "Circle", "coordinates": [1, 2]}),
            feature({"type": 7}),
            feature([1, 2]),
            feature("POINT (1 2)"),
            feature({"type": "GeometryCollection", "geometries": 5}),
            feature({"type": "GeometryCollection", "geometries": [5]}),
            feature() | {"properties": [1]},
            feature(childObjects=[5]),
        ],
    )
    def test_a_feature_that_is_none_is_refused(self, document):
        with pytest.raises(FormatError):
            parse(document)


class TestMeaning:
    @pytest.mark.parametrize(
        ("classification", "name", "color"),
        [
            ("Necrosis edge", "Necrosis edge", default_color("Necrosis edge")),
            ({"name": "Gland", "color": [1, 2, 255]}, "Gland", "#0102ff"),
            ({"name": "Gland", "color": [1, 2, 255, 128]}, "Gland", "#0102ff"),
            ({"name": "Gland", "colorRGB": -3670016}, "Gland", "#c80000"),
            ({"name": "Gland", "colorRGB": 13107200}, "Gland", "#c80000"),
            ({"name": "Gland", "color": "#AbCdEf"}, "Gland", "#abcdef"),
            ({"name": "Gland", "color": [-1, 2, 3]}, "Gland", default_color("Gland")),
            ({"name": "Gland"}, "Gland", default_color("Gland")),
            ({"names": ["Gland", "Positive"], "color": [9, 9, 9]}, "Gland: Positive", "#090909"),
            (
                {"name": "1+", "colorRGB": -1, "parentClass": {"name": "Gland", "colorRGB": -2}},
                "Gland: 1+",
                "#ffffff",
            ),
        ],
    )
    def test_a_class_is_read_in_every_form_that_qupath_gave_it(self, classification, name, color):
        parsed = parse(feature(classification=classification))
        (made,) = parsed.new_classes
        assert (made.name, made.color, made.position) == (name, color, 3)
        assert parsed.annotations[0].class_id == made.class_id
        assert parsed.losses == ()

    @pytest.mark.parametrize(
        "nothing",
        [
            None,
            {},
            "",
            " ",
            "Unclassified",
            {"name": None, "colorRGB": -1},
            {"names": [], "color": [1, 2, 3]},
        ],
    )
    def test_no_class_is_no_class(self, nothing):
        assert one(feature(classification=nothing)).class_id is None

    @pytest.mark.parametrize("unreadable", [7, [1], {"names": [1]}, {"name": {}}, {"names": "x", "name": 3}])
    def test_a_class_that_cannot_be_read_is_named_as_a_loss(self, unreadable):
        parsed = parse(feature(classification=unreadable))
        assert parsed.annotations[0].class_id is None
        assert parsed.losses == ("1 annotation had a class that could not be read, and has none now.",)

    def test_classes_of_the_ontology_are_used_whatever_their_case_and_colour(self):
        parsed = parse([feature(classification={"name": "tumor", "color": [1, 1, 1]})])
        assert parsed.new_classes == ()
        assert parsed.annotations[0].class_id == "c1"

    def test_a_new_class_is_made_once(self):
        names = itertools.count()
        parsed = parse(
            [feature(classification=name) for name in ("Vessel", "Nerve", "vessel", "Vessel")],
            new_class_id=lambda: f"new{next(names)}",
        )
        assert [(c.class_id, c.name, c.position) for c in parsed.new_classes] == [
            ("new0", "Vessel", 3),
            ("new1", "Nerve", 4),
        ]
        assert [a.class_id for a in parsed.annotations] == ["new0", "new1", "new0", "new0"]
        Ontology(4, (*ONTOLOGY.classes, *parsed.new_classes))

    def test_names_that_no_class_can_have_are_made_so_and_named(self):
        parsed = parse([feature(classification="a\nb\tc"), feature(classification="x" * 300)])
        assert [c.name for c in parsed.new_classes] == ["a b c", "x" * 100]
        assert "2 names of classes could not be kept as they are and were changed." in parsed.losses

    def test_a_file_with_more_classes_than_an_ontology_can_have_is_refused(self):
        with pytest.raises(FormatError, match="more than 1,000"):
            parse([feature(classification=f"c{n}") for n in range(MAX_CLASSES)])

    def test_colours_that_no_file_gives_are_those_that_qupath_shows(self):
        # new java.util.Random(42) gives -1170105035, 234785527, -1360544799; "*".hashCode() is 42.
        assert default_color("*") == "#ba0dae"
        assert default_color("Tumor") == "#c80000"
        assert default_color("Tumor: Positive") == "#c80000"
        assert default_color("Vessel") == default_color("Vessel")
        assert default_color("Vessel") != default_color("Nerve")

    @pytest.mark.parametrize(
        "value", [True, 2**40, [1, 2], [256, 0, 0], ["1", 2, 3], "#12345g", "red", {}, None]
    )
    def test_what_is_no_colour_is_none(self, value):
        assert read_color(value) is None

    def test_names_locks_measurements_and_metadata_are_read(self):
        annotation = one(
            feature(
                objectType="annotation",
                name="Rand 1",
                isLocked=True,
                measurements={"Area µm^2": 12.5, "Count": 3},
                metadata={"ANNOTATION_DESCRIPTION": "seen"},
            )
        )
        assert annotation.name == "Rand 1"
        assert annotation.is_locked
        assert annotation.extra == {
            "measurements": {"Area µm^2": 12.5, "Count": 3},
            "metadata": {"ANNOTATION_DESCRIPTION": "seen"},
        }

    def test_older_files_list_their_measurements(self):
        assert one(feature(measurements=[{"name": "Area", "value": 1.5}])).extra == {
            "measurements": {"Area": 1.5}
        }
        assert one(feature(measurements=[])).extra == {}

    def test_measurements_that_are_no_numbers_are_left_out_and_counted(self):
        data = json.dumps(feature(measurements={"a": 1, "b": "NaN", "c": math.nan, "d": None})).encode()
        assert b"NaN," in data
        parsed = parse(data)
        assert parsed.annotations[0].extra == {"measurements": {"a": 1}}
        assert parsed.losses == ("3 measurements were not finite numbers and were left out.",)

    def test_the_word_nan_in_a_text_stays_a_text(self):
        data = json.dumps(feature(name='say "NaN" \\', measurements={"NaN": -math.inf, "x": 2})).encode()
        annotation = parse(data).annotations[0]
        assert annotation.name == 'say "NaN" \\'
        assert annotation.extra == {"measurements": {"x": 2}}

    @pytest.mark.parametrize("key", ["objectType", "object_type", "type"])
    @pytest.mark.parametrize("kind", ["detection", "cell", "tile", "tmaCore"])
    def test_other_objects_become_annotations_and_that_is_named(self, key, kind):
        parsed = parse(feature(**{key: kind}))
        assert parsed.losses == ("1 detection, cell, tile or core was read as an annotation.",)
        assert parsed.annotations[0].extra == {}

    def test_version_0_2_said_in_the_id_what_an_object_is(self):
        legacy = feature() | {"id": "PathAnnotationObject"}
        assert is_uuid(one(legacy).annotation_id)
        assert parse(feature() | {"id": "PathCellObject"}).losses != ()

    def test_the_root_is_no_annotation_but_what_is_in_it_is(self):
        root = feature(None, objectType="root", childObjects=[feature(name="child")])
        parsed = parse(root)
        assert [a.name for a in parsed.annotations] == ["child"]
        assert parsed.losses == ("1 object inside another one was put beside it.",)

    @pytest.mark.parametrize("key", ["childObjects", "children"])
    def test_a_hierarchy_is_made_flat_parents_first(self, key):
        def named(name: str, *children: dict) -> dict:
            made = feature(name=name, **({key: list(children)} if children else {}))
            del made["id"]
            return made

        parsed = parse([named("a", named("b", named("c")), named("d")), named("e")])
        assert [a.name for a in parsed.annotations] == list("abcde")
        assert parsed.losses == ("3 objects inside other ones were put beside them.",)
        assert all(a.extra == {} for a in parsed.annotations)

    def test_ids_are_kept_where_they_are_uuids_of_their_own(self):
        fresh = (f"00000000-0000-4000-8000-00000000000{n}" for n in itertools.count())
        other = "aaaaaaaa-0000-4000-8000-000000000000"
        parsed = parse(
            [feature() | {"id": i} for i in (ID, ID.upper(), "nucleus-7", 12, None, other)],
            taken_ids={other},
            new_annotation_id=lambda: next(fresh),
        )
        assert [a.annotation_id for a in parsed.annotations] == [
            ID,
            *(f"00000000-0000-4000-8000-00000000000{n}" for n in range(5)),
        ]
        assert parsed.losses == (
            "2 annotations had an id that is not a UUID, and got a new one.",
            "2 annotations had the id of another one, and got a new one.",
        )

    def test_long_names_are_cut_and_named(self):
        parsed = parse(feature(name="x" * 600))
        assert len(parsed.annotations[0].name) == 500
        assert parsed.losses == ("1 name was too long and was cut.",)

    def test_planes_are_carried_and_those_that_there_are_not_are_named(self):
        assert one(feature(POLYGON | {"plane": {"c": -1, "z": 0, "t": 0}})).extra == {
            "plane": {"c": -1, "z": 0, "t": 0}
        }
        parsed = parse(feature(POLYGON | {"plane": {"c": -1, "z": 3, "t": 0}}))
        assert parsed.annotations[0].extra["plane"]["z"] == 3
        assert parsed.losses == (
            "1 annotation belongs to another plane or time point, and is shown on the only one there is.",
        )

    def test_a_nucleus_is_carried_in_its_cell(self):
        nucleus = {"type": "Polygon", "coordinates": [[[2.5, 2], [4, 2], [4, 4], [2.5, 2]]]}
        parsed = parse(feature(objectType="cell") | {"nucleusGeometry": nucleus})
        assert parsed.annotations[0].extra == {"nucleusGeometry": nucleus}
        (back,) = exported(*parsed.annotations)
        assert back["nucleusGeometry"] == nucleus
        broken = parse(feature() | {"nucleusGeometry": {"type": "Polygon", "coordinates": [[["x"]]]}})
        assert broken.losses == ("1 nucleus could not be read and was left out.",)

    def test_a_lock_that_is_neither_true_nor_false_is_named_as_a_loss(self):
        assert not one(feature(isLocked=False)).is_locked
        parsed = parse(feature(isLocked="true"))
        assert not parsed.annotations[0].is_locked
        assert parsed.losses == ("1 further value of an annotation could not be kept and was left out.",)

    def test_more_values_than_an_annotation_can_carry_are_left_out_and_counted(self):
        parsed = parse(
            feature(huge="x" * 70_000, big=2**60, deep=[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]], small=1)
        )
        assert parsed.annotations[0].extra == {"small": 1}
        assert parsed.losses == ("3 further values of annotations could not be kept and were left out.",)
        many = parse(feature(**{f"v{n}": "x" * 30_000 for n in range(3)}))
        assert many.annotations[0].extra == {}
        assert many.losses == ("3 further values of annotations could not be kept and were left out.",)

    def test_what_was_read_can_be_sent_and_stored(self):
        parsed = parse(feature(name="\0a", measurements={"x": 1}, metadata={"slidereel.layer": "a\nb"}))
        (annotation,) = parsed.annotations
        assert feature_from_json(feature_to_json(annotation)) == annotation


class TestShapes:
    def test_outlines_that_cross_themselves_are_repaired_and_counted(self):
        bow_tie = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}
        parsed = parse([feature(bow_tie), feature(bow_tie), feature()])
        assert len(parsed.annotations) == 3
        for annotation in parsed.annotations:
            check(annotation.geometry)
        assert parsed.annotations[0].geometry.area == pytest.approx(2.0)
        assert parsed.losses[0] == "2 outlines crossed themselves or their holes and were repaired."

    def test_a_hole_outside_its_outline_becomes_an_outline_as_in_qupath(self):
        far = [[20, 20], [21, 20], [21, 21], [20, 20]]
        parsed = parse(feature({"type": "Polygon", "coordinates": [SQUARE, far]}))
        both = shapely.MultiPolygon([shapely.Polygon(SQUARE), shapely.Polygon(far)])
        assert parsed.annotations[0].geometry.equals(both)
        assert parsed.losses == ("1 outline crossed itself or its holes and was repaired.",)

    def test_an_open_ring_is_closed_and_counted(self):
        parsed = parse(feature({"type": "Polygon", "coordinates": [SQUARE[:-1]]}))
        assert parsed.annotations[0].geometry == shapely.Polygon(SQUARE)
        assert parsed.losses == ("1 outline did not end where it started and was closed.",)

    def test_a_third_coordinate_is_left_out_and_counted_where_it_says_something(self):
        flat = {"type": "LineString", "coordinates": [[1, 2, 0], [3, 4, 0]]}
        assert one(feature(flat)).geometry == shapely.LineString([(1, 2), (3, 4)])
        high = {"type": "LineString", "coordinates": [[1, 2, 0], [3, 4, 5]]}
        parsed = parse(feature(high))
        assert parsed.annotations[0].geometry == shapely.LineString([(1, 2), (3, 4)])
        assert len(parsed.losses) == 1

    def test_a_mixed_shape_is_split_and_counted(self):
        mixed = {
            "type": "GeometryCollection",
            "geometries": [
                POLYGON,
                {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1, 2]}]},
                {"type": "LineString", "coordinates": [[1, 2], [3, 4]]},
            ],
        }
        parsed = parse(feature(mixed, name="a", classification="Tumor"))
        assert [a.geometry.geom_type for a in parsed.annotations] == ["Polygon", "Point", "LineString"]
        assert {(a.name, a.class_id) for a in parsed.annotations} == {("a", "c1")}
        assert parsed.annotations[0].annotation_id == ID
        assert len({a.annotation_id for a in parsed.annotations}) == 3
        assert parsed.losses == ("1 mixed shape was split into its parts.",)
        assert "GeometryCollection" not in ADAPTER.serialize(parsed.annotations, ONTOLOGY).data.decode()

    def test_a_collection_of_one_is_that_one(self):
        assert one(feature({"type": "GeometryCollection", "geometries": [POLYGON]})).annotation_id == ID

    def test_a_bare_ring_is_read_as_a_line(self):
        parsed = parse(feature({"type": "LinearRing", "coordinates": SQUARE}))
        assert parsed.annotations[0].geometry == shapely.LineString(SQUARE)
        assert parsed.losses == ("1 ring without an area was read as a line.",)

    @pytest.mark.parametrize(
        "geometry",
        [
            {"type": "Polygon", "coordinates": []},
            {"type": "Polygon", "coordinates": [[]]},
            {"type": "Polygon", "coordinates": [[[1, 1], [2, 2], [1, 1]]]},
            {"type": "Polygon", "coordinates": [[[1, 1], [2, 2], [3, 3], [1, 1]]]},
            {"type": "MultiPolygon", "coordinates": []},
            {"type": "MultiPolygon", "coordinates": [[[[1, 1], [1, 1], [1, 1], [1, 1]]]]},
            {"type": "LineString", "coordinates": [[1, 1], [1, 1]]},
            {"type": "LineString", "coordinates": []},
            {"type": "MultiLineString", "coordinates": [[[1, 1], [1, 1]], []]},
            {"type": "MultiPoint", "coordinates": []},
            {"type": "Point", "coordinates": []},
        ],
    )
    def test_what_has_no_extent_is_left_out_and_counted(self, geometry):
        parsed = parse([feature(geometry), feature(name="next")])
        assert [a.name for a in parsed.annotations] == ["next"]
        assert any("no extent" in sentence for sentence in parsed.losses)

    def test_parts_without_extent_are_left_out_of_the_whole(self):
        dot = [[1, 1], [1, 1], [1, 1], [1, 1]]
        parsed = parse(
            [
                feature({"type": "Polygon", "coordinates": [SQUARE, dot]}),
                feature({"type": "MultiPolygon", "coordinates": [[dot], [SQUARE]]}),
                feature({"type": "MultiLineString", "coordinates": [[[1, 1], [1, 1]], [[1, 1], [2, 2]]]}),
            ]
        )
        square = shapely.Polygon(SQUARE)
        assert [a.geometry for a in parsed.annotations] == [
            square,
            shapely.MultiPolygon([square]),
            shapely.MultiLineString([[(1, 1), (2, 2)]]),
        ]
        assert parsed.losses[0] == "3 shapes, parts or holes had no extent and were left out."

    @pytest.mark.parametrize("nothing", [None, {"type": "GeometryCollection", "geometries": []}])
    def test_an_object_without_a_shape_is_left_out_and_counted(self, nothing):
        parsed = parse(feature(nothing))
        assert parsed.annotations == ()
        assert parsed.losses == ("1 object had no shape and was left out.",)

    def test_a_shape_with_too_many_vertices_is_left_out_and_counted(self):
        count = 200_001
        line = {"type": "LineString", "coordinates": [[n, n % 2] for n in range(count)]}
        parsed = parse([feature(line), feature()])
        assert len(parsed.annotations) == 1
        assert "1 shape had too many vertices and was left out." in parsed.losses


class TestWriting:
    def test_a_feature_is_as_qupath_reads_it(self):
        annotation = Annotation(
            ID,
            shapely.Polygon(SQUARE),
            "c2",
            name="margin",
            is_locked=True,
            extra={
                "measurements": {"Area": 0.1},
                "metadata": {"k": "v"},
                "color": [1, 2, 3],
                "plane": {"c": -1, "z": 1, "t": 0},
                "isMissing": False,
            },
        )
        serialized = ADAPTER.serialize([annotation], ONTOLOGY)
        assert serialized.losses == ()
        assert json.loads(serialized.data) == {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "id": ID,
                    "geometry": POLYGON | {"plane": {"c": -1, "z": 1, "t": 0}},
                    "properties": {
                        "objectType": "annotation",
                        "name": "margin",
                        "classification": {"name": "Tumor: Positive", "color": [250, 63, 63]},
                        "isLocked": True,
                        "measurements": {"Area": 0.1},
                        "metadata": {"k": "v"},
                        "color": [1, 2, 3],
                        "isMissing": False,
                    },
                }
            ],
        }

    def test_what_is_not_said_is_not_written(self):
        (written,) = exported(Annotation(ID, shapely.Point(1, 2)))
        assert written["properties"] == {"objectType": "annotation"}

    def test_no_annotations_are_an_empty_collection(self):
        assert json.loads(ADAPTER.serialize([], ONTOLOGY).data) == {
            "type": "FeatureCollection",
            "features": [],
        }

    def test_coordinates_are_written_to_the_last_digit(self):
        exact = (0.1 + 0.2, math.nextafter(26388.67, math.inf))
        data = ADAPTER.serialize([Annotation(ID, shapely.Point(exact))], ONTOLOGY).data
        assert re.search(rb"0\.30000000000000004,26388\.670000000002\]", data)
        assert tuple(json.loads(data)["features"][0]["geometry"]["coordinates"]) == exact

    @pytest.mark.parametrize("class_id", ["gone", "u"])
    def test_a_class_that_cannot_be_written_is_named_as_a_loss(self, class_id):
        ontology = Ontology(1, (LabelClass("u", "Unclassified", "#000000"),))
        serialized = ADAPTER.serialize([Annotation(ID, shapely.Point(1, 2), class_id)], ontology)
        assert len(serialized.losses) == 1
        assert "classification" not in serialized.data.decode()

    def test_values_that_qupath_would_choke_on_are_not_written(self):
        extra = {
            "measurements": {"ok": 1, "text": "x", "truth": True},
            "metadata": [1],
            "color": "red",
            "plane": {"c": 0, "z": 0, "t": 0, "w": 1},
            "isEllipse": "yes",
            "nucleusGeometry": {"type": "Nothing"},
            "objectType": "root",
            "childObjects": [1],
            "children": [1],
            "classification": "x",
            "name": None,
            "isLocked": 3,
        }
        serialized = ADAPTER.serialize([Annotation(ID, shapely.Point(1, 2), extra=extra)], ONTOLOGY)
        (written,) = json.loads(serialized.data)["features"]
        assert written.keys() == {"type", "id", "geometry", "properties"}
        assert written["geometry"] == {"type": "Point", "coordinates": [1, 2]}
        assert written["properties"] == {"objectType": "annotation", "measurements": {"ok": 1}}
        assert serialized.losses == (
            "2 measurements were not finite numbers and were left out.",
            "11 further values of annotations could not be kept and were left out.",
        )

    def test_the_layer_travels_with_the_metadata(self):
        annotation = Annotation(ID, shapely.Point(1, 2), layer="Färbung", extra={"metadata": {"a": "b"}})
        (written,) = exported(annotation)
        assert written["properties"]["metadata"] == {"a": "b", "slidereel.layer": "Färbung"}
        assert one(written) == annotation
        bare = replace(annotation, extra={})
        assert one(exported(bare)[0]) == bare

    def test_an_ellipse_says_so_only_while_it_is_one(self, shared_data):
        document = json.loads((shared_data / "annotations" / "qupath-ellipse.json").read_bytes())
        document["geometry"]["isEllipse"] = True
        (annotation,) = parse(document).annotations
        assert annotation.extra["isEllipse"] is True
        assert exported(annotation)[0]["geometry"]["isEllipse"] is True
        vertices = shapely.get_coordinates(annotation.geometry)
        vertices[7] += 3
        for changed in (
            shapely.Polygon(vertices),
            shapely.Polygon(vertices[:60]),
            shapely.Polygon(SQUARE),
            shapely.Point(1, 2),
        ):
            serialized = ADAPTER.serialize([replace(annotation, geometry=changed)], ONTOLOGY)
            assert b"isEllipse" not in serialized.data
            assert serialized.losses == ("1 ellipse was changed since and is a plain outline now.",)

    def test_an_ellipse_of_any_size_is_recognised_with_two_decimals(self):
        for a, b in [(3, 2), (90, 40), (6000, 11)]:
            ring = [
                (round(500 + a * math.cos(t), 2), round(700 + b * math.sin(t), 2))
                for t in (math.tau * n / 100 for n in range(100))
            ]
            (written,) = exported(Annotation(ID, shapely.Polygon(ring), extra={"isEllipse": True}))
            assert written["geometry"]["isEllipse"] is True


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
