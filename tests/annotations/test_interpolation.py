"""What is promised of shapes between key frames, each promise for shapes that nobody chose."""

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import affinity

from annotations.interpolation import shape_at
from annotations.model import Keyframe, Track, TrackShape
from annotations.over_time import is_box

LENGTH = 16
unhurried = settings(deadline=None)
"""Blending takes as long as it takes, and longer on a busy machine."""

frames = st.integers(1, LENGTH - 1)
coordinates = st.integers(-2_000, 2_000).map(lambda number: number / 8)
positions = st.tuples(coordinates, coordinates)


@st.composite
def rings(draw: st.DrawFn, least: int = 3, most: int = 14) -> np.ndarray:
    """A star around a centre: smooth, spiky or squeezed, begun anywhere, either way round."""
    count = draw(st.integers(least, most))
    x, y = draw(positions)
    radii = draw(st.lists(st.integers(8, 800), min_size=count, max_size=count))
    squeeze = draw(st.sampled_from([1.0, 1.0, 0.25, 4.0]))
    turn = draw(st.integers(0, 15)) * math.tau / 16
    angles = turn + math.tau * (np.arange(count) + draw(st.integers(0, 7)) / 8) / count
    ring = np.stack([np.cos(angles) * squeeze, np.sin(angles)], axis=1) * np.array(radii)[:, None] / 8 + (
        x,
        y,
    )
    return ring[::-1] if draw(st.booleans()) else ring


@st.composite
def polygons(draw: st.DrawFn) -> shapely.Polygon:
    """A star, perhaps with one or two holes of its form."""
    ring = draw(rings())
    middle = ring.mean(axis=0)
    count = draw(st.sampled_from([0, 0, 0, 1, 2]))
    inside = shapely.Polygon(ring).representative_point().coords[0]
    holes = [(ring - middle) * 0.08 + inside + (index * 1.0, 0) for index in range(count)]
    polygon = shapely.Polygon(ring, holes)
    return polygon if polygon.is_valid else shapely.Polygon(ring)


@st.composite
def outlines(draw: st.DrawFn) -> shapely.Geometry:
    """One to three polygons apart from each other."""
    parts = draw(st.lists(polygons(), min_size=1, max_size=3))
    if len(parts) == 1:
        return parts[0]
    moved = [affinity.translate(part, index * 2_000.0) for index, part in enumerate(parts)]
    return shapely.MultiPolygon(moved)


valid_outlines = outlines().filter(lambda outline: outline.is_valid and outline.area > 1.0)
lines = (
    st.lists(positions, min_size=2, max_size=8)
    .filter(lambda line: len(set(line)) > 1)
    .map(shapely.LineString)
)


@st.composite
def boxes(draw: st.DrawFn) -> shapely.Polygon:
    x, y = draw(positions)
    sides = st.integers(8, 4_000).map(lambda number: number / 8)
    half_width, half_height = draw(sides) / 2, draw(sides) / 2
    angle = math.radians(draw(st.integers(-360, 360)) / 2)
    cos, sin = math.cos(angle), math.sin(angle)
    corners = [(-half_width, -half_height), (half_width, -half_height)]
    corners += [(half_width, half_height), (-half_width, half_height)]
    return shapely.Polygon([(x + a * cos - b * sin, y + a * sin + b * cos) for a, b in corners])


def between(
    left: shapely.Geometry, right: shapely.Geometry, frame: int, shape: TrackShape = TrackShape.POLYGON
) -> shapely.Geometry | None:
    track = Track(shape, (Keyframe(0, left), Keyframe(LENGTH, right)))
    shown = shape_at(track, frame)
    assert shown is not None
    return shown.geometry


def begun_elsewhere(outline: shapely.Geometry, by: int, *, other_way: bool) -> shapely.Geometry:
    """Every ring begun at another vertex and drawn the other way; parts in another order."""

    def ring(vertices: np.ndarray) -> np.ndarray:
        moved = np.roll(vertices[:-1], by, axis=0)
        return moved[::-1] if other_way else moved

    parts = [
        shapely.Polygon(
            ring(shapely.get_coordinates(part.exterior)),
            [ring(shapely.get_coordinates(hole)) for hole in reversed(part.interiors)],
        )
        for part in shapely.get_parts(outline)
    ]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts[::-1])


def difference(one: shapely.Geometry | None, other: shapely.Geometry | None) -> float:
    """The area in which two outlines differ, by their size."""
    if one is None or other is None:
        return 0.0 if one is other else 1.0
    return one.symmetric_difference(other).area / max(one.area, other.area)


@unhurried
@given(valid_outlines, valid_outlines, frames)
def test_never_an_invalid_shape(left, right, frame):
    shape = between(left, right, frame)
    if shape is not None:
        assert shape.is_valid
        assert shape.geom_type in ("Polygon", "MultiPolygon")
        assert shape.area > 0


@unhurried
@given(valid_outlines, valid_outlines)
def test_key_frames_are_exact(left, right):
    assert shapely.to_wkb(between(left, right, 0)) == shapely.to_wkb(left)
    assert shapely.to_wkb(between(left, right, LENGTH)) == shapely.to_wkb(right)


