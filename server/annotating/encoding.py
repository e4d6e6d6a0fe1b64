"""Stored annotations as JSON without a detour over shapes: WKB's doubles go straight into the text.

The text has every double in its shortest exact form, so what a browser parses are the same bits.
"""

from collections.abc import Callable, Iterable
from struct import Struct
from types import SimpleNamespace
from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from server.db import Row

Columns: TypeAlias = Row | SimpleNamespace
"""The columns of an annotation or a key frame, as attributes: from the database, or on their way there."""

_COUNT = Struct("<I").unpack_from
_POSITION = Struct("<dd")
_HEADER_BYTES = 5
_POSITION_BYTES = 16
_POINT, _LINE, _POLYGON, _MULTI_POINT, _MULTI_LINE, _MULTI_POLYGON = range(1, 7)
_NAMES = {
    _POINT: "Point",
    _LINE: "LineString",
    _POLYGON: "Polygon",
    _MULTI_POINT: "MultiPoint",
    _MULTI_LINE: "MultiLineString",
    _MULTI_POLYGON: "MultiPolygon",
}


class Geometry(msgspec.Struct):
    """GeoJSON geometry in level-0 px."""

    type: str
    coordinates: list[Any]


class Keyframe(msgspec.Struct):
    """A key frame of a track."""

    frame: int
    geometry: Geometry
    is_outside: bool
    is_occluded: bool
    attributes: msgspec.Raw


class Track(msgspec.Struct):
    """What a label is on which frames."""

    shape: str
    keyframes: list[Keyframe]
    ended_frame: int | None


class Segment(msgspec.Struct):
    """A stretch of time."""

    start_frame: int
    end_frame: int | None
    tier: str


class At(msgspec.Struct):
    """What a track is on one frame, beside its geometry there."""

    frame: int
    is_keyframe: bool
    is_occluded: bool
    attributes: msgspec.Raw


class DrawnProperties(msgspec.Struct):
    """What a person has given an annotation: what a ChangeSet holds of it. Without ``track`` and ``segment``
    the label is still."""

    class_id: str | None
    layer: str
    name: str
    is_locked: bool
    extra: msgspec.Raw
    track: Track | UnsetType = UNSET
    segment: Segment | UnsetType = UNSET


class DrawnFeature(msgspec.Struct, tag_field="type", tag="Feature"):
    """An annotation as a GeoJSON feature, as ``annotations.wire`` writes it."""

    id: str
    geometry: Geometry | None
    properties: DrawnProperties


class Properties(msgspec.Struct):
    """What is known of a stored annotation. ``author`` is the name of who gave it its present value.

    In the answer for one frame, ``at`` stands for a track, which is null.
    """

    class_id: str | None
    layer: str
    name: str
    is_locked: bool
    extra: msgspec.Raw
    author: str
    created_at: str
    updated_at: str
    revision: int
    track: Track | UnsetType | None = UNSET
    segment: Segment | UnsetType = UNSET
    at: At | UnsetType = UNSET


class Feature(msgspec.Struct, tag_field="type", tag="Feature"):
    """A stored annotation as a GeoJSON feature."""

    id: str
    geometry: Geometry | None
    properties: Properties


class Change(msgspec.Struct):
    """A committed change. ``author`` is the name of who made it."""

    revision: int
    change_id: str
    author: str
    committed_at: str
    created: msgspec.Raw
    updated: msgspec.Raw
    deleted: msgspec.Raw


encode = msgspec.json.Encoder().encode


def drawn_feature(row: Columns, keyframes: Iterable[Columns]) -> DrawnFeature:
    """The feature of an annotation's columns."""
    return DrawnFeature(
        row.annotation_id,
        None if row.geometry is None else geometry_of(row.geometry),
        DrawnProperties(
            row.class_id,
            row.layer,
            row.name,
            bool(row.is_locked),
            msgspec.Raw(row.extra.encode()),
            track_of(row, keyframes),
            segment_of(row),
        ),
    )


