"""Shapes: GeoJSON and WKB to Shapely and back, exactly, and what makes a shape acceptable.

Coordinates are doubles in level-0 pixels of a slide (frame pixels of a video), x to the right, y down.
Nothing here rounds, simplifies, turns or re-orders a shape: what was drawn is what is stored. GeoJSON (RFC
7946) is used for its structure; its coordinate system and its advice on the direction of rings are not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import msgspec
import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from annotations.errors import InvalidGeometryError, without_values

GEOMETRY_TYPES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}
)
"""The types that an annotation may have; never a GeometryCollection."""

Bounds: TypeAlias = tuple[float, float, float, float]
"""(x_min, y_min, x_max, y_max) in pixels."""

Position: TypeAlias = tuple[float, float]
GeoJson: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GeometryLimits:
    """What is still a shape that somebody drew, and not an attack on memory.

    Attributes
    ----------
    max_vertices : of one annotation.
    max_coordinate_px : of either sign. 16,777,216 px is the side of a slide of 4 m at 0.25 µm per pixel.
    """

    max_vertices: int = 200_000
    max_coordinate_px: float = float(2**24)


DEFAULT_LIMITS = GeometryLimits()


def from_geojson(document: object, limits: GeometryLimits = DEFAULT_LIMITS) -> BaseGeometry:
    """The shape that a GeoJSON geometry object describes, checked by `check`.

    Strict: a position is exactly two numbers, a ring is closed, and there is no member beside type and
    coordinates.

    Raises
    ------
    InvalidGeometryError : with a sentence that says what is wrong.
    """
    if not isinstance(document, dict):
        raise InvalidGeometryError("A geometry must be a GeoJSON object.")
    kind = document.get("type")
    if not isinstance(kind, str) or kind not in GEOMETRY_TYPES:
        raise InvalidGeometryError(
            f"The type of a geometry must be one of {', '.join(sorted(GEOMETRY_TYPES))}."
        )
    if document.keys() != {"type", "coordinates"}:
        raise InvalidGeometryError("A geometry must have a type and coordinates, and nothing else.")
    geometry = build(kind, document["coordinates"])
    check(geometry, limits)
    return geometry


def build(kind: str, coordinates: object) -> BaseGeometry:
    """The shape of one of `GEOMETRY_TYPES` from GeoJSON coordinates: well formed, but not checked by `check`.

    Raises
    ------
    InvalidGeometryError : the coordinates do not have the form of this type.
    """
    form, construct = _FORMS[kind]
    try:
        return construct(msgspec.convert(coordinates, form))
    except msgspec.ValidationError as error:
        fault = without_values(str(error))
        raise InvalidGeometryError(f"The coordinates of a {kind} are not well formed: {fault}.") from None
    except RecursionError:
        raise InvalidGeometryError(f"The coordinates of a {kind} are nested too deeply.") from None


def to_geojson(geometry: BaseGeometry) -> GeoJson:
    """The GeoJSON geometry object of a shape: type and coordinates, the same doubles.

    Raises
    ------
    InvalidGeometryError : the shape has a type that an annotation cannot have.
    """
    kind = geometry.geom_type
    if kind not in GEOMETRY_TYPES:
        raise InvalidGeometryError("This type of geometry cannot be written.")
    return {"type": kind, "coordinates": _coordinates(geometry)}


def to_wkb(geometry: BaseGeometry) -> bytes:
    """The shape as little-endian WKB, two dimensions, the same doubles."""
    return shapely.to_wkb(geometry, output_dimension=2, byte_order=1)


def from_wkb(wkb: bytes) -> BaseGeometry:
    """The shape that `to_wkb` wrote. It is not checked again.

    Raises
    ------
    InvalidGeometryError : the bytes are not WKB, or not of a type that an annotation can have.
    """
    try:
        geometry = shapely.from_wkb(wkb)
    except (ShapelyError, TypeError, ValueError):
        raise InvalidGeometryError("The stored shape cannot be read.") from None
    if geometry is None or geometry.geom_type not in GEOMETRY_TYPES:
        raise InvalidGeometryError("The stored shape has a type that an annotation cannot have.")
    return geometry


def check(geometry: BaseGeometry, limits: GeometryLimits = DEFAULT_LIMITS) -> None:
    """Refuse what cannot be stored: empty, infinite, far outside any image, too many vertices, or not a valid
    outline.

    Raises
    ------
    InvalidGeometryError : `where` is the place of the fault if it has one, as for an outline that crosses
        itself.
    """
    if geometry.geom_type not in GEOMETRY_TYPES:
        raise InvalidGeometryError("A geometry must be one or more points, lines or polygons.")
    if geometry.is_empty or bool(shapely.is_empty(shapely.get_parts(geometry)).any()):
        raise InvalidGeometryError("The geometry is empty.")
    if geometry.has_z:
        raise InvalidGeometryError("A position must have two coordinates.")
    vertices = shapely.get_coordinates(geometry)
    if len(vertices) > limits.max_vertices:
        raise InvalidGeometryError(
            f"The geometry has {len(vertices):,} vertices; at most {limits.max_vertices:,} are possible."
        )
    if not np.isfinite(vertices).all():
        raise InvalidGeometryError("The geometry has a coordinate that is not a finite number.")
    outside = np.abs(vertices).max(axis=1) > limits.max_coordinate_px
    if outside.any():
        x, y = vertices[int(outside.argmax())]
        raise InvalidGeometryError("The geometry lies far outside any image.", (float(x), float(y)))
    fault = find_fault(geometry)
    if fault is not None:
        raise fault


def find_fault(geometry: BaseGeometry) -> InvalidGeometryError | None:
    """What makes a shape invalid in the sense of OGC Simple Features, with its place, or None."""
    if geometry.is_valid:
        return None
    reason = str(shapely.is_valid_reason(geometry))
    what, _, place = reason.partition("[")
    sentence = _FAULTS.get(what.strip(), "The outline is not valid")
    where = _place(place)
    if where is None:
        return InvalidGeometryError(f"{sentence}.")
    return InvalidGeometryError(f"{sentence} at ({where[0]:.2f}, {where[1]:.2f}).", where)


def bounds(geometry: BaseGeometry) -> Bounds:
    """The smallest upright box around the shape."""
    x_min, y_min, x_max, y_max = geometry.bounds
    return (x_min, y_min, x_max, y_max)


def bounds_of_all(geometries: Sequence[BaseGeometry]) -> Bounds:
    """The smallest upright box around them all; there must be one at least."""
    x_min, y_min, x_max, y_max = shapely.total_bounds(geometries).tolist()
    return (x_min, y_min, x_max, y_max)


def boxes_touch(first: Bounds, second: Bounds) -> bool:
    """Whether two boxes have a point in common; edges count."""
    return first[0] <= second[2] and second[0] <= first[2] and first[1] <= second[3] and second[1] <= first[3]


def vertex_count(geometry: BaseGeometry) -> int:
    """How many vertices it has; the closing one of a ring counts."""
    return int(shapely.get_num_coordinates(geometry))


def area_um2(geometry: BaseGeometry, mpp_x: float, mpp_y: float) -> float:
    """The area in µm², holes taken away; 0 for points and lines. `mpp_x`, `mpp_y` are µm per pixel."""
    return float(shapely.area(geometry)) * mpp_x * mpp_y


def length_um(geometry: BaseGeometry, mpp_x: float, mpp_y: float) -> float:
    """The length of a line, or of all rings of an outline (its perimeter), in µm; 0 for points."""
    scaled = shapely.transform(geometry, lambda vertices: vertices * (mpp_x, mpp_y))
    return float(shapely.length(scaled))


_FAULTS = {
    "Self-intersection": "The outline crosses itself",
    "Ring Self-intersection": "The outline touches itself",
    "Hole lies outside shell": "A hole lies outside its outline",
    "Holes are nested": "A hole lies inside another hole",
    "Nested shells": "An outline lies inside another one",
    "Interior is disconnected": "Holes cut the outline into pieces",
    "Duplicate Rings": "The same ring occurs twice",
    "Too few points in geometry component": "A line or an outline has too few different vertices",
}


def _place(text: str) -> Position | None:
    numbers = re.findall(r"[^\s\]]+", text)
    try:
        x, y = (float(number) for number in numbers[:2])
    except ValueError:
        return None
    return (x, y) if math.isfinite(x) and math.isfinite(y) else None


def _ring(positions: Sequence[Position]) -> shapely.LinearRing:
    vertices = np.array(positions, dtype=np.float64).reshape(-1, 2)
    if len(vertices) == 0:
        raise InvalidGeometryError("A ring has no vertices.")
    if not (vertices[0] == vertices[-1]).all():
        x, y = vertices[-1]
        raise InvalidGeometryError("A ring must end where it starts.", (float(x), float(y)))
    if len({tuple(vertex) for vertex in vertices[:4].tolist()}) < 3 and len(np.unique(vertices, axis=0)) < 3:
        x, y = vertices[0]
        raise InvalidGeometryError(
            "A ring must have at least three different vertices.", (float(x), float(y))
        )
    return shapely.LinearRing(vertices)


def _point(position: Position) -> BaseGeometry:
    return shapely.Point(position)


def _multi_point(positions: Sequence[Position]) -> BaseGeometry:
    return shapely.MultiPoint(np.array(positions, dtype=np.float64).reshape(-1, 2))


def _line(positions: Sequence[Position]) -> shapely.LineString:
    if len(positions) < 2:
        raise InvalidGeometryError("A line must have at least two vertices.")
    return shapely.LineString(np.array(positions, dtype=np.float64))


def _multi_line(lines: Sequence[Sequence[Position]]) -> BaseGeometry:
    return shapely.MultiLineString([_line(line) for line in lines])


def _polygon(rings: Sequence[Sequence[Position]]) -> shapely.Polygon:
    if not rings:
        raise InvalidGeometryError("A polygon must have an outline.")
    return shapely.Polygon(_ring(rings[0]), [_ring(hole) for hole in rings[1:]])


def _multi_polygon(polygons: Sequence[Sequence[Sequence[Position]]]) -> BaseGeometry:
    return shapely.MultiPolygon([_polygon(rings) for rings in polygons])


_FORMS: dict[str, tuple[Any, Callable[[Any], BaseGeometry]]] = {
    "Point": (Position, _point),
    "MultiPoint": (list[Position], _multi_point),
    "LineString": (list[Position], _line),
    "MultiLineString": (list[list[Position]], _multi_line),
    "Polygon": (list[list[Position]], _polygon),
    "MultiPolygon": (list[list[list[Position]]], _multi_polygon),
}


def _coordinates(geometry: BaseGeometry) -> list[Any]:
    match geometry:
        case shapely.Point():
            return cast(list[Any], shapely.get_coordinates(geometry)[0].tolist())
        case shapely.LineString():
            return cast(list[Any], shapely.get_coordinates(geometry).tolist())
        case shapely.Polygon():
            return [_coordinates(ring) for ring in (geometry.exterior, *geometry.interiors)]
        case _:
            return [_coordinates(part) for part in shapely.get_parts(geometry)]
