"""Shapes in and out, and what is refused."""

import json
import math

import pytest
import shapely
from hypothesis import given

from annotations.errors import InvalidGeometryError
from annotations.geometry import (
    GeometryLimits,
    area_um2,
    bounds,
    boxes_touch,
    check,
    from_geojson,
    from_wkb,
    length_um,
    to_geojson,
    to_wkb,
    vertex_count,
)
from tests.annotations.strategies import geometries


def bits(geometry: shapely.Geometry) -> bytes:
    return shapely.to_wkb(geometry)


@given(geometries)
def test_through_geojson_and_its_text_every_double_stays_the_same(geometry):
    text = json.dumps(to_geojson(geometry))
    assert bits(from_geojson(json.loads(text))) == bits(geometry)


@given(geometries)
def test_through_wkb_every_double_stays_the_same(geometry):
    assert bits(from_wkb(to_wkb(geometry))) == bits(geometry)


@given(geometries)
def test_what_is_valid_is_accepted(geometry):
    check(geometry)


def test_neither_the_direction_of_a_ring_nor_its_start_is_changed():
    clockwise = [[5.0, 5.0], [5.0, 0.0], [0.0, 0.0], [0.0, 5.0], [5.0, 5.0]]
    for ring in (clockwise, clockwise[::-1]):
        document = {"type": "Polygon", "coordinates": [ring]}
        assert to_geojson(from_geojson(document)) == document


def polygon(*rings: list[list[float]]) -> dict:
    return {"type": "Polygon", "coordinates": list(rings)}


SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]


