"""What is carried through for other tools, both ways: measurements, metadata, planes, nuclei and the rest.

`Annotation.extra` has a feature's properties by their own names; `isEllipse`, `plane` and `nucleusGeometry`,
which a file has in or beside its geometry, stand among them. The layer travels among the metadata.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from shapely.geometry.base import BaseGeometry

from annotations.errors import FormatError, InvalidGeometryError, WireError
from annotations.formats.losses import Loss, LossCounter
from annotations.formats.qupath_geojson.shapes import is_inscribed_ellipse, read_shapes
from annotations.geometry import to_geojson
from annotations.model import DEFAULT_LAYER, Annotation
from annotations.strict_json import DEFAULT_WIRE_LIMITS, check_extra

LAYER_KEY = "slidereel.layer"
"""Where the layer travels among the metadata: QuPath keeps metadata, but knows no layers."""

CHILDREN = ("childObjects", "children")
"""Where QuPath nests objects; it reads the second only where the first is absent."""

_OWN_PROPERTIES = frozenset({"objectType", "name", "classification", "isLocked", *CHILDREN})
_GEOMETRY_MEMBERS = frozenset({"isEllipse", "plane", "nucleusGeometry"})


def read_extra(
    feature: Mapping[str, Any], properties: Mapping[str, Any], losses: LossCounter
) -> tuple[str, dict[str, Any]]:
    """The layer and the `extra` of a feature whose geometry was read already."""
    extra: dict[str, Any] = {}
    for key, value in properties.items():
        if key in _OWN_PROPERTIES or key in ("measurements", "metadata"):
            continue
        if key not in _GEOMETRY_MEMBERS and _fits({key: value}):
            extra[key] = value
        else:
            losses.add(Loss.OTHER_VALUE)
    measurements = _read_measurements(properties.get("measurements"), losses)
    if measurements is not None:
        extra["measurements"] = measurements
    layer, metadata = _read_metadata(properties.get("metadata"), losses)
    if metadata is not None:
        extra["metadata"] = metadata
    extra |= _read_geometry_members(feature, losses)
    if not _fits(extra):
        losses.add(Loss.OTHER_VALUE, len(extra))
        extra = {}
    return layer, extra


def write_extra(
    annotation: Annotation, shape: BaseGeometry, feature: dict[str, Any], losses: LossCounter
) -> None:
    """Put `extra` and the layer of an annotation into its feature, wherever QuPath looks for them."""
    properties, geometry = feature["properties"], feature["geometry"]
    for key, value in annotation.extra.items():
        match key:
            case "measurements" if isinstance(value, Mapping):
                properties[key] = _finite(value, losses)
            case "isEllipse" if isinstance(value, bool):
                if value and not is_inscribed_ellipse(shape):
                    losses.add(Loss.NOT_AN_ELLIPSE)
                else:
                    geometry[key] = value
            case "plane" if _is_plane(value):
                geometry[key] = value
            case "nucleusGeometry" if _is_nucleus(value):
                feature[key] = value
            case "color" if _is_color(value):
                properties[key] = value
            case "metadata" if isinstance(value, Mapping):
                pass
            case _ if key in _NOT_PLAIN:
                losses.add(Loss.OTHER_VALUE)
            case _:
                properties[key] = value
    metadata = _write_metadata(annotation, losses)
    if metadata is not None:
        properties["metadata"] = metadata


_NOT_PLAIN = _OWN_PROPERTIES | _GEOMETRY_MEMBERS | {"measurements", "color", "metadata"}


def _read_measurements(value: object, losses: LossCounter) -> dict[str, Any] | None:
    """Measurements by name, from an object or, as before version 0.4, a list of names and values."""
    if isinstance(value, dict):
        return _finite(value, losses)
    if not isinstance(value, list):
        losses.add(Loss.OTHER_VALUE, 0 if value is None else 1)
        return None
    named = {
        item["name"]: item.get("value")
        for item in value
        if isinstance(item, dict) and isinstance(item.get("name"), str)
    }
    losses.add(Loss.OTHER_VALUE, len(value) - len(named))
    return _finite(named, losses) if named else None


def _finite(measurements: Mapping[str, Any], losses: LossCounter) -> dict[str, Any]:
    """Without NaN, infinities and the words for them: QuPath shows what is missing as NaN."""
    finite = {
        name: number
        for name, number in measurements.items()
        if isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)
    }
    losses.add(Loss.NOT_A_NUMBER, len(measurements) - len(finite))
    return finite


def _read_metadata(value: object, losses: LossCounter) -> tuple[str, dict[str, Any] | None]:
    if value is None:
        return DEFAULT_LAYER, None
    if not isinstance(value, dict) or not _fits(value):
        losses.add(Loss.OTHER_VALUE)
        return DEFAULT_LAYER, None
    layer = value.get(LAYER_KEY)
    if not _is_layer(layer):
        return DEFAULT_LAYER, value
    return str(layer), {key: item for key, item in value.items() if key != LAYER_KEY} or None


def _write_metadata(annotation: Annotation, losses: LossCounter) -> dict[str, Any] | None:
    value = annotation.extra.get("metadata")
    if not isinstance(value, Mapping):
        return None if annotation.layer == DEFAULT_LAYER else {LAYER_KEY: annotation.layer}
    if LAYER_KEY in value:
        losses.add(Loss.OTHER_VALUE)
    metadata = {key: item for key, item in value.items() if key != LAYER_KEY}
    if annotation.layer == DEFAULT_LAYER:
        return metadata
    if not metadata:
        losses.add(Loss.OTHER_VALUE)  # that there is metadata, though none is in it
    return {**metadata, LAYER_KEY: annotation.layer}


def _read_geometry_members(feature: Mapping[str, Any], losses: LossCounter) -> dict[str, Any]:
    members: dict[str, Any] = {}
    geometry = feature["geometry"]
    if isinstance(geometry.get("isEllipse"), bool):
        members["isEllipse"] = geometry["isEllipse"]
    plane = geometry.get("plane")
    if _is_plane(plane):
        members["plane"] = plane
        if plane.get("z", 0) != 0 or plane.get("t", 0) != 0:
            losses.add(Loss.OTHER_PLANE)
    elif plane is not None:
        losses.add(Loss.OTHER_VALUE)
    nucleus = feature.get("nucleusGeometry")
    if nucleus is not None:
        shape = _nucleus(nucleus)
        if shape is None:
            losses.add(Loss.NUCLEUS)
        else:
            members["nucleusGeometry"] = to_geojson(shape)
    return members


def _nucleus(document: object) -> BaseGeometry | None:
    try:
        shapes = read_shapes(document, LossCounter())
    except (FormatError, InvalidGeometryError):
        return None
    return shapes[0] if len(shapes) == 1 else None


def _is_nucleus(value: object) -> bool:
    """Whether QuPath, which reads it whatever the object is, understands it, and it comes back the same."""
    shape = _nucleus(value)
    return shape is not None and to_geojson(shape) == value


def _is_plane(value: object) -> bool:
    """32-bit integers c, z and t, and nothing else: QuPath's reader gets stuck at another member."""
    return (
        isinstance(value, Mapping)
        and value.keys() <= {"c", "z", "t"}
        and all(type(number) is int and -(2**31) <= number < 2**31 for number in value.values())
    )


def _is_color(value: object) -> bool:
    if isinstance(value, list):
        return len(value) == 3 and all(type(channel) is int and 0 <= channel <= 255 for channel in value)
    return type(value) is int and -(2**31) <= value < 2**31


def _is_layer(value: object) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= DEFAULT_WIRE_LIMITS.max_layer_length
        and value.isprintable()
    )


def _fits(extra: Mapping[str, Any]) -> bool:
    try:
        check_extra(extra)
    except WireError:
        return False
    return True
