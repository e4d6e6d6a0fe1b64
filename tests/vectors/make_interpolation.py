"""Writes interpolation.json, to which the Python and the TypeScript of docs/interpolation.md are both held.

Only if the rule was changed on purpose, from the root: python -m tests.vectors.make_interpolation
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely import affinity

from annotations.geometry import to_geojson
from annotations.interpolation import shape_at
from annotations.model import Keyframe, Track, TrackShape
from annotations.motion.outline_motion import plan_outlines
from annotations.wire_over_time import track_to_json

TARGET = Path(__file__).parent / "interpolation.json"
TOLERANCE_PX = 1e-6
LEAST_IOU = 0.98
BOX, POINT, POLYLINE, POLYGON = TrackShape.BOX, TrackShape.POINT, TrackShape.POLYLINE, TrackShape.POLYGON


def track(shape: TrackShape, *shapes: Any, step: int = 10, ended: int | None = None) -> Track:
    """Key frames every `step` frames."""
    return Track(shape, tuple(Keyframe(index * step, one) for index, one in enumerate(shapes)), ended)


def square(x: float, y: float, side: float) -> shapely.Polygon:
    return shapely.Polygon([(x, y), (x + side, y), (x + side, y + side), (x, y + side)])


def box(x: float, y: float, width: float, height: float, degrees: float = 0.0) -> shapely.Polygon:
    """A box around (x, y), turned from x to y."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    halves = [(a * width / 2, b * height / 2) for a, b in corners]
    return shapely.Polygon([(x + a * cos - b * sin, y + a * sin + b * cos) for a, b in halves])


def blob(count: int, seed: int, x: float = 0.0, y: float = 0.0, size: float = 50.0) -> shapely.Polygon:
    """A smooth outline with `count` vertices, coordinates with few digits."""
    chance = np.random.default_rng(seed)
    angle = np.arange(count) * (math.tau / count) + chance.uniform(0, 1)
    waves = np.arange(2, 6)
    heights, phases = chance.normal(size=4) * 0.3 / waves, chance.uniform(0, math.tau, 4)
    radius = size * np.exp((heights[:, None] * np.cos(waves[:, None] * angle + phases[:, None])).sum(0))
    return shapely.Polygon(np.round(np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], 1), 3))


def rolled(polygon: shapely.Polygon, by: int) -> shapely.Polygon:
    """Begun elsewhere."""
    return shapely.Polygon(np.roll(shapely.get_coordinates(polygon)[:-1], by, axis=0))


def reversed_ring(polygon: shapely.Polygon) -> shapely.Polygon:
    return shapely.Polygon(shapely.get_coordinates(polygon)[::-1])


def with_hole(outer: shapely.Polygon, *holes: shapely.Polygon) -> shapely.Polygon:
    return shapely.Polygon(outer.exterior, [hole.exterior for hole in holes])


C_SHAPE = shapely.Polygon([(0, 0), (100, 0), (100, 20), (20, 20), (20, 80), (100, 80), (100, 100), (0, 100)])
L_SHAPE = shapely.Polygon([(0, 0), (80, 0), (80, 25), (30, 25), (30, 90), (0, 90)])
ARROW = shapely.Polygon([(0, 40), (60, 40), (60, 20), (100, 50), (60, 80), (60, 60), (0, 60)])
ZIGZAG = shapely.LineString([(0, 0), (100, 0), (0, 50), (100, 50)]).buffer(
    8, cap_style="flat", join_style="mitre"
)
TRIANGLE = shapely.Polygon([(0, 0), (60, 10), (20, 50)])
TWO = shapely.MultiPolygon([square(0, 0, 40), square(60, 0, 40)])
LINE = shapely.LineString([(0, 0), (10, 0), (20, 5), (40, 5)])