@pytest.mark.parametrize(
    ("document", "sentence", "where"),
    [
        (polygon([[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]), r"crosses itself at \(1.00, 1.00\)", (1, 1)),
        (polygon([[0, 0], [10, 0], [10, 10]]), "must end where it starts", (10, 10)),
        (polygon([[3, 4], [5, 6], [3, 4]]), "three different vertices", (3, 4)),
        (polygon([[3, 4], [3, 4], [3, 4], [5, 6], [3, 4]]), "three different vertices", (3, 4)),
        (polygon([]), "no vertices", None),
        (polygon(), "must have an outline", None),
        (polygon([[0, 0], [5, 5], [9, 9], [0, 0]]), "crosses itself", (5, 5)),
        (polygon(SQUARE, [[20, 20], [21, 20], [21, 21], [20, 20]]), "hole lies outside", (20, 20)),
        (
            polygon(SQUARE, [[1, 1], [9, 1], [9, 9], [1, 1]], [[8, 2], [8.5, 2], [8.5, 3], [8, 2]]),
            "inside another hole",
            (8, 2),
        ),
        (
            {"type": "MultiPolygon", "coordinates": [[SQUARE], [[[5, 5], [15, 5], [15, 15], [5, 5]]]]},
            "crosses itself",
            (10, 5),
        ),
        ({"type": "MultiPolygon", "coordinates": []}, "empty", None),
        ({"type": "MultiPoint", "coordinates": []}, "empty", None),
        ({"type": "MultiLineString", "coordinates": []}, "empty", None),
        ({"type": "LineString", "coordinates": [[1, 2]]}, "at least two", None),
        ({"type": "LineString", "coordinates": [[7, 8], [7, 8]]}, "too few different vertices", (7, 8)),
        ({"type": "Point", "coordinates": []}, "length 2, got 0", None),
        ({"type": "Point", "coordinates": [1, 2, 3]}, "length 2, got 3", None),
        ({"type": "Point", "coordinates": ["1", 2]}, "Expected `float`, got `str`", None),
        ({"type": "Point", "coordinates": [True, 2]}, "Expected `float`, got `bool`", None),
        ({"type": "Point", "coordinates": [None, 2]}, "Expected `float`, got `null`", None),
        ({"type": "Point", "coordinates": {"x": 1}}, "Expected `array`", None),
        ({"type": "Point", "coordinates": [math.nan, 2]}, "finite", None),
        ({"type": "Point", "coordinates": [math.inf, 2]}, "finite", None),
        ({"type": "Point", "coordinates": [10**400, 2]}, "out of range", None),
        ({"type": "Point", "coordinates": [1e9, 2]}, "far outside", (1e9, 2)),
        ({"type": "Point"}, "must have a type and coordinates", None),
        ({"type": "Point", "coordinates": [1, 2], "crs": {}}, "nothing else", None),
        ({"type": "GeometryCollection", "geometries": []}, "must be one of", None),
        ({"type": ["Point"], "coordinates": [1, 2]}, "must be one of", None),
        ({}, "must be one of", None),
        ([1, 2], "must be a GeoJSON object", None),
        (None, "must be a GeoJSON object", None),
    ],
)
def test_what_cannot_be_stored_is_refused_with_a_sentence_and_its_place(document, sentence, where):
    with pytest.raises(InvalidGeometryError, match=sentence) as refused:
        from_geojson(document)
    assert refused.value.where == where


def test_coordinates_nested_without_end_are_refused():
    nested: list = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(InvalidGeometryError, match="not well formed"):
        from_geojson({"type": "MultiPolygon", "coordinates": nested})


def test_the_number_of_vertices_is_limited():
    line = {"type": "LineString", "coordinates": [[n, n % 2] for n in range(11)]}
    from_geojson(line, GeometryLimits(max_vertices=11))
    with pytest.raises(InvalidGeometryError, match="11 vertices; at most 10"):
        from_geojson(line, GeometryLimits(max_vertices=10))


def test_an_outline_with_as_many_vertices_as_allowed_is_accepted():
    count = 199_999
    ring = [
        [5e4 + 4e4 * math.cos(math.tau * n / count), 5e4 + 4e4 * math.sin(math.tau * n / count)]
        for n in range(count)
    ]
    shape = from_geojson(polygon([*ring, ring[0]]))
    assert vertex_count(shape) == 200_000


def test_holes_and_outlines_may_touch_in_a_point():
    from_geojson(polygon(SQUARE, [[0, 0], [5, 1], [1, 5], [0, 0]]))


def test_a_third_coordinate_is_refused_in_ready_made_shapes_too():
    with pytest.raises(InvalidGeometryError, match="two coordinates"):
        check(shapely.Point(1, 2, 3))


@pytest.mark.parametrize(
    "wkb",
    [
        b"",
        b"\x01",
        b"not wkb at all",
        bytes.fromhex("0101000000"),
        shapely.to_wkb(shapely.GeometryCollection([shapely.Point(1, 2)])),
    ],
)
def test_bytes_that_are_no_shape_are_refused(wkb):
    with pytest.raises(InvalidGeometryError):
        from_wkb(wkb)


def test_a_collection_is_not_written():
    with pytest.raises(InvalidGeometryError):
        to_geojson(shapely.GeometryCollection([shapely.Point(1, 2)]))


def test_areas_and_lengths_are_in_micrometres_each_direction_with_its_own_scale():
    shape = shapely.Polygon(
        [(0, 0), (100, 0), (100, 50), (0, 50)], [[(10, 10), (20, 10), (20, 20), (10, 20)]]
    )
    assert area_um2(shape, 0.25, 0.5) == pytest.approx((100 * 50 - 10 * 10) * 0.25 * 0.5)
    assert length_um(shape, 0.25, 0.5) == pytest.approx(2 * (25 + 25) + 2 * (2.5 + 5))
    line = shapely.LineString([(0, 0), (30, 40)])
    assert length_um(line, 0.5, 0.5) == pytest.approx(25)
    assert area_um2(line, 0.5, 0.5) == 0
    assert length_um(shapely.Point(3, 4), 0.5, 0.5) == 0


def test_bounds_and_whether_they_touch():
    assert bounds(shapely.LineString([(3, -4), (1, 2)])) == (1, -4, 3, 2)
    assert boxes_touch((0, 0, 1, 1), (1, 1, 2, 2))
    assert not boxes_touch((0, 0, 1, 1), (1.0000001, 0, 2, 1))
