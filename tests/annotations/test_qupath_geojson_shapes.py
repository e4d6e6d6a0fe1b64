"""The shapes of QuPath's GeoJSON, and the files that we write for it."""

import json
import math
import re
from dataclasses import replace

import pytest
import shapely

from annotations.geometry import check
from annotations.model import Annotation
from annotations.ontology import LabelClass, Ontology
from tests.annotations.geojson_documents import ADAPTER, ID, POLYGON, SQUARE, exported, feature, one, parse
from tests.annotations.strategies import ONTOLOGY


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