@unhurried
@given(valid_outlines, valid_outlines, frames, st.integers(0, 5), st.booleans())
def test_where_a_ring_begins_and_which_way_it_runs_changes_nothing(left, right, frame, by, other_way):
    plain = between(left, right, frame)
    changed = between(left, begun_elsewhere(right, by, other_way=other_way), frame)
    assert (plain is None) == (changed is None)
    if plain is not None:
        assert changed.normalize().equals_exact(plain.normalize(), 1e-9)


@unhurried
@given(valid_outlines, valid_outlines, frames)
def test_back_in_time_it_is_the_same(left, right, frame):
    forth, back = between(left, right, frame), between(right, left, LENGTH - frame)
    assert (forth is None) == (back is None)
    if forth is not None:
        assert back.normalize().equals_exact(forth.normalize(), 1e-6)


@unhurried
@given(valid_outlines, frames)
def test_between_equal_key_frames_nothing_moves(outline, frame):
    same = begun_elsewhere(outline, 2, other_way=True)
    assert between(outline, same, frame) == outline


@unhurried
@given(valid_outlines, valid_outlines, frames, st.integers(-64, 64), st.integers(-64, 64))
def test_moved_key_frames_give_the_moved_shape(left, right, frame, x, y):
    plain = between(left, right, frame)
    moved = between(affinity.translate(left, x, y), affinity.translate(right, x, y), frame)
    if plain is None:
        assert moved is None
    else:
        # Coordinates are rounded otherwise elsewhere, and at a tie that may decide.
        assume(difference(affinity.translate(plain, x, y), moved) < 0.02)
        assert moved.is_valid


@unhurried
@given(valid_outlines, valid_outlines, frames, st.sampled_from([0.25, 0.5, 2.0, 8.0]))
def test_enlarged_key_frames_give_the_enlarged_shape(left, right, frame, factor):
    plain = between(left, right, frame)
    scaled = [affinity.scale(one, factor, factor, origin=(0, 0)) for one in (left, right)]
    larger = between(*scaled, frame)
    assert (plain is None) == (larger is None)
    if plain is not None:
        assert difference(affinity.scale(plain, factor, factor, origin=(0, 0)), larger) < 1e-6


@unhurried
@given(valid_outlines, valid_outlines, st.integers(-100, 100), st.integers(-100, 100), frames)
def test_an_outline_that_only_moves_keeps_its_form(outline, _, x, y, frame):
    """Whatever is pinned by chance where the moved one meets its old place."""
    moved = affinity.translate(outline, 4_000.5 + x, y)
    expected = affinity.translate(outline, (4_000.5 + x) * frame / LENGTH, y * frame / LENGTH)
    assert difference(between(outline, moved, frame), expected) < 0.02


@unhurried
@given(rings(least=6, most=14), st.integers(0, 13), positions, st.sampled_from([1, 4, 20, 200]), frames)
def test_vertices_that_did_not_move_stay(ring, which, by, far, frame):
    edited = ring.copy()
    edited[which % len(ring)] += np.array(by) / far
    left, right = shapely.Polygon(ring), shapely.Polygon(edited)
    half_way = shapely.Polygon(ring + (edited - ring) / 2)
    assume(left.is_valid and right.is_valid and half_way.is_valid)
    shape = between(left, right, frame)
    expected = shapely.Polygon(ring + (edited - ring) * (frame / LENGTH))
    assume(expected.is_valid)
    assert shape.normalize().equals_exact(expected.normalize(), 1e-9)


@unhurried
@given(boxes(), boxes(), frames)
def test_a_box_stays_a_box_between_the_sizes_of_both(left, right, frame):
    box = between(left, right, frame, TrackShape.BOX)
    assert is_box(box)
    centre = left.centroid.coords[0] + (np.array(right.centroid.coords[0]) - left.centroid.coords[0]) * (
        frame / LENGTH
    )
    assert np.allclose(box.centroid.coords[0], centre, atol=1e-6)
    areas = sorted((left.area, right.area))
    sides = [np.hypot(*np.diff(shapely.get_coordinates(one)[:2], axis=0)[0]) for one in (left, box, right)]
    assert min(sides[0], sides[2]) - 1e-6 <= sides[1] <= max(sides[0], sides[2]) + 1e-6
    assert box.area >= areas[0] * (1 - 1e-9) or sides[0] != sides[2]


@pytest.mark.parametrize(
    ("start", "end", "frame", "angle"),
    [
        (0, 90, 8, 45),
        (170, -170, 8, 180),
        (-170, 170, 4, -175),
        (0, 180, 8, 90),
        (180, 0, 8, 270),
        (90, -90, 4, 135),
    ],
)
def test_a_box_turns_the_shorter_way_and_half_a_turn_forth(start, end, frame, angle):
    def turned(degrees: float) -> shapely.Polygon:
        return affinity.rotate(shapely.Polygon([(0, 0), (20, 0), (20, 8), (0, 8)]), degrees, origin=(10, 4))

    box = between(turned(start), turned(end), frame, TrackShape.BOX)
    assert box.equals_exact(turned(angle), 1e-6)