def spans() -> list[tuple[str, Track, int]]:
    """Cases between key frames: a name, a track, a frame."""
    smooth, moved = blob(24, 1, 100, 100), blob(31, 1, 130, 90)
    coarse, fine = blob(9, 2, 50, 50), blob(60, 2, 60, 55)
    many = blob(400, 3, 200, 200, 150)
    handmade = blob(16, 4, 80, 80)
    edited = shapely.get_coordinates(handmade)[:-1].copy()
    edited[5] += (14.0, -9.0)
    short_cut = np.delete(shapely.get_coordinates(handmade)[:-1], 7, axis=0)
    points = shapely.MultiPoint([(0, 0), (10, 5), (20, 0)])
    return [
        ("a box moves", track(BOX, box(10, 10, 20, 10), box(50, 30, 20, 10)), 5),
        ("a box grows unevenly", track(BOX, box(10, 10, 20, 10), box(10, 10, 60, 14)), 3),
        ("a box turns the shorter way forth", track(BOX, box(0, 0, 20, 10, 10), box(0, 0, 20, 10, 80)), 5),
        ("a box turns the shorter way back", track(BOX, box(0, 0, 20, 10, 10), box(0, 0, 20, 10, -100)), 4),
        ("a box turns across 180°", track(BOX, box(5, 5, 20, 10, 170), box(5, 5, 20, 10, -170)), 5),
        (
            "a box turns exactly half round, and that forth",
            track(BOX, box(5, 5, 20, 10), box(5, 5, 20, 10, 180)),
            5,
        ),
        (
            "a box turns exactly half back, which is forth",
            track(BOX, box(5, 5, 20, 10, 180), box(5, 5, 20, 10)),
            3,
        ),
        ("a box turns, grows and moves", track(BOX, box(5, 5, 20, 10, 30), box(45, 25, 40, 5, 75)), 7),
        ("a box that stays", track(BOX, box(5, 5, 20, 10, 30), box(5, 5, 20, 10, 30)), 7),
        ("a point moves", track(POINT, shapely.Point(1.5, 2.5), shapely.Point(11.5, -7.5)), 3),
        ("points go by their numbers", track(POINT, points, affinity.rotate(points, 90)), 6),
        ("a line moves", track(POLYLINE, LINE, affinity.translate(LINE, 30, 12)), 5),
        (
            "a line drawn the other way round",
            track(POLYLINE, LINE, shapely.reverse(affinity.translate(LINE, 3, 12))),
            5,
        ),
        (
            "a line gets more vertices",
            track(
                POLYLINE, LINE, shapely.LineString([(0, 20), (5, 22), (15, 18), (22, 25), (30, 24), (41, 26)])
            ),
            4,
        ),
        (
            "a line of which one vertex was moved",
            track(POLYLINE, LINE, shapely.LineString([(0, 0), (10, 0), (22, 15), (40, 5)])),
            5,
        ),
        (
            "a line with pinned vertices between, and more of them",
            track(POLYLINE, LINE, shapely.LineString([(-4, 2), (10, 0), (13, 6), (16, 7), (20, 5), (44, 9)])),
            2,
        ),
        (
            "a line of two vertices turns round",
            track(POLYLINE, shapely.LineString([(0, 0), (10, 0)]), shapely.LineString([(5, 5), (5, -5)])),
            5,
        ),
        ("a square moves", track(POLYGON, square(0, 0, 10), square(100, 20, 10)), 5),
        (
            "a square begun one corner later",
            track(POLYGON, square(0, 0, 10), rolled(square(40, 0, 10), 1)),
            5,
        ),
        (
            "a square begun at the opposite corner",
            track(POLYGON, square(0, 0, 10), rolled(square(40, 0, 10), 2)),
            5,
        ),
        (
            "a square drawn the other way round",
            track(POLYGON, square(0, 0, 10), reversed_ring(square(40, 0, 10))),
            5,
        ),
        (
            "a square drawn the other way round from another corner",
            track(POLYGON, square(0, 0, 10), rolled(reversed_ring(square(40, 0, 30)), 3)),
            2,
        ),
        (
            "the same outline, begun elsewhere and the other way round, stays",
            track(POLYGON, smooth, rolled(reversed_ring(smooth), 9)),
            5,
        ),
        ("a triangle becomes a square", track(POLYGON, TRIANGLE, square(10, 0, 45)), 5),
        ("a smooth outline with other vertices", track(POLYGON, smooth, moved), 5),
        ("a smooth outline with other vertices, early", track(POLYGON, smooth, moved), 1),
        ("a smooth outline with other vertices, back in time", track(POLYGON, moved, smooth), 4),
        ("few vertices become many", track(POLYGON, coarse, fine), 5),
        (
            "many vertices become few, begun elsewhere",
            track(POLYGON, rolled(fine, 17), reversed_ring(coarse)),
            6,
        ),
        ("an outline changes its form", track(POLYGON, blob(20, 5, 0, 0), blob(27, 6, 40, 10)), 5),
        (
            "hundreds of vertices",
            track(POLYGON, many, affinity.translate(blob(330, 3, 200, 200, 140), 25, -10)),
            5,
        ),
        (
            "a concave outline moves",
            track(POLYGON, L_SHAPE, rolled(affinity.translate(L_SHAPE, 33, 7), 2)),
            5,
        ),
        ("a concave outline turns a little", track(POLYGON, L_SHAPE, affinity.rotate(L_SHAPE, 20)), 5),
        ("an arrow grows", track(POLYGON, ARROW, affinity.scale(ARROW, 1.5, 0.8)), 3),
        ("one vertex was moved, the others are pinned", track(POLYGON, handmade, shapely.Polygon(edited)), 5),
        (
            "the first vertex was moved, and with it where the ring begins",
            track(POLYGON, handmade, first_moved()),
            5,
        ),
        ("one vertex was taken away", track(POLYGON, handmade, rolled(shapely.Polygon(short_cut), 4)), 5),
        (
            "a vertex was put in and another moved",
            track(
                POLYGON, square(0, 0, 60), shapely.Polygon([(0, 0), (30, -20), (60, 0), (70, 65), (0, 60)])
            ),
            5,
        ),
        (
            "one vertex is the same by chance",
            track(POLYGON, square(0, 0, 10), square(10, 10, 30)),
            5,
        ),
        (
            "a hole moves",
            track(
                POLYGON,
                with_hole(square(0, 0, 100), square(20, 20, 30)),
                with_hole(square(30, 10, 90), square(50, 50, 20)),
            ),
            5,
        ),
        (
            "two holes in another order",
            track(
                POLYGON,
                with_hole(square(0, 0, 100), square(10, 10, 20), square(60, 60, 30)),
                with_hole(square(5, 5, 100), square(70, 65, 30), square(10, 20, 20)),
            ),
            5,
        ),
        (
            "two parts in another order",
            track(POLYGON, TWO, shapely.MultiPolygon([square(95, 5, 40), square(30, 5, 45)])),
            5,
        ),
        (
            "three parts go their ways",
            track(
                POLYGON,
                shapely.MultiPolygon([square(0, 0, 20), square(50, 0, 20), square(20, 60, 25)]),
                shapely.MultiPolygon([square(20, 80, 30), square(60, 5, 20), square(0, 10, 18)]),
            ),
            5,
        ),
        (
            "a hole closes: blended",
            track(POLYGON, with_hole(square(0, 0, 100), square(30, 30, 40)), square(10, 0, 100)),
            3,
        ),
        (
            "a hole opens: blended",
            track(POLYGON, square(10, 0, 100), with_hole(square(0, 0, 100), square(30, 30, 40))),
            8,
        ),
        ("one becomes two: blended", track(POLYGON, square(0, 0, 100), TWO), 5),
        (
            "two become one: blended, still apart",
            track(POLYGON, TWO, shapely.Polygon([(0, 0), (100, 0), (100, 40), (0, 40)])),
            2,
        ),
        (
            "a part vanishes: blended",
            track(POLYGON, shapely.MultiPolygon([square(0, 0, 60), square(70, 20, 12)]), square(0, 0, 60)),
            8,
        ),
        ("a concave outline turns half round", track(POLYGON, C_SHAPE, affinity.rotate(C_SHAPE, 180)), 5),
        ("a comb turns half round", track(POLYGON, comb(), affinity.rotate(comb(), 180)), 6),
        ("a zigzag is mirrored: blended", track(POLYGON, ZIGZAG, affinity.scale(ZIGZAG, -1, 1)), 5),
        (
            "a zigzag is mirrored: blended, near its end",
            track(POLYGON, ZIGZAG, affinity.scale(ZIGZAG, -1, 1)),
            9,
        ),
        ("a spiral winds the other way: blended", track(POLYGON, spiral(1), spiral(-1)), 5),
        (
            "nothing is left of two far parts on their way to one: blended, null",
            track(POLYGON, shapely.MultiPolygon([square(0, 0, 10), square(200, 0, 10)]), square(100, 0, 10)),
            5,
        ),
        ("the last key frame stays", track(POLYGON, TRIANGLE, ARROW), 99),
        ("on a key frame it is what was drawn", track(POLYGON, TRIANGLE, reversed_ring(ARROW), TRIANGLE), 10),
    ]


