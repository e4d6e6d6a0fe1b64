"""Geometries as files have them: read leniently, repaired where they must be, every repair counted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from annotations.errors import FormatError
from annotations.formats.losses import Loss, LossCounter
from annotations.geometry import DEFAULT_LIMITS, GEOMETRY_TYPES, build, vertex_count

_MIN_ELLIPSE_VERTICES = 16
_ELLIPSE_TOLERANCE_PX = 0.05
"""QuPath rounds to two decimals, and draws an ellipse with Bézier curves, which stray by 3 in 10,000."""
_ELLIPSE_TOLERANCE = 1e-3

_POSITION, _LIST, _LISTS, _POLYGONS = (
    list[float],
    list[list[float]],
    list[list[list[float]]],
    list[list[list[list[float]]]],
)
_FORMS: dict[str, tuple[int, Any]] = {
    "Point": (0, _POSITION),
    "MultiPoint": (1, _LIST),
    "LineString": (1, _LIST),
    "MultiLineString": (2, _LISTS),
    "Polygon": (2, _LISTS),
    "MultiPolygon": (3, _POLYGONS),
}
"""How deep the positions of each type lie, and the form of its coordinates."""


def read_shapes(document: object, losses: LossCounter) -> list[BaseGeometry]:
    """The valid shapes that a GeoJSON geometry describes: one, several of a collection, or none that is left.

    Raises
    ------
    FormatError : it is not a geometry, or a coordinate is not a number that could lie on an image.
    """
    if document is None:
        losses.add(Loss.NO_SHAPE)
        return []
    parts = list(_parts(document))
    if len(parts) > 1:
        losses.add(Loss.SPLIT)
    shapes = [_read(part, losses) for part in parts]
    if not parts:
        losses.add(Loss.NO_SHAPE)
    return [shape for shape in shapes if shape is not None]


def is_inscribed_ellipse(geometry: BaseGeometry) -> bool:
    """Whether an outline is, as far as one can draw it, the ellipse inscribed in its own bounds.

    QuPath draws anew from the bounds whatever says `isEllipse`: an outline that somebody changed must not say
    it.
    """
    if not isinstance(geometry, shapely.Polygon) or geometry.interiors:
        return False
    vertices = shapely.get_coordinates(geometry.exterior)
    if len(vertices) <= _MIN_ELLIPSE_VERTICES:
        return False
    x_min, y_min, x_max, y_max = geometry.bounds
    radii = np.array([(x_max - x_min) / 2, (y_max - y_min) / 2])
    if not (radii > 0).all():
        return False
    unit = (vertices - [(x_min + x_max) / 2, (y_min + y_max) / 2]) / radii
    strays = np.abs(np.hypot(unit[:, 0], unit[:, 1]) - 1) * radii.max()
    tolerance = _ELLIPSE_TOLERANCE_PX + _ELLIPSE_TOLERANCE * float(radii.max())
    covers = geometry.area >= 0.95 * math.pi * float(radii.prod())
    return bool(strays.max() <= tolerance) and covers


def _parts(document: object) -> Iterator[dict[str, Any]]:
    """The geometry itself, or those of a collection and of collections in it, in their order."""
    waiting = [document]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            raise FormatError("A geometry in the file does not say its type.")
        if part["type"] != "GeometryCollection":
            yield part
            continue
        members = part.get("geometries", [])
        if not isinstance(members, list):
            raise FormatError("A collection of geometries in the file has no list of them.")
        waiting.extend(reversed(members))


def _read(document: dict[str, Any], losses: LossCounter) -> BaseGeometry | None:
    kind = document["type"]
    if kind == "LinearRing":
        losses.add(Loss.RING)
        kind = "LineString"
    if kind not in GEOMETRY_TYPES:
        raise FormatError("A geometry in the file has a type that GeoJSON does not know.")
    coordinates = _positions(document.get("coordinates"), kind, losses)
    if kind == "Polygon":
        coordinates = _rings(coordinates, losses)
    elif kind == "LineString" and _is_dot(coordinates):
        coordinates = []
    elif kind in ("MultiPolygon", "MultiLineString"):
        coordinates = _parts_with_extent(coordinates, kind, losses)
    if not coordinates:
        losses.add(Loss.NO_EXTENT)
        return None
    geometry = build(kind, coordinates)
    if vertex_count(geometry) > DEFAULT_LIMITS.max_vertices:
        losses.add(Loss.TOO_LARGE)
        return None
    return _repaired(geometry, losses)


def _positions(coordinates: object, kind: str, losses: LossCounter) -> list[Any]:
    """The coordinates with two numbers a position, which lie where an image could be."""
    depth, form = _FORMS[kind]
    try:
        lists: list[Any] = msgspec.convert(coordinates, form)
    except (msgspec.ValidationError, RecursionError):
        raise FormatError(f"The coordinates of a {kind} in the file are not well formed.") from None
    positions = [lists]
    for _ in range(depth):
        positions = [inner for outer in positions for inner in outer]
    if kind == "Point" and positions == [[]]:
        return []
    if not positions:
        return lists if kind != "Point" else []
    if min(map(len, positions)) < 2:
        raise FormatError("A position in the file has fewer than two coordinates.")
    if max(map(len, positions)) > 2:
        if any(any(position[2:]) for position in positions):
            losses.add(Loss.THIRD_COORDINATE)
        for position in positions:
            del position[2:]
    values = np.abs(np.array(positions, dtype=np.float64))
    if not (values <= DEFAULT_LIMITS.max_coordinate_px).all():
        raise FormatError("A coordinate in the file lies far outside any image.")
    return lists


def _rings(rings: list[list[list[float]]], losses: LossCounter) -> list[list[list[float]]]:
    """Closed rings with an extent. Without an outer ring that has one, none."""
    kept = []
    for number, ring in enumerate(rings):
        if ring and ring[0] != ring[-1]:
            losses.add(Loss.NOT_CLOSED)
            ring.append(list(ring[0]))
        if len({tuple(position) for position in ring}) >= 3:
            kept.append(ring)
        elif number == 0:
            return []
        else:
            losses.add(Loss.NO_EXTENT)
    return kept


def _parts_with_extent(parts: list[Any], kind: str, losses: LossCounter) -> list[Any]:
    if kind == "MultiPolygon":
        kept = [rings for rings in (_rings(polygon, losses) for polygon in parts) if rings]
    else:
        kept = [line for line in parts if not _is_dot(line)]
    if kept:
        losses.add(Loss.NO_EXTENT, len(parts) - len(kept))
    return kept


def _is_dot(line: list[list[float]]) -> bool:
    return len({tuple(position) for position in line}) < 2


def _repaired(geometry: BaseGeometry, losses: LossCounter) -> BaseGeometry | None:
    if geometry.is_valid:
        return geometry
    valid = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    polygons = [part for part in shapely.get_parts(valid) if isinstance(part, shapely.Polygon)]
    polygons = [polygon for polygon in polygons if not polygon.is_empty]
    if not polygons:
        losses.add(Loss.NO_EXTENT)
        return None
    losses.add(Loss.REPAIRED)
    repaired = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
    if vertex_count(repaired) > DEFAULT_LIMITS.max_vertices:
        losses.add(Loss.TOO_LARGE)
        return None
    return repaired
