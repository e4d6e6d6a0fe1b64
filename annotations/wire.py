"""The JSON that clients and server exchange, strictly: features, and ChangeSets made of them.

A feature is a GeoJSON Feature::

    {"type": "Feature", "id": UUID, "geometry": {...},
     "properties": {"class_id": str|null, "layer": "default", "name": "", "is_locked": false, "extra": {}}}

A label over time has null for its geometry, and one of these two among its properties::

    "track": {"shape": "box"|"point"|"polyline"|"polygon", "ended_frame": int|null,
              "keyframes": [{"frame": 0, "geometry": {...}, "is_outside": false, "is_occluded": false,
                             "attributes": {}}]}
    "segment": {"start_frame": 0, "end_frame": int|null, "tier": "default"}

Going out, a stored annotation also has `author`, `created_at`, `updated_at` and `revision` among its
properties; coming in, those four are ignored, so that a client may send back what it received. Anything else
that is unknown is refused: a member that nobody reads is a member that somebody believes was saved. So is
`at`, which marks what a track looks like on one frame: sent back, that would be in place of the track.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from annotations.errors import InvalidGeometryError, InvalidTimeError, WireError, without_values
from annotations.geometry import DEFAULT_LIMITS, GeometryLimits, from_geojson, to_geojson, vertex_count
from annotations.history import ChangeSet, CommittedChange
from annotations.model import (
    DEFAULT_LAYER,
    DEFAULT_TIER,
    JSON,
    Annotation,
    Keyframe,
    Segment,
    StoredAnnotation,
    Track,
    TrackShape,
    is_uuid,
)
from annotations.over_time import DEFAULT_TIME_LIMITS, TimeLimits, check_segment, check_track

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WireLimits:
    """What one ChangeSet may hold. An import of a file does not travel as a ChangeSet and is not bound by
    them.

    Attributes
    ----------
    max_items : annotations created, updated and deleted together.
    max_vertices : of all shapes together.
    max_name_length, max_layer_length, max_class_id_length : characters.
    max_extra_bytes : of `extra`, written as JSON; the measurements of one cell take 5,000.
    max_extra_depth : arrays and objects inside one another.
    max_attributes_bytes : of one key frame, written as JSON.
    """

    max_items: int = 20_000
    max_vertices: int = 2_000_000
    max_name_length: int = 500
    max_layer_length: int = 100
    max_class_id_length: int = 100
    max_extra_bytes: int = 65_536
    max_extra_depth: int = 16
    max_attributes_bytes: int = 4_096
    geometry: GeometryLimits = DEFAULT_LIMITS
    time: TimeLimits = DEFAULT_TIME_LIMITS


DEFAULT_WIRE_LIMITS = WireLimits()


class _Keyframe(msgspec.Struct, forbid_unknown_fields=True):
    frame: int
    geometry: dict[str, Any]
    is_outside: bool = False
    is_occluded: bool = False
    attributes: dict[str, Any] = msgspec.field(default_factory=dict)


class _Track(msgspec.Struct, forbid_unknown_fields=True):
    shape: TrackShape
    keyframes: list[_Keyframe]
    ended_frame: int | None = None


class _Segment(msgspec.Struct, forbid_unknown_fields=True):
    start_frame: int
    end_frame: int | None = None
    tier: str = DEFAULT_TIER


class _Properties(msgspec.Struct, forbid_unknown_fields=True):
    class_id: str | None = None
    layer: str = DEFAULT_LAYER
    name: str = ""
    is_locked: bool = False
    extra: dict[str, Any] = msgspec.field(default_factory=dict)
    track: _Track | None = None
    segment: _Segment | None = None
    at: Any = None
    author: Any = None
    created_at: Any = None
    updated_at: Any = None
    revision: Any = None


class _Feature(msgspec.Struct, forbid_unknown_fields=True):
    type: str
    id: str
    geometry: dict[str, Any] | None = None
    properties: _Properties = msgspec.field(default_factory=_Properties)


class _ChangeSet(msgspec.Struct, forbid_unknown_fields=True):
    change_id: str
    created: list[_Feature] = msgspec.field(default_factory=list)
    updated: list[_Feature] = msgspec.field(default_factory=list)
    deleted: list[str] = msgspec.field(default_factory=list)


def feature_from_json(
    document: bytes | str | Mapping[str, Any], limits: WireLimits = DEFAULT_WIRE_LIMITS
) -> Annotation:
    """The annotation that a Feature (JSON text, or decoded already) describes.

    Raises
    ------
    WireError : it is not JSON, not of the agreed shape, or exceeds a limit.
    InvalidTimeError : the frames of a track or a segment contradict themselves.
    InvalidGeometryError : its shape, or that of a key frame, cannot be stored.
    """
    return _annotation(_decode(document, _Feature), limits)


def changeset_from_json(
    document: bytes | str | Mapping[str, Any], limits: WireLimits = DEFAULT_WIRE_LIMITS
) -> ChangeSet:
    """The ChangeSet that JSON (text, or decoded already) describes. Its ids are distinct, and it changes
    something.

    Raises
    ------
    WireError : it is not JSON, not of the agreed shape, empty, names an id twice, or exceeds a limit.
    InvalidTimeError : the frames of a track or a segment contradict themselves.
    InvalidGeometryError : a shape cannot be stored; the sentence says which.
    """
    wire = _decode(document, _ChangeSet)
    if not is_uuid(wire.change_id):
        raise WireError("change_id must be a UUID in lower case.")
    count = len(wire.created) + len(wire.updated) + len(wire.deleted)
    if count == 0:
        raise WireError("The change is empty.")
    if count > limits.max_items:
        raise WireError(f"The change holds {count:,} annotations; at most {limits.max_items:,} are possible.")
    for index, annotation_id in enumerate(wire.deleted):
        if not is_uuid(annotation_id):
            raise WireError(f"deleted[{index}] must be a UUID in lower case.")
    change = ChangeSet(
        change_id=wire.change_id,
        created=_annotations("created", wire.created, limits),
        updated=_annotations("updated", wire.updated, limits),
        deleted=tuple(wire.deleted),
    )
    if len(set(change.touched())) < count:
        raise WireError("The change names an annotation more than once.")
    vertices = sum(
        vertex_count(shape)
        for annotation in (*change.created, *change.updated)
        for shape in annotation.shapes()
    )
    if vertices > limits.max_vertices:
        raise WireError(
            f"The change has {vertices:,} vertices; at most {limits.max_vertices:,} are possible."
        )
    return change


def feature_to_json(annotation: Annotation | StoredAnnotation) -> dict[str, Any]:
    """The Feature of an annotation, as JSON types. A stored one also says its author, times and revision."""
    if isinstance(annotation, StoredAnnotation):
        feature = feature_to_json(annotation.annotation)
        feature["properties"] |= {
            "author": annotation.author,
            "created_at": time_to_json(annotation.created_at),
            "updated_at": time_to_json(annotation.updated_at),
            "revision": annotation.revision,
        }
        return feature
    geometry = annotation.geometry
    return {
        "type": "Feature",
        "id": annotation.annotation_id,
        "geometry": None if geometry is None else to_geojson(geometry),
        "properties": {
            "class_id": annotation.class_id,
            "layer": annotation.layer,
            "name": annotation.name,
            "is_locked": annotation.is_locked,
            "extra": dict(annotation.extra),
            **_over_time_to_json(annotation.over_time),
        },
    }


def track_to_json(track: Track) -> dict[str, Any]:
    """The `track` of a feature, as JSON types; `track_from_json` gives the same track back."""
    return {
        "shape": track.shape.value,
        "keyframes": [
            {
                "frame": keyframe.frame,
                "geometry": to_geojson(keyframe.geometry),
                "is_outside": keyframe.is_outside,
                "is_occluded": keyframe.is_occluded,
                "attributes": dict(keyframe.attributes),
            }
            for keyframe in track.keyframes
        ],
        "ended_frame": track.ended_frame,
    }


def track_from_json(
    document: bytes | str | Mapping[str, Any], limits: WireLimits = DEFAULT_WIRE_LIMITS
) -> Track:
    """The track that JSON (text, or decoded already) describes.

    Raises
    ------
    WireError, InvalidTimeError, InvalidGeometryError : as for `feature_from_json`.
    """
    return _track(_decode(document, _Track), limits)


def changeset_to_json(change: ChangeSet) -> dict[str, Any]:
    """The ChangeSet as JSON types; `changeset_from_json` gives the same ChangeSet back."""
    return {
        "change_id": change.change_id,
        "created": [feature_to_json(annotation) for annotation in change.created],
        "updated": [feature_to_json(annotation) for annotation in change.updated],
        "deleted": list(change.deleted),
    }


def committed_to_json(committed: CommittedChange) -> dict[str, Any]:
    """A committed change as JSON types: the ChangeSet with `revision`, `author` and `committed_at`."""
    at = committed.committed_at
    return {
        "revision": committed.revision,
        "author": committed.author,
        "committed_at": None if at is None else time_to_json(at),
        **changeset_to_json(committed.change),
    }


def time_to_json(at: datetime) -> str:
    """RFC 3339 in UTC, to the microsecond. `at` must know its zone."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone cannot be written")
    return msgspec.to_builtins(at.astimezone(UTC), str_keys=True)  # type: ignore[no-any-return]