@unhurried
@given(lines, lines, frames)
def test_a_line_is_always_a_line_and_either_way_round_the_same(left, right, frame):
    line = between(left, right, frame, TrackShape.POLYLINE)
    assert line.is_valid
    assert line.geom_type == "LineString"
    back = between(right, left, LENGTH - frame, TrackShape.POLYLINE)
    assert line.equals_exact(back, 1e-6) or line.equals_exact(shapely.reverse(back), 1e-6)


@unhurried
@given(lines, st.integers(-400, 400), st.integers(-400, 400), st.booleans(), frames)
def test_a_line_that_only_moves_keeps_its_form(line, x, y, other_way, frame):
    moved = affinity.translate(line, x / 8, y / 8)
    # Where turning it round brings it nearer, it is another movement.
    vertices = shapely.get_coordinates(line)
    assume(np.hypot(*(vertices[0] - vertices[-1])) > 0)
    shape = between(line, shapely.reverse(moved) if other_way else moved, frame, TrackShape.POLYLINE)
    expected = affinity.translate(line, x / 8 * frame / LENGTH, y / 8 * frame / LENGTH)
    if not {tuple(vertex) for vertex in vertices} & {tuple(v) for v in shapely.get_coordinates(moved)}:
        assert shape.hausdorff_distance(expected) < line.length * 0.05 + 1e-6


@unhurried
@given(st.lists(positions, min_size=1, max_size=5), positions, frames)
def test_points_go_straight(points, by, frame):
    left = shapely.MultiPoint(points)
    right = affinity.translate(left, *by)
    shape = between(left, right, frame, TrackShape.POINT)
    t = frame / LENGTH
    assert shape.equals_exact(affinity.translate(left, by[0] * t, by[1] * t), 1e-9)


@st.composite
def timelines(draw: st.DrawFn) -> tuple[Track, dict[int, bool]]:
    """A track of one point with outside key frames, and on which frames it is to be seen."""
    numbers = sorted(draw(st.sets(st.integers(0, 20), min_size=1, max_size=6)))
    outside = {number: draw(st.booleans()) for number in numbers}
    ended = draw(st.one_of(st.none(), st.integers(numbers[-1] + 1, 25)))
    keyframes = tuple(
        Keyframe(number, shapely.Point(number, 0), outside[number], draw(st.booleans()), {"at": number})
        for number in numbers
    )
    seen, is_seen = {}, False
    for frame in range(30):
        is_seen = not outside[frame] if frame in outside else is_seen
        seen[frame] = is_seen and (ended is None or frame < ended)
    return Track(TrackShape.POINT, keyframes, ended), seen


@unhurried
@given(timelines())
def test_it_is_seen_exactly_when_it_is_there(timeline):
    track, seen = timeline
    for frame, is_seen in seen.items():
        shown = shape_at(track, frame)
        assert (shown is not None) == is_seen
        if shown is None:
            continue
        said = max((one for one in track.keyframes if one.frame <= frame), key=lambda one: one.frame)
        assert shown.is_occluded == said.is_occluded
        assert shown.attributes == said.attributes
        assert shown.is_keyframe == (said.frame == frame)


@settings(max_examples=30, deadline=None)
@given(rings(least=300, most=330), rings(least=3, most=300), frames)
def test_hundreds_of_vertices_are_no_different(first, second, frame):
    left, right = shapely.Polygon(first), shapely.Polygon(second)
    assume(left.is_valid and right.is_valid)
    assert between(left, right, frame).is_valid


tiny = st.sampled_from([5e-324, 1e-300, 1e-160, 1e-150, 1e-9, 1e-6, 1.0, 1e6])


@unhurried
@given(tiny, tiny, st.sampled_from([0.0, 0.1, 1e6]), frames)
def test_a_shape_may_be_smaller_or_larger_than_anything(first, second, x, frame):
    def line(side: float) -> shapely.LineString:
        return shapely.LineString([(x, 0.0), (x, side), (x + side, side)])

    def triangle(side: float) -> shapely.Polygon:
        return shapely.Polygon([(x, 0.0), (x + side, 0.0), (x, side)])

    assert between(line(first), line(second), frame, TrackShape.POLYLINE).is_valid
    left, right = triangle(first), triangle(second)
    if left.is_valid and right.is_valid:
        shape = between(left, right, frame)
        assert shape is None or shape.is_valid


def test_near_a_key_frame_it_is_near_the_key_frame():
    """The first step is no larger than an inner one: nothing snaps."""
    left = shapely.Polygon([(0, 0), (80, 0), (80, 25), (30, 25), (30, 90), (0, 90)])
    right = affinity.rotate(shapely.Point(40, 40).buffer(45, quad_segs=6), 10)
    track = Track(TrackShape.POLYGON, (Keyframe(0, left), Keyframe(1_000, right)))
    shapes = [shape_at(track, frame).geometry for frame in range(0, 1_001, 50)]
    steps = [difference(one, other) for one, other in pairwise(shapes)]
    assert max(steps[0], steps[-1]) < 2 * np.median(steps)
