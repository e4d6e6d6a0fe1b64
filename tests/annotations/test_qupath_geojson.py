"""GeoJSON as QuPath writes it: what its wrappings, classes and properties mean to us."""

import itertools
import json
import math

import pytest
import shapely

from annotations.errors import FormatError
from annotations.formats import Parsed
from annotations.formats.qupath_geojson.classes import default_color, read_color
from annotations.model import is_uuid
from annotations.ontology import MAX_CLASSES, Ontology
from annotations.wire import feature_from_json, feature_to_json
from tests.annotations.geojson_documents import ADAPTER, ID, POLYGON, SQUARE, exported, feature, one, parse
from tests.annotations.strategies import ONTOLOGY


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