def _decode(document: bytes | str | Mapping[str, Any], shape: type[T]) -> T:
    try:
        if isinstance(document, bytes | str):
            return msgspec.json.decode(document, type=shape)
        return msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        raise WireError(f"{without_values(str(error))}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise WireError("The body is not JSON.") from None
    except RecursionError:
        raise WireError("The body is nested too deeply.") from None


def _annotations(member: str, features: list[_Feature], limits: WireLimits) -> tuple[Annotation, ...]:
    found = []
    for index, feature in enumerate(features):
        try:
            found.append(_annotation(feature, limits))
        except InvalidGeometryError as error:
            raise InvalidGeometryError(f"{member}[{index}]: {error}", error.where) from None
        except InvalidTimeError as error:
            raise InvalidTimeError(f"{member}[{index}]: {error}") from None
        except WireError as error:
            raise WireError(f"{member}[{index}]: {error}") from None
    return tuple(found)


def _annotation(feature: _Feature, limits: WireLimits) -> Annotation:
    properties = feature.properties
    if feature.type != "Feature":
        raise WireError('The type of a feature must be "Feature".')
    if not is_uuid(feature.id):
        raise WireError("The id of a feature must be a UUID in lower case.")
    if properties.class_id is not None and not 0 < len(properties.class_id) <= limits.max_class_id_length:
        raise WireError(f"class_id must have 1 to {limits.max_class_id_length} characters.")
    if not 0 < len(properties.layer) <= limits.max_layer_length or not properties.layer.isprintable():
        raise WireError(f"layer must have 1 to {limits.max_layer_length} printable characters.")
    if len(properties.name) > limits.max_name_length or not _is_text(properties.name):
        raise WireError(f"name must have at most {limits.max_name_length} characters, and no NUL.")
    check_extra(properties.extra, limits)
    over_time = _over_time(properties, limits)
    if (feature.geometry is None) == (over_time is None):
        raise WireError(
            "A feature must have a geometry."
            if over_time is None
            else "The geometry of a feature with a track or a segment must be null."
        )
    return Annotation(
        annotation_id=feature.id,
        geometry=None if feature.geometry is None else from_geojson(feature.geometry, limits.geometry),
        class_id=properties.class_id,
        layer=properties.layer,
        name=properties.name,
        is_locked=properties.is_locked,
        extra=properties.extra,
        over_time=over_time,
    )


def _over_time(properties: _Properties, limits: WireLimits) -> Track | Segment | None:
    if properties.at is not None:
        raise WireError("A label as it is on one frame cannot be sent back: send its track.")
    if properties.track is not None and properties.segment is not None:
        raise WireError("A feature cannot have both a track and a segment.")
    if properties.track is not None:
        return _track(properties.track, limits)
    if properties.segment is None:
        return None
    wire = properties.segment
    segment = Segment(wire.start_frame, wire.end_frame, wire.tier)
    check_segment(segment, limits.time)
    return segment


def _track(wire: _Track, limits: WireLimits) -> Track:
    if len(wire.keyframes) > limits.time.max_keyframes:
        # Said before its shapes are made: they may be very many.
        raise InvalidTimeError(
            f"The track has {len(wire.keyframes):,} key frames; "
            f"at most {limits.time.max_keyframes:,} are possible."
        )
    track = Track(
        wire.shape, tuple(_keyframe(keyframe, limits) for keyframe in wire.keyframes), wire.ended_frame
    )
    check_track(track, limits.time)
    return track


def _keyframe(wire: _Keyframe, limits: WireLimits) -> Keyframe:
    place = f"The key frame at frame {wire.frame}"
    _check_json(wire.attributes, f"{place}: attributes", limits.max_extra_depth, limits.max_attributes_bytes)
    try:
        geometry = from_geojson(wire.geometry, limits.geometry)
    except InvalidGeometryError as error:
        raise InvalidGeometryError(f"{place}: {error}", error.where) from None
    return Keyframe(wire.frame, geometry, wire.is_outside, wire.is_occluded, wire.attributes)


def _over_time_to_json(over_time: Track | Segment | None) -> dict[str, Any]:
    match over_time:
        case None:
            return {}
        case Track():
            return {"track": track_to_json(over_time)}
        case Segment():
            return {
                "segment": {
                    "start_frame": over_time.start_frame,
                    "end_frame": over_time.end_frame,
                    "tier": over_time.tier,
                }
            }


def check_extra(extra: Mapping[str, JSON], limits: WireLimits = DEFAULT_WIRE_LIMITS) -> None:
    """Refuse what `extra` may not hold: too much, too deep, or a number that JSON cannot say.

    Raises
    ------
    WireError : with the limit in its sentence.
    """
    _check_json(extra, "extra", limits.max_extra_depth, limits.max_extra_bytes)


def _check_json(value: Mapping[str, JSON], name: str, max_depth: int, max_bytes: int) -> None:
    if not value:
        return
    if not _is_json(value, max_depth):
        raise WireError(
            f"{name} must hold texts, lists, objects and finite numbers (integers up to 2^53), "
            f"at most {max_depth} deep."
        )
    if len(msgspec.json.encode(value)) > max_bytes:
        raise WireError(f"{name} may take at most {max_bytes:,} bytes.")


def _is_json(value: object, depth: int) -> bool:
    match value:
        case None | bool():
            return True
        case str():
            return _is_text(value, nul=True)
        case int() | float():
            return math.isfinite(value) if isinstance(value, float) else abs(value) <= 2**53
        case list():
            return depth > 0 and all(_is_json(item, depth - 1) for item in value)
        case dict():
            return depth > 0 and all(
                isinstance(key, str) and _is_text(key, nul=True) and _is_json(item, depth - 1)
                for key, item in value.items()
            )
        case _:
            return False


def _is_text(value: str, *, nul: bool = False) -> bool:
    """Whether it can be written as UTF-8: decoded elsewhere, it may have half a surrogate pair."""
    if value.isascii():
        return nul or "\0" not in value
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return nul or "\0" not in value
