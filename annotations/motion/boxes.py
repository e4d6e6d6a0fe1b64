"""Boxes that move, grow and turn, and stay boxes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

HALF_TURN = 1e-9
"""Within so many radians of half a turn back, it is half a turn forth: there is no shorter way."""


@dataclass(frozen=True, slots=True)
class _Box:
    x: float
    y: float
    width: float
    height: float
    angle: float


class BoxMotion:
    """From one box to another: centre and sides move linearly, the direction turns the shorter way.

    A box is a ring of four corners, upper left, upper right, lower right, lower left of its own frame. An
    exact half turn goes the positive way, from x to y.
    """

    __slots__ = ("_end", "_start", "_turn")

    def __init__(self, left: BaseGeometry, right: BaseGeometry) -> None:
        self._start, self._end = _box(left), _box(right)
        turn = math.remainder(self._end.angle - self._start.angle, math.tau)
        self._turn = turn + math.tau if turn < HALF_TURN - math.pi else turn

    @property
    def byte_count(self) -> int:
        """What it takes in memory, about."""
        return 1_000

    def at(self, t: float) -> shapely.Polygon:
        """The box at a part of the way."""
        start, end = self._start, self._end
        x, y = _between(start.x, end.x, t), _between(start.y, end.y, t)
        half_width = _between(start.width, end.width, t) / 2.0
        half_height = _between(start.height, end.height, t) / 2.0
        angle = start.angle + self._turn * t
        cos, sin = math.cos(angle), math.sin(angle)
        wide_x, wide_y = cos * half_width, sin * half_width
        high_x, high_y = -sin * half_height, cos * half_height
        return shapely.Polygon(
            [
                (x - wide_x - high_x, y - wide_y - high_y),
                (x + wide_x - high_x, y + wide_y - high_y),
                (x + wide_x + high_x, y + wide_y + high_y),
                (x - wide_x + high_x, y - wide_y + high_y),
            ]
        )


def _box(shape: BaseGeometry) -> _Box:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = shapely.get_coordinates(shape)[:4].tolist()
    return _Box(
        (ax + bx + cx + dx) / 4.0,
        (ay + by + cy + dy) / 4.0,
        math.hypot(bx - ax, by - ay),
        math.hypot(dx - ax, dy - ay),
        math.atan2(by - ay, bx - ax),
    )


def _between(start: float, end: float, t: float) -> float:
    return start + (end - start) * t
