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
from annotations.model import Annotation, StoredAnnotation
from server.db import Row
from server.db.schema import annotation as annotation_table

AT_A_TIME = 500
"""Ids in one question to the database; SQLite's oldest limit is 999."""

_COLUMNS = """
SELECT a.annotation_key, a.annotation_id, a.layer, a.class_id, a.geometry, a.name, a.is_locked, a.extra,
       a.created_at, a.updated_at, a.revision, c.account_id
"""
_CHANGE = "JOIN change_set c ON c.asset_id = a.asset_id AND c.revision = a.revision\n"
_SELECT = _COLUMNS + "FROM annotation a " + _CHANGE
_ALL = sa.text(_SELECT + "WHERE a.asset_id = :asset_id ORDER BY a.annotation_key")
_IN_BOX = sa.text(
    # CROSS JOIN is SQLite's way of saying “from left to right”: left alone it reads the whole slide first.
    _COLUMNS
    + "FROM annotation_box b CROSS JOIN annotation a ON a.annotation_key = b.annotation_key "
    + _CHANGE
    + """WHERE b.x1 >= :x0 AND b.x0 <= :x1 AND b.y1 >= :y0 AND b.y0 <= :y1
  AND b.asset0 <= :shard AND b.asset1 >= :shard AND a.asset_id = :asset_id
ORDER BY a.annotation_key"""
)
_SOME = sa.text(_SELECT + "WHERE a.asset_id = :asset_id AND a.annotation_id IN :ids").bindparams(
    sa.bindparam("ids", expanding=True)
)
_NEXT_KEY = sa.text("SELECT coalesce(max(annotation_key), 0) + 1 FROM annotation")
_INSERT = sa.text(
    """INSERT INTO annotation (annotation_key, asset_id, annotation_id, layer, class_id, geometry, name,
    is_locked,
                        extra, created_by, created_at, updated_at, revision)
VALUES (:key, :asset_id, :annotation_id, :layer, :class_id, :geometry, :name, :is_locked,
        :extra, :author, :at, :at, :revision)"""
)
_UPDATE = sa.text(
    """UPDATE annotation SET layer = :layer, class_id = :class_id, geometry = :geometry, name = :name,
       is_locked = :is_locked, extra = :extra, updated_at = :at, revision = :revision
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
    """Annotations as values for the database, made before its one writer is kept busy."""

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
    if not annotations:
        return Prepared((), ())
    shapes = np.empty(len(annotations), dtype=object)
    shapes[:] = [annotation.geometry for annotation in annotations]
    wkbs = shapely.to_wkb(shapes, output_dimension=2, byte_order=1)
    boxes: npt.NDArray[np.float64] = shapely.bounds(shapes)
    return Prepared(
        tuple(annotations),
        tuple(
            {
                "annotation_id": annotation.annotation_id,
                "layer": annotation.layer,
                "class_id": annotation.class_id,
                "geometry": wkb,
                "name": annotation.name,
                "is_locked": annotation.is_locked,
                "extra": msgspec.json.encode(annotation.extra).decode(),
                "x0": x0,
                "y0": y0,
                "x1": x1,
                "y1": y1,
            }
            for annotation, wkb, (x0, y0, x1, y1) in zip(annotations, wkbs, boxes.tolist(), strict=True)
        ),
    )


def all_rows(connection: Connection, asset_id: str, layer: str | None = None) -> Iterator[Row]:
    """Every annotation of an asset, oldest first."""
    for row in connection.execute(_ALL, {"asset_id": asset_id}):
        if layer is None or row.layer == layer:
            yield row


def rows_in_box(
    connection: Connection, asset_id: str, box: Bounds, layer: str | None = None
) -> Iterator[Row]:
    """The annotations whose bounds touch ``box`` (x0, y0, x1, y1 in l0 px), oldest first."""
    x0, y0, x1, y1 = box
    where = {"asset_id": asset_id, "shard": asset_shard(asset_id), "x0": x0, "y0": y0, "x1": x1, "y1": y1}
    rows = [row for row in connection.execute(_IN_BOX, where) if layer is None or row.layer == layer]
    if not rows:
        return
    bounds: npt.NDArray[np.float64] = shapely.bounds(shapely.from_wkb([row.geometry for row in rows]))
    touches = (bounds[:, 0] <= x1) & (bounds[:, 2] >= x0) & (bounds[:, 1] <= y1) & (bounds[:, 3] >= y0)
    for index in np.flatnonzero(touches):
        yield rows[index]


def rows_by_id(connection: Connection, asset_id: str, ids: Sequence[str]) -> dict[str, Row]:
    """Those of the annotations that exist, by id."""
    found: dict[str, Row] = {}
    for start in range(0, len(ids), AT_A_TIME):
        part = list(ids[start : start + AT_A_TIME])
        for row in connection.execute(_SOME, {"asset_id": asset_id, "ids": part}):
            found[row.annotation_id] = row
    return found


def all_ids(connection: Connection, asset_id: str) -> frozenset[str]:
    """The ids of all annotations of an asset."""
    table = annotation_table
    found = connection.execute(sa.select(table.c.annotation_id).where(table.c.asset_id == asset_id))
    return frozenset(found.scalars())


def insert(connection: Connection, prepared: Prepared, stamp: Stamp) -> None:
    """Write new annotations and their boxes."""
    if not prepared.values:
        return
    first = int(connection.execute(_NEXT_KEY).scalar_one())
    common = _common(stamp)
    values = [{**value, **common, "key": first + index} for index, value in enumerate(prepared.values)]
    connection.execute(_INSERT, values)
    connection.execute(_INSERT_BOX, values)


def update(connection: Connection, prepared: Prepared, stamp: Stamp, existing: dict[str, Row]) -> None:
    """Write new values of annotations and their boxes; who made them and when stays."""
    if not prepared.values:
        return
    common = _common(stamp)
    values = [
        {**value, **common, "key": existing[value["annotation_id"]].annotation_key}
        for value in prepared.values
    ]
    connection.execute(_UPDATE, values)
    connection.execute(_DELETE_BOX, [{"key": value["key"]} for value in values])
    connection.execute(_INSERT_BOX, values)


def delete(connection: Connection, ids: Sequence[str], existing: dict[str, Row]) -> None:
    """Remove annotations and their boxes."""
    if not ids:
        return
    keys = [{"key": existing[annotation_id].annotation_key} for annotation_id in ids]
    connection.execute(_DELETE_BOX, keys)
    connection.execute(_DELETE, keys)


def annotation_of(row: Row) -> Annotation:
    """The annotation in a row."""
    return Annotation(
        annotation_id=row.annotation_id,
        geometry=from_wkb(row.geometry),
        class_id=row.class_id,
        layer=row.layer,
        name=row.name,
        is_locked=bool(row.is_locked),
        extra=msgspec.json.decode(row.extra),
    )


def stored_of(row: Row) -> StoredAnnotation:
    """The annotation in a row, with where it comes from."""
    return StoredAnnotation(
        annotation_of(row),
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
