"""The JSON of tracks and segments: strict, and refusals in clear sentences without anybody's words."""

import pytest
import shapely

from annotations.errors import InvalidGeometryError, InvalidTimeError, WireError
from annotations.history import ChangeSet
from annotations.model import Annotation, Keyframe, Segment, Track, TrackShape
from annotations.over_time import TimeLimits
from annotations.strict_json import WireLimits
from annotations.wire import changeset_from_json, feature_from_json, feature_to_json

ID = "0b5e6c1a-9a6e-4b0a-8f5c-3d2e1f0a9b8c"
OTHER = "1b5e6c1a-9a6e-4b0a-8f5c-3d2e1f0a9b8c"
POINT = {"type": "Point", "coordinates": [1.5, 2.5]}


def keyframe(frame: object = 0, geometry: object = POINT, **fields: object) -> dict:
    return {"frame": frame, "geometry": geometry, **fields}


def track(*keyframes: dict, **fields: object) -> dict:
    over_time = {"shape": "point", "keyframes": list(keyframes) or [keyframe()], **fields}
    return {"type": "Feature", "id": ID, "geometry": None, "properties": {"track": over_time}}


def segment(**fields: object) -> dict:
    over_time = {"start_frame": 3, **fields}
    return {"type": "Feature", "id": ID, "geometry": None, "properties": {"segment": over_time}}


def ring(*vertices: tuple[float, float]) -> dict:
    return {"type": "Polygon", "coordinates": [[*map(list, vertices), list(vertices[0])]]}


def test_members_that_have_a_usual_value_may_be_left_out():
    point = shapely.Point(1.5, 2.5)
    expected = Annotation(ID, None, over_time=Track(TrackShape.POINT, (Keyframe(0, point),)))
    assert feature_from_json(track()) == expected
    assert feature_from_json(segment()) == Annotation(ID, None, over_time=Segment(3, None, "default"))


def test_both_kinds_written_out_as_null_are_a_still_label():
    properties = {"track": None, "segment": None}
    still = {"type": "Feature", "id": ID, "geometry": POINT, "properties": properties}
    assert feature_from_json(still) == Annotation(ID, shapely.Point(1.5, 2.5))
    assert "track" not in feature_to_json(feature_from_json(still))["properties"]


WITH_BOTH = {**track(), "properties": {**track()["properties"], **segment()["properties"]}}


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({**track(), "geometry": POINT}, "with a track or a segment must be null"),
        ({**segment(), "geometry": POINT}, "with a track or a segment must be null"),
        ({**track(), "properties": {}}, "must have a geometry"),
        (WITH_BOTH, "both a track and a segment"),
        ({**track(), "properties": {"track": None, "at": {"frame": 3}}}, "send its track"),
        (track(shape="circle"), "Invalid enum value"),
        (track(keyframe(extra=1)), "unknown field"),
        (track(keyframe("0")), "Expected `int`"),
        (track(keyframe(0.5)), "Expected `int`"),
        (track(keyframe(True)), "Expected `int`"),
        (track(keyframe(is_outside=1)), "Expected `bool`"),
        (track(keyframe(attributes=[])), "Expected `object`"),
        (track(keyframe(attributes={"a": float("nan")})), "The key frame at frame 0: attributes must"),
        (track(keyframe(attributes={"a": "x" * 5000})), "attributes may take at most 4,096 bytes"),
        (segment(end_frame="9"), "Expected `int | null`"),
        (segment(extra=1), "unknown field"),
    ],
)
def test_another_form_is_refused(document, sentence):
    with pytest.raises(WireError, match=sentence):
        feature_from_json(document)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (track(keyframes=[]), "at least one key frame"),
        (track(keyframe(4), keyframe(4)), "must rise"),
        (track(keyframe(4), keyframe(3)), "must rise"),
        (track(keyframe(-1)), "a number from 0 to 2,147,483,647"),
        (track(keyframe(2**31)), "a number from 0 to"),
        (track(keyframe(4), ended_frame=4), "must end after its last key frame"),
        (track(keyframe(4), ended_frame=2**40), "a number from 0 to"),
        (segment(start_frame=-1), "a number from 0 to"),
        (segment(end_frame=2), "must not end before it starts"),
        (segment(tier=""), "tier must have 1 to 100"),
        (segment(tier="a\nb"), "tier must have 1 to 100"),
    ],
)
def test_frames_that_contradict_themselves_are_refused(document, sentence):
    with pytest.raises(InvalidTimeError, match=sentence):
        feature_from_json(document)
    change = {"change_id": OTHER, "updated": [document]}
    with pytest.raises(InvalidTimeError, match=r"^updated\[0\]: "):
        changeset_from_json(change)


