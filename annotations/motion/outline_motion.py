"""How one outline becomes another: rings that move where that is valid all along, a blend where it is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from annotations.motion.arc import Arc
from annotations.motion.blending import Blend, make_blend
from annotations.motion.cache import MotionCache
from annotations.motion.matching import match_parts
from annotations.motion.outlines import (
    NOTHING_PX,
    Part,
    Vertices,
    centroid,
    extent_px,
    is_ordered,
    is_same,
    parts_of,
    ring_centroid,
)
from annotations.motion.vertex_map import Curves, Moving, map_curves

BLEND_BYTES = 32 * 1024 * 1024
_blends: MotionCache[Blend] = MotionCache(BLEND_BYTES)
"""Distances take a hundred times the room of vertices, and are seldom needed: they have their own cache."""


class OutlineMotion:
    """From one Polygon or MultiPolygon to another. What is costly is done once; thread-safe."""

    __slots__ = ("_ends", "_is_forward", "_left", "_moving", "_valid_half_way")

    def __init__(
        self, left: BaseGeometry, ends: tuple[tuple[Part, ...], tuple[Part, ...]], *, is_forward: bool
    ) -> None:
        self._left = left if is_same(*ends) else None
        self._ends = ends
        self._is_forward = is_forward
        self._moving: tuple[tuple[Moving, ...], ...] | None = None
        self._valid_half_way: bool | None = None

    @property
    def byte_count(self) -> int:
        """What it takes in memory, about."""
        # The moving rings have the vertices of both, twice.
        return 2_000 + 3 * sum(ring.nbytes for ring in _rings(*self._ends))

    @property
    def is_still(self) -> bool:
        """Whether both ends are the same outline."""
        return self._left is not None

    def at(self, t: float) -> BaseGeometry | None:
        """The valid outline at a part of the way, 0 < t < 1; None where nothing is left of it."""
        return outlines_at([self], [t])[0]

    def blended_at(self, t: float) -> BaseGeometry | None:
        """The outline of the blended distances, whether or not the rings' own motion would be valid."""
        if max(extent_px(ring) for ring in _rings(*self._ends)) < NOTHING_PX:
            return None
        blend = _blends.get(self)
        if blend is None:
            blend = make_blend(*self._ends, *map(centroid, self._ends))
            _blends.put(self, blend)
        return blend.at(t if self._is_forward else 1.0 - t)

    def is_linear_at(self, t: float) -> bool:
        """Whether the rings' own motion is valid there, so that nothing is blended."""
        return self.moved_at(t) is not None

    def moved_at(self, t: float) -> BaseGeometry | None:
        """The outline of the rings' own motion if it is valid: half way and here."""
        if self._left is not None:
            return self._left
        if self._moving is None:
            return None
        if self._valid_half_way is None:
            # Half way it is most likely to be invalid; then the whole span is blended, lest it flickers.
            self._valid_half_way = bool(_outline(self._moving, 0.5).is_valid)
        moved = _outline(self._moving, t if self._is_forward else 1.0 - t) if self._valid_half_way else None
        return moved if moved is not None and moved.is_valid else None

    def found_half_way(self, *, is_valid: bool) -> None:
        """What the test of `single_ring_at(0.5)` has shown."""
        self._valid_half_way = is_valid

    def single_ring_at(self, t: float) -> Vertices | None:
        """The vertices if it is one ring that was found valid half way: to be made and tested with others."""
        if (
            not self._valid_half_way
            or self._moving is None
            or len(self._moving) > 1
            or len(self._moving[0]) > 1
        ):
            return None
        return self._moving[0][0].at(t if self._is_forward else 1.0 - t)

    def move(self, parts: tuple[tuple[Moving, ...], ...]) -> None:
        """Let the rings move: of each part the outer one and its holes."""
        self._moving = parts


def outlines_at(motions: Sequence[OutlineMotion], ts: Sequence[float]) -> list[BaseGeometry | None]:
    """The valid outline of each motion at its part of the way; None where nothing is left of it."""
    found: list[BaseGeometry | None] = [None] * len(motions)
    rings = [motion.single_ring_at(t) for motion, t in zip(motions, ts, strict=True)]
    single = [index for index, ring in enumerate(rings) if ring is not None]
    if single:
        polygons = _polygons([ring for ring in rings if ring is not None])
        for index, polygon, is_valid in zip(single, polygons, shapely.is_valid(polygons), strict=True):
            found[index] = polygon if is_valid else None
    for index, (motion, t) in enumerate(zip(motions, ts, strict=True)):
        if found[index] is None:
            found[index] = (motion.moved_at(t) if rings[index] is None else None) or motion.blended_at(t)
    return found


def _polygons(rings: Sequence[Vertices]) -> NDArray[np.object_]:
    owners = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    return np.asarray(shapely.polygons(shapely.linearrings(np.concatenate(rings), indices=owners)))


def plan_outlines(pairs: Sequence[tuple[BaseGeometry, BaseGeometry]]) -> list[OutlineMotion]:
    """The motion between the outlines of each pair; many at once cost far less than one by one."""
    motions = [_motion(left, right) for left, right in pairs]
    curves: list[Curves] = []
    waiting: list[tuple[OutlineMotion, list[int]]] = []
    for motion, ends in motions:
        matched = None if motion.is_still else match_parts(*ends)
        if matched is None or any(extent_px(ring) < NOTHING_PX for ring in _rings(*ends)):
            continue
        counts = []
        for one, other in matched:
            rings = list(zip(one.rings(), other.rings(), strict=True))
            curves.extend(_curves(first, second) for first, second in rings)
            counts.append(len(rings))
        waiting.append((motion, counts))
    moving = iter(map_curves(curves))
    for motion, counts in waiting:
        motion.move(tuple(_take(moving, count) for count in counts))
    _test_half_way([motion for motion, _ in waiting])
    return [motion for motion, _ in motions]


def _test_half_way(motions: Sequence[OutlineMotion]) -> None:
    # Of many single rings in one go: that is most of them.
    rings = [motion.single_ring_at(0.5) for motion in motions]
    if any(ring is not None for ring in rings):
        tested = iter(shapely.is_valid(_polygons([ring for ring in rings if ring is not None])).tolist())
        for motion, ring in zip(motions, rings, strict=True):
            if ring is not None:
                motion.found_half_way(is_valid=next(tested))


def _motion(
    left: BaseGeometry, right: BaseGeometry
) -> tuple[OutlineMotion, tuple[tuple[Part, ...], tuple[Part, ...]]]:
    first, second = parts_of(left), parts_of(right)
    is_forward = is_ordered(first, second)
    ends = (first, second) if is_forward else (second, first)
    return OutlineMotion(left, ends, is_forward=is_forward), ends


def _curves(first: Vertices, second: Vertices) -> Curves:
    return Curves(
        Arc(first, is_ring=True), Arc(second, is_ring=True), ring_centroid(first), ring_centroid(second)
    )


def _rings(*outlines: tuple[Part, ...]) -> Iterator[Vertices]:
    return (ring for parts in outlines for part in parts for ring in part.rings())


def _take(moving: Iterator[Moving], count: int) -> tuple[Moving, ...]:
    return tuple(next(moving) for _ in range(count))


def _outline(parts: tuple[tuple[Moving, ...], ...], t: float) -> BaseGeometry:
    polygons = [shapely.Polygon(outer.at(t), [hole.at(t) for hole in holes]) for outer, *holes in parts]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
