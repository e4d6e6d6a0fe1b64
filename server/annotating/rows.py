"""Rows of the annotation tables, read and written by hand: every edit and every opened slide comes by here.

``annotation_box`` is an R*Tree over the bounds with the asset as a third dimension (24 bits of its id's
hash), so that a window on one slide does not meet the shapes of all the others. Its 32-bit floats are
rounded outward: every hit is re-checked against the exact bounds, and against the asset.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import shapely
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from annotations.geometry import Bounds, from_wkb
from annotations.model import Annotation, Keyframe, Segment, StoredAnnotation, Track, TrackShape
from server.annotating import keyframe_rows
from server.annotating.keyframe_rows import AT_A_TIME, Record, with_keyframes
from server.db import Row
from server.db.schema import annotation as annotation_table

COLUMNS = """
SELECT a.annotation_key, a.annotation_id, a.layer, a.class_id, a.geometry, a.name, a.is_locked, a.extra,
       a.created_at, a.updated_at, a.revision, a.track_shape, a.tier, a.first_frame, a.last_frame,
       c.account_id
"""
CHANGE = "JOIN change_set c ON c.asset_id = a.asset_id AND c.revision = a.revision\n"
SELECT = COLUMNS + "FROM annotation a " + CHANGE
_ALL = sa.text(SELECT + "WHERE a.asset_id = :asset_id ORDER BY a.annotation_key")
_IN_BOX = sa.text(
    # CROSS JOIN is SQLite's way of saying “from left to right”: left alone it reads the whole slide first.
    COLUMNS
    + "FROM annotation_box b CROSS JOIN annotation a ON a.annotation_key = b.annotation_key "
    + CHANGE
    + """WHERE b.x1 >= :x0 AND b.x0 <= :x1 AND b.y1 >= :y0 AND b.y0 <= :y1
  AND b.asset0 <= :shard AND b.asset1 >= :shard AND a.asset_id = :asset_id
ORDER BY a.annotation_key"""
)
_SOME = sa.text(SELECT + "WHERE a.asset_id = :asset_id AND a.annotation_id IN :ids").bindparams(
    sa.bindparam("ids", expanding=True)
)
_NEXT_KEY = sa.text("SELECT coalesce(max(annotation_key), 0) + 1 FROM annotation")
_INSERT = sa.text(
    """INSERT INTO annotation (annotation_key, asset_id, annotation_id, layer, class_id, geometry, name,
                        is_locked, extra, created_by, created_at, updated_at, revision,
                        track_shape, tier, first_frame, last_frame)
VALUES (:key, :asset_id, :annotation_id, :layer, :class_id, :geometry, :name,
        :is_locked, :extra, :author, :at, :at, :revision,
        :track_shape, :tier, :first_frame, :last_frame)"""
)
_UPDATE = sa.text(
    """UPDATE annotation SET layer = :layer, class_id = :class_id, geometry = :geometry, name = :name,
       is_locked = :is_locked, extra = :extra, updated_at = :at, revision = :revision,
       track_shape = :track_shape, tier = :tier, first_frame = :first_frame, last_frame = :last_frame
WHERE annotation_key = :key"""
)
_DELETE = sa.text("DELETE FROM annotation WHERE annotation_key = :key")
_INSERT_BOX = sa.text(
    """INSERT INTO annotation_box (annotation_key, x0, x1, y0, y1, asset0, asset1)
VALUES (:key, :x0, :x1, :y0, :y1, :shard, :shard)"""
)
_DELETE_BOX = sa.text("DELETE FROM annotation_box WHERE annotation_key = :key")


@dataclass(frozen=True, slots=True)
class Prepared:
    """Annotations as values for the database, made before its one writer is kept busy.

    ``values`` has the columns of each by name, ``keyframes`` (a list of such), and ``box``: x0, y0, x1, y1 of
    all its shapes, None where it has no place.
    """

    annotations: tuple[Annotation, ...]
    values: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a commit writes on each annotation that it touches. ``at`` is RFC 3339."""

    asset_id: str
    author: str
    at: str
    revision: int


def prepare(annotations: Sequence[Annotation]) -> Prepared:
    """Geometry as WKB and bounds, the rest as columns."""
    counts = [len(annotation.shapes()) for annotation in annotations]
    shapes = np.empty(sum(counts), dtype=object)
    shapes[:] = [shape for annotation in annotations for shape in annotation.shapes()]
    wkbs = shapely.to_wkb(shapes, output_dimension=2, byte_order=1).tolist()
    boxes: npt.NDArray[np.float64] = shapely.bounds(shapes)
    values, start = [], 0
    for annotation, count in zip(annotations, counts, strict=True):
        end = start + count
        values.append(_columns(annotation, wkbs[start:end], _around(boxes[start:end])))
        start = end
    return Prepared(tuple(annotations), tuple(values))