LINE = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}
TWO_POINTS = {"type": "MultiPoint", "coordinates": [[0, 0], [1, 1]]}
HOLED = {
    "type": "Polygon",
    "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]], [[1, 1], [2, 1], [2, 2], [1, 1]]],
}


@pytest.mark.parametrize(
    ("shape", "geometries", "sentence"),
    [
        ("point", [LINE], "the geometry of a point must be a MultiPoint or a Point"),
        ("polyline", [POINT], "the geometry of a polyline must be a LineString"),
        ("polygon", [LINE], "the geometry of a polygon must be a MultiPolygon or a Polygon"),
        ("box", [POINT], "the geometry of a box must be a Polygon"),
        ("point", [POINT, TWO_POINTS], "frame 1: every key frame of a track must have the same number of"),
        ("box", [ring((0, 0), (9, 0), (9, 9))], "must have four corners"),
        ("box", [ring((0, 0), (9, 0), (9, 9), (0.01, 9))], "must have four corners"),
        ("box", [ring((0, 0), (9, 1), (10, 9), (1, 8))], "must have four corners"),
        ("box", [ring((0, 0), (0, 9), (9, 9), (9, 0))], "upper left, upper right, lower right, lower left"),
        ("box", [HOLED], "must have four corners"),
        ("polygon", [ring((0, 0), (2, 2), (2, 0), (0, 2))], "frame 0: The outline crosses itself"),
    ],
)
def test_a_shape_of_another_kind_is_refused_with_its_key_frame(shape, geometries, sentence):
    keyframes = [keyframe(frame, geometry) for frame, geometry in enumerate(geometries)]
    with pytest.raises(InvalidGeometryError, match=sentence):
        feature_from_json(track(*keyframes, shape=shape))


@pytest.mark.parametrize("first_corner", [(0, 0), (0.1 + 0.2, 160_000.25)])
@pytest.mark.parametrize("side", [(10, 0), (0, 10), (-10, 0), (3, 4), (-1e-3, 1e-3), (5e5, 1)])
def test_a_box_may_be_turned_by_any_angle(first_corner, side):
    (x, y), (dx, dy) = first_corner, side
    corners = [(x, y), (x + dx, y + dy), (x + dx - 2 * dy, y + dy + 2 * dx), (x - 2 * dy, y + 2 * dx)]
    feature_from_json(track(keyframe(0, ring(*corners)), shape="box"))


def test_how_much_a_track_may_hold_is_limited():
    many = track(*(keyframe(frame) for frame in range(5)))
    feature_from_json(many, WireLimits(time=TimeLimits(max_keyframes=5)))
    with pytest.raises(InvalidTimeError, match="5 key frames; at most 4"):
        feature_from_json(many, WireLimits(time=TimeLimits(max_keyframes=4)))
    with pytest.raises(WireError, match="5 vertices; at most 4"):
        changeset_from_json({"change_id": OTHER, "created": [many]}, WireLimits(max_vertices=4))


def test_sentences_do_not_repeat_what_was_sent():
    secret = "DOE^JOHN"
    documents = [
        track(shape=secret),
        track(keyframe(**{secret: 1})),
        track(keyframe(attributes={secret: float("inf")})),
        track(keyframe(attributes={secret: "x" * 9_000})),
        track(keyframe(0, {"type": secret, "coordinates": []})),
        segment(tier=secret + "\n"),
    ]
    for document in documents:
        with pytest.raises((WireError, InvalidGeometryError, InvalidTimeError)) as refused:
            feature_from_json(document)
        assert secret not in str(refused.value)


def test_a_label_is_either_still_or_over_time():
    with pytest.raises(InvalidGeometryError):
        Annotation(ID, None)
    with pytest.raises(InvalidGeometryError):
        Annotation(ID, shapely.Point(1, 2), over_time=Segment(0))


def test_a_change_of_only_deletions_needs_no_shapes():
    assert changeset_from_json({"change_id": OTHER, "deleted": [ID]}) == ChangeSet(OTHER, deleted=(ID,))