def spiral(direction: int) -> shapely.Polygon:
    """One and a half turns of a band."""
    turns = np.linspace(0, 3 * math.pi, 40)
    radius = 10 + 6 * turns
    line = np.stack([radius * np.cos(direction * turns), radius * np.sin(direction * turns)], axis=1)
    return shapely.LineString(np.round(line, 3)).buffer(6, quad_segs=2)


def first_moved() -> shapely.Polygon:
    """The smallest vertex is another one than before."""
    ring = shapely.get_coordinates(blob(16, 4, 80, 80))[:-1].copy()
    lowest = int(ring[:, 0].argmin())
    ring[lowest] += (9.0, 4.0)
    ring[(lowest + 2) % 16] -= (4.0, 0.5)
    return shapely.Polygon(ring)


def comb() -> shapely.Polygon:
    """Five teeth downwards."""
    ring = [(0.0, 0.0), (90.0, 0.0)]
    for tooth in range(4, -1, -1):
        ring += (
            [(tooth * 20 + 10.0, 60.0), (tooth * 20.0, 60.0)]
            if tooth == 0
            else [
                (tooth * 20 + 10.0, 60.0),
                (tooth * 20.0, 60.0),
                (tooth * 20.0, 15.0),
                (tooth * 20 - 10.0, 15.0),
            ]
        )
    return shapely.Polygon(ring)


