"""Points that move, each to the one with its number."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry


class PointsMotion:
    """From one Point or MultiPoint to another of as many points."""

    __slots__ = ("_end", "_is_single", "_start")

    def __init__(self, left: BaseGeometry, right: BaseGeometry) -> None:
        self._start = shapely.get_coordinates(left)
        self._end = shapely.get_coordinates(right)
        self._is_single = left.geom_type == "Point"

    @property
    def byte_count(self) -> int:
        """What it takes in memory, about."""
        return 1_000 + self._start.nbytes + self._end.nbytes

    def at(self, t: float) -> BaseGeometry:
        """The points at a part of the way."""
        moved = self._start + (self._end - self._start) * t
        return shapely.Point(moved[0]) if self._is_single else shapely.MultiPoint(moved)
