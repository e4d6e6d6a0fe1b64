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

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from annotations.errors import InvalidGeometryError, InvalidTimeError, WireError
from annotations.geometry import from_geojson, to_geojson, vertex_count
from annotations.history import ChangeSet, CommittedChange
from annotations.model import DEFAULT_LAYER, Annotation, StoredAnnotation, is_uuid
from annotations.strict_json import DEFAULT_WIRE_LIMITS, WireLimits, check_extra, decode, is_text
from annotations.wire_over_time import WireSegment, WireTrack, over_time_from_wire, over_time_to_json


class _Properties(msgspec.Struct, forbid_unknown_fields=True):
    class_id: str | None = None
    layer: str = DEFAULT_LAYER
    name: str = ""
    is_locked: bool = False
    extra: dict[str, Any] = msgspec.field(default_factory=dict)
    track: WireTrack | None = None
    segment: WireSegment | None = None
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
    return _annotation(decode(document, _Feature), limits)


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
    wire = decode(document, _ChangeSet)
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
            **over_time_to_json(annotation.over_time),
        },
    }


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
    if len(properties.name) > limits.max_name_length or not is_text(properties.name):
        raise WireError(f"name must have at most {limits.max_name_length} characters, and no NUL.")
    check_extra(properties.extra, limits)
    if properties.at is not None:
        raise WireError("A label as it is on one frame cannot be sent back: send its track.")
    over_time = over_time_from_wire(properties.track, properties.segment, limits)
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