def rules() -> list[tuple[str, Track, int]]:
    """Cases about when a track is there."""
    first, second, third = box(10, 10, 20, 10), box(50, 10, 20, 10), box(90, 10, 20, 10)
    hidden = Track(
        BOX,
        (
            Keyframe(5, first, attributes={"view": "apical"}),
            Keyframe(15, second, is_outside=True),
            Keyframe(20, second, is_outside=True),
            Keyframe(25, third, is_occluded=True, attributes={"view": "short", "n": 2}),
        ),
        ended_frame=40,
    )
    single = Track(POINT, (Keyframe(7, shapely.Point(3, 4)),), ended_frame=8)
    frames = {
        "nothing before the first key frame": 4,
        "the first key frame": 5,
        "towards a key frame that is outside it still moves": 10,
        "outside begins on its frame": 15,
        "outside lasts": 18,
        "outside lasts over another one that is outside": 22,
        "it is back, occluded, with other attributes": 25,
        "occluded and attributes stay after the last key frame": 39,
        "from its end on there is nothing": 40,
    }
    found = [(name, hidden, frame) for name, frame in frames.items()]
    found += [
        ("a shape of a single frame, on it", single, 7),
        ("a shape of a single frame, after it", single, 8),
    ]
    return found


def is_without_vertex_map(of: Track, frame: int) -> bool:
    """Whether step 6 makes the shape on a frame."""
    if of.shape is not POLYGON or frame % 10 == 0 or frame > 10:
        return False
    motion = plan_outlines([(of.keyframes[0].geometry, of.keyframes[1].geometry)])[0]
    return not motion.is_still and not motion.is_linear_at(frame / 10)


def case(name: str, of: Track, frame: int) -> dict[str, Any]:
    """The case with what Python answers."""
    shown = shape_at(of, frame)
    is_blended = "blended" in name
    if is_blended != is_without_vertex_map(of, frame):
        raise ValueError(f"“{name}” says otherwise than what happens.")
    expected = None
    if shown is not None:
        expected = {
            "geometry": None if shown.geometry is None else to_geojson(shown.geometry),
            "is_keyframe": shown.is_keyframe,
            "is_occluded": shown.is_occluded,
            "attributes": dict(shown.attributes),
        }
    return {
        "name": name,
        "track": track_to_json(of),
        "frame": frame,
        "expected": expected,
        "tolerance_px": None if is_blended else TOLERANCE_PX,
        "min_iou": LEAST_IOU if is_blended else None,
    }


def main() -> None:
    cases = [case(*one) for one in (*spans(), *rules())]
    text = ",\n".join(json.dumps(one, ensure_ascii=False) for one in cases)
    TARGET.write_text(f"[\n{text}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
