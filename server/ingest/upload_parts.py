"""A long upload in parts that are sent at the same time, each resumable by itself, into one sealed file.

One connection seldom fills a line: a proxy, a scanner of viruses or a long way between holds each one back.
A part is an upload of its own to whoever sends it; the file is complete when all of them are.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server.db import Row
from server.db.schema import upload, upload_part
from server.deid import CHUNK_BYTES, Span

MOST_PARTS = 8
SMALLEST_PART_BYTES = 16 << 20
"""Below this, another connection costs more than it brings."""


@dataclass(frozen=True, slots=True)
class Part:
    """A span of an upload, and how many of its bytes are here."""

    part_id: str
    span: Span
    offset_bytes: int


def plan(length_bytes: int, wanted: int) -> list[Span]:
    """At most so many spans of about one size, in order, each beginning with a chunk of the sealed file."""
    count = max(1, min(wanted, MOST_PARTS, length_bytes // SMALLEST_PART_BYTES))
    chunks = -(-length_bytes // CHUNK_BYTES)
    starts = [chunks * number // count * CHUNK_BYTES for number in range(count)]
    ends = [*starts[1:], length_bytes]
    return [Span(start, end - start) for start, end in zip(starts, ends, strict=True)]


def insert(connection: Connection, upload_id: str, parts: list[Part]) -> None:
    """Write the parts of a new upload down."""
    rows = [
        {
            "part_id": part.part_id,
            "upload_id": upload_id,
            "start_bytes": part.span.start_bytes,
            "length_bytes": part.span.length_bytes,
            "offset_bytes": part.offset_bytes,
        }
        for part in parts
    ]
    connection.execute(upload_part.insert(), rows)


def of_upload(connection: Connection, upload_id: str) -> list[Part]:
    """An upload's parts in the order of the file; none where it is taken as a whole."""
    query = sa.select(upload_part).where(upload_part.c.upload_id == upload_id)
    return [_part(row) for row in connection.execute(query.order_by(upload_part.c.start_bytes))]


def find(connection: Connection, part_id: str) -> tuple[str, Part] | None:
    """The upload that a part belongs to, and the part."""
    row = connection.execute(sa.select(upload_part).where(upload_part.c.part_id == part_id)).one_or_none()
    return (row.upload_id, _part(row)) if row is not None else None


def note(connection: Connection, upload_id: str, part_id: str, offset_bytes: int) -> int:
    """Write down how far a part has come; how many bytes of the whole are here now."""
    connection.execute(
        upload_part.update().where(upload_part.c.part_id == part_id).values(offset_bytes=offset_bytes)
    )
    here = sa.select(sa.func.sum(upload_part.c.offset_bytes)).where(upload_part.c.upload_id == upload_id)
    return int(connection.execute(here).scalar_one())


def delete_orphans(connection: Connection) -> None:
    """Forget the parts of uploads that are no more."""
    connection.execute(
        upload_part.delete().where(upload_part.c.upload_id.not_in(sa.select(upload.c.upload_id)))
    )


def _part(row: Row) -> Part:
    return Part(row.part_id, Span(row.start_bytes, row.length_bytes), row.offset_bytes)