def _columns(annotation: Annotation, wkbs: Sequence[bytes], box: dict[str, float] | None) -> dict[str, Any]:
    return {
        "annotation_id": annotation.annotation_id,
        "layer": annotation.layer,
        "class_id": annotation.class_id,
        "geometry": wkbs[0] if annotation.over_time is None else None,
        "name": annotation.name,
        "is_locked": annotation.is_locked,
        "extra": msgspec.json.encode(annotation.extra).decode(),
        **_time_columns(annotation.over_time),
        "keyframes": _keyframe_columns(annotation.over_time, wkbs),
        "box": box,
    }


def _time_columns(over_time: Track | Segment | None) -> dict[str, Any]:
    match over_time:
        case Track(shape, keyframes, ended_frame):
            last = None if ended_frame is None else ended_frame - 1
            return _time(track_shape=shape.value, first_frame=keyframes[0].frame, last_frame=last)
        case Segment(start_frame, end_frame, tier):
            return _time(tier=tier, first_frame=start_frame, last_frame=end_frame)
        case _:
            return _time()


def _time(
    *,
    track_shape: str | None = None,
    tier: str | None = None,
    first_frame: int | None = None,
    last_frame: int | None = None,
) -> dict[str, Any]:
    return {
        "track_shape": track_shape,
        "tier": tier,
        "first_frame": first_frame,
        "last_frame": last_frame,
    }


def _keyframe_columns(over_time: Track | Segment | None, wkbs: Sequence[bytes]) -> list[dict[str, Any]]:
    if not isinstance(over_time, Track):
        return []
    return [
        {
            "frame": keyframe.frame,
            "geometry": wkb,
            "is_outside": keyframe.is_outside,
            "is_occluded": keyframe.is_occluded,
            "attributes": msgspec.json.encode(keyframe.attributes).decode(),
        }
        for keyframe, wkb in zip(over_time.keyframes, wkbs, strict=True)
    ]


def _around(boxes: npt.NDArray[np.float64]) -> dict[str, float] | None:
    if not len(boxes):
        return None
    x0, y0 = boxes[:, :2].min(axis=0).tolist()
    x1, y1 = boxes[:, 2:].max(axis=0).tolist()
    return {"x0": x0, "y0": y0, "x1": x1, "y1": y1}


def all_records(connection: Connection, asset_id: str, layer: str | None = None) -> Iterator[Record]:
    """Every annotation of an asset, oldest first."""
    rows = connection.execute(_ALL, {"asset_id": asset_id})
    return with_keyframes(connection, (row for row in rows if layer is None or row.layer == layer))


def records_in_box(
    connection: Connection, asset_id: str, box: Bounds, layer: str | None = None
) -> Iterator[Record]:
    """The annotations whose bounds touch ``box`` (x0, y0, x1, y1 in l0 px), oldest first.

    The bounds of a track are those of all its key frames; a segment is in no box.
    """
    x0, y0, x1, y1 = box
    where = {"asset_id": asset_id, "shard": asset_shard(asset_id), "x0": x0, "y0": y0, "x1": x1, "y1": y1}
    rows = [row for row in connection.execute(_IN_BOX, where) if layer is None or row.layer == layer]
    records = list(with_keyframes(connection, rows))
    shapes = [_wkbs(record) for record in records]
    bounds: npt.NDArray[np.float64] = shapely.bounds(shapely.from_wkb([wkb for own in shapes for wkb in own]))
    start = 0
    for record, own in zip(records, shapes, strict=True):
        around = _around(bounds[start : start + len(own)])
        start += len(own)
        if around is None:
            continue
        if around["x0"] <= x1 and around["x1"] >= x0 and around["y0"] <= y1 and around["y1"] >= y0:
            yield record


def _wkbs(record: Record) -> list[bytes]:
    if record.row.geometry is not None:
        return [record.row.geometry]
    return [keyframe.geometry for keyframe in record.keyframes]


