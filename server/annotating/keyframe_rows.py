"""The key frames of tracks, read and written by hand. They come and go with their annotation."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server.db import Row

AT_A_TIME = 500
"""Ids in one question to the database; SQLite's oldest limit is 999."""

_SELECT = sa.text(
    """SELECT annotation_key, frame, geometry, is_outside, is_occluded, attributes
FROM keyframe WHERE annotation_key IN :keys ORDER BY annotation_key, frame"""
).bindparams(sa.bindparam("keys", expanding=True))
_INSERT = sa.text(
    """INSERT INTO keyframe (annotation_key, frame, geometry, is_outside, is_occluded, attributes)
VALUES (:key, :frame, :geometry, :is_outside, :is_occluded, :attributes)"""
)
_DELETE = sa.text("DELETE FROM keyframe WHERE annotation_key = :key")


@dataclass(frozen=True, slots=True)
class Record:
    """An annotation as the database has it.

    Attributes
    ----------
    row : of the annotation.
    keyframes : of a track, by frame; of anything else none.
    """

    row: Row
    keyframes: Sequence[Row] = ()


def with_keyframes(connection: Connection, rows: Iterable[Row]) -> Iterator[Record]:
    """Each annotation with its key frames."""
    rows = iter(rows)
    while part := list(islice(rows, AT_A_TIME)):
        keys = [row.annotation_key for row in part if row.track_shape is not None]
        if not keys:
            yield from map(Record, part)
            continue
        found = defaultdict(list)
        for keyframe in connection.execute(_SELECT, {"keys": keys}):
            found[keyframe.annotation_key].append(keyframe)
        for row in part:
            yield Record(row, found.get(row.annotation_key, ()))


def insert(connection: Connection, values: Iterable[dict[str, Any]]) -> None:
    """Write the ``keyframes`` of each annotation's values under its ``key``."""
    rows = [{**keyframe, "key": value["key"]} for value in values for keyframe in value["keyframes"]]
    if rows:
        connection.execute(_INSERT, rows)


def delete(connection: Connection, records: Iterable[Record]) -> None:
    """Remove all key frames of these annotations."""
    keys = [{"key": record.row.annotation_key} for record in records if record.keyframes]
    if keys:
        connection.execute(_DELETE, keys)
