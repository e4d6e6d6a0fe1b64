"""Boxes that move, grow and turn, and stay boxes."""

from __future__ import annotations

import math

import shapely
from shapely.geometry.base import BaseGeometry

HALF_TURN = 1e-9
"""Within so many radians of half a turn back, it is half a turn forth: there is no shorter way."""


def box_between(left: BaseGeometry, right: BaseGeometry, t: float) -> shapely.Polygon:
    """The box at a part of the way: centre and sides move linearly, the direction turns the shorter way.

    A box is a ring of four corners, upper left, upper right, lower right, lower left of its own frame. An
    exact half turn goes the positive way, from x to y.
    """
    (x, y), (width, height), angle = _frame(left)
    (x_end, y_end), (width_end, height_end), angle_end = _frame(right)
    turn = math.remainder(angle_end - angle, math.tau)
    if turn < HALF_TURN - math.pi:
        turn += math.tau
    angle += turn * t
    x, y = x + (x_end - x) * t, y + (y_end - y) * t
    half_width = (width + (width_end - width) * t) / 2.0
    half_height = (height + (height_end - height) * t) / 2.0
    cos, sin = _direction(angle)
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


def _frame(box: BaseGeometry) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Centre, sides and direction (radians)."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = shapely.get_coordinates(box)[:4].tolist()
    centre = ((ax + bx + cx + dx) / 4.0, (ay + by + cy + dy) / 4.0)
    sides = (math.hypot(bx - ax, by - ay), math.hypot(dx - ax, dy - ay))
    return centre, sides, math.atan2(by - ay, bx - ax)


def _direction(angle: float) -> tuple[float, float]:
    return math.cos(angle), math.sin(angle)