def stored_feature(
    row: Columns,
    author: str,
    geometry: bytes | None,
    track: Track | UnsetType | None,
    at: At | UnsetType = UNSET,
) -> Feature:
    """The feature of a stored annotation's columns, with the shape that it is to be shown with."""
    return Feature(
        row.annotation_id,
        None if geometry is None else geometry_of(geometry),
        Properties(
            row.class_id,
            row.layer,
            row.name,
            bool(row.is_locked),
            msgspec.Raw(row.extra.encode()),
            author,
            row.created_at,
            row.updated_at,
            row.revision,
            track,
            segment_of(row),
            at,
        ),
    )


def track_of(row: Columns, keyframes: Iterable[Columns]) -> Track | UnsetType:
    """The track in an annotation's columns and those of its key frames, if it is one."""
    if row.track_shape is None:
        return UNSET
    return Track(
        row.track_shape,
        [
            Keyframe(
                keyframe.frame,
                geometry_of(keyframe.geometry),
                bool(keyframe.is_outside),
                bool(keyframe.is_occluded),
                msgspec.Raw(keyframe.attributes.encode()),
            )
            for keyframe in keyframes
        ],
        None if row.last_frame is None else row.last_frame + 1,
    )


def segment_of(row: Columns) -> Segment | UnsetType:
    """The segment in an annotation's columns, if it is one."""
    if row.tier is None:
        return UNSET
    return Segment(row.first_frame, row.last_frame, row.tier)


def geometry_of(wkb: bytes) -> Geometry:
    """The geometry in ``wkb`` as ``annotations.geometry.to_wkb`` writes it: little-endian, x and y."""
    kind = _COUNT(wkb, 1)[0]
    return Geometry(_NAMES[kind], _READERS[kind](wkb, _HEADER_BYTES)[0])


def _point(wkb: bytes, at: int) -> tuple[list[Any], int]:
    return list(_POSITION.unpack_from(wkb, at)), at + _POSITION_BYTES


def _line(wkb: bytes, at: int) -> tuple[list[Any], int]:
    end = at + 4 + _COUNT(wkb, at)[0] * _POSITION_BYTES
    # Measured on 2,000 outlines: pairs unpacked by struct are made 1.5 times as fast as numpy's nested lists.
    return list(_POSITION.iter_unpack(memoryview(wkb)[at + 4 : end])), end


def _polygon(wkb: bytes, at: int) -> tuple[list[Any], int]:
    count, at = _COUNT(wkb, at)[0], at + 4
    rings = []
    for _ in range(count):
        ring, at = _line(wkb, at)
        rings.append(ring)
    return rings, at


def _parts(read: "_Reader") -> "_Reader":
    def multi(wkb: bytes, at: int) -> tuple[list[Any], int]:
        count, at = _COUNT(wkb, at)[0], at + 4
        parts = []
        for _ in range(count):
            part, at = read(wkb, at + _HEADER_BYTES)
            parts.append(part)
        return parts, at

    return multi


_Reader = Callable[[bytes, int], tuple[list[Any], int]]
_READERS: dict[int, _Reader] = {
    _POINT: _point,
    _LINE: _line,
    _POLYGON: _polygon,
    _MULTI_POINT: _parts(_point),
    _MULTI_LINE: _parts(_line),
    _MULTI_POLYGON: _parts(_polygon),
}


def joined(head: bytes, items: Iterable[bytes], tail: bytes, *, chunk_bytes: int = 1 << 20) -> list[bytes]:
    """``head``, the items with commas between them, ``tail``: in chunks, never copied into one text."""
    chunks, current = [], bytearray(head)
    separator = b""
    for item in items:
        current += separator
        current += item
        separator = b","
        if len(current) >= chunk_bytes:
            chunks.append(bytes(current))
            current.clear()
    current += tail
    chunks.append(bytes(current))
    return chunks