def records_by_id(connection: Connection, asset_id: str, ids: Sequence[str]) -> dict[str, Record]:
    """Those of the annotations that exist, by id."""
    found: dict[str, Record] = {}
    for start in range(0, len(ids), AT_A_TIME):
        part = list(ids[start : start + AT_A_TIME])
        rows = connection.execute(_SOME, {"asset_id": asset_id, "ids": part})
        for record in with_keyframes(connection, rows):
            found[record.row.annotation_id] = record
    return found


def all_ids(connection: Connection, asset_id: str) -> frozenset[str]:
    """The ids of all annotations of an asset."""
    table = annotation_table
    found = connection.execute(sa.select(table.c.annotation_id).where(table.c.asset_id == asset_id))
    return frozenset(found.scalars())


def insert(connection: Connection, prepared: Prepared, stamp: Stamp) -> None:
    """Write new annotations, their key frames and their boxes."""
    if not prepared.values:
        return
    first = int(connection.execute(_NEXT_KEY).scalar_one())
    common = _common(stamp)
    values = [{**value, **common, "key": first + index} for index, value in enumerate(prepared.values)]
    connection.execute(_INSERT, values)
    keyframe_rows.insert(connection, values)
    _insert_boxes(connection, values)


def update(connection: Connection, prepared: Prepared, stamp: Stamp, existing: dict[str, Record]) -> None:
    """Write new values of annotations, their key frames and boxes; who made them and when stays."""
    if not prepared.values:
        return
    common = _common(stamp)
    records = [existing[value["annotation_id"]] for value in prepared.values]
    values = [
        {**value, **common, "key": record.row.annotation_key}
        for value, record in zip(prepared.values, records, strict=True)
    ]
    connection.execute(_UPDATE, values)
    keyframe_rows.delete(connection, records)
    keyframe_rows.insert(connection, values)
    connection.execute(_DELETE_BOX, [{"key": value["key"]} for value in values])
    _insert_boxes(connection, values)


def delete(connection: Connection, ids: Sequence[str], existing: dict[str, Record]) -> None:
    """Remove annotations, their key frames and their boxes."""
    if not ids:
        return
    records = [existing[annotation_id] for annotation_id in ids]
    keys = [{"key": record.row.annotation_key} for record in records]
    connection.execute(_DELETE_BOX, keys)
    keyframe_rows.delete(connection, records)
    connection.execute(_DELETE, keys)


def _insert_boxes(connection: Connection, values: Sequence[dict[str, Any]]) -> None:
    boxes = [
        {**value["box"], "key": value["key"], "shard": value["shard"]}
        for value in values
        if value["box"] is not None
    ]
    if boxes:
        connection.execute(_INSERT_BOX, boxes)


def annotation_of(record: Record) -> Annotation:
    """The annotation in a record."""
    row = record.row
    return Annotation(
        annotation_id=row.annotation_id,
        geometry=None if row.geometry is None else from_wkb(row.geometry),
        class_id=row.class_id,
        layer=row.layer,
        name=row.name,
        is_locked=bool(row.is_locked),
        extra=msgspec.json.decode(row.extra),
        over_time=_over_time(record),
    )


def _over_time(record: Record) -> Track | Segment | None:
    row = record.row
    if row.track_shape is not None:
        ended = None if row.last_frame is None else row.last_frame + 1
        return Track(TrackShape(row.track_shape), tuple(map(keyframe_of, record.keyframes)), ended)
    if row.tier is not None:
        return Segment(row.first_frame, row.last_frame, row.tier)
    return None


def keyframe_of(row: Row) -> Keyframe:
    """The key frame in a row."""
    return Keyframe(
        row.frame,
        from_wkb(row.geometry),
        bool(row.is_outside),
        bool(row.is_occluded),
        msgspec.json.decode(row.attributes),
    )


def stored_of(record: Record) -> StoredAnnotation:
    """The annotation in a record, with where it comes from."""
    row = record.row
    return StoredAnnotation(
        annotation_of(record),
        row.revision,
        row.account_id,
        datetime.fromisoformat(row.created_at),
        datetime.fromisoformat(row.updated_at),
    )


def asset_shard(asset_id: str) -> int:
    """The asset's coordinate in ``annotation_box``: 24 bits, which a 32-bit float holds exactly."""
    return int.from_bytes(hashlib.sha256(asset_id.encode()).digest()[:3])


def _common(stamp: Stamp) -> dict[str, Any]:
    return {
        "asset_id": stamp.asset_id,
        "author": stamp.author,
        "at": stamp.at,
        "revision": stamp.revision,
        "shard": asset_shard(stamp.asset_id),
    }
