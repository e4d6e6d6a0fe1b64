"""The cases that Python and TypeScript share; docs/interpolation.md is the rule."""

import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from annotations.geometry import from_geojson
from annotations.interpolation import shape_at
from annotations.wire_over_time import track_from_json, track_to_json

CASES = json.loads((Path(__file__).parents[1] / "vectors" / "interpolation.json").read_text(encoding="utf-8"))


def intersection_over_union(one: shapely.Geometry, other: shapely.Geometry) -> float:
    common = one.intersection(other).area
    return common / (one.area + other.area - common)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_shared_cases(case):
    track = track_from_json(case["track"])
    assert track_to_json(track) == case["track"]
    shown, expected = shape_at(track, case["frame"]), case["expected"]
    if expected is None:
        assert shown is None
        return
    assert shown is not None
    assert (shown.is_keyframe, shown.is_occluded) == (expected["is_keyframe"], expected["is_occluded"])
    assert shown.attributes == expected["attributes"]
    if expected["geometry"] is None:
        assert shown.geometry is None
        return
    geometry = from_geojson(expected["geometry"])
    assert shown.geometry.geom_type == geometry.geom_type
    if case["min_iou"] is not None:
        assert intersection_over_union(shown.geometry, geometry) >= case["min_iou"]
    else:
        ours, theirs = shapely.get_coordinates(shown.geometry), shapely.get_coordinates(geometry)
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() <= case["tolerance_px"]


def test_there_are_enough_cases_of_each_kind():
    assert len(CASES) >= 40
    assert {case["track"]["shape"] for case in CASES} == {"box", "point", "polyline", "polygon"}
    assert sum(case["min_iou"] is not None for case in CASES) >= 5
