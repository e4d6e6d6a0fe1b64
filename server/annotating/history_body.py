"""The body of a ``change_set`` row: a ChangeSet and the values that it replaced, as JSON with exact doubles.

``{"created": [Feature…], "updated": [Feature…], "deleted": [id…], "before": {id: Feature…}}``: enough to
replay the history from nothing and to take any change back.
"""

from collections.abc import Iterable, Sequence

import msgspec

from annotations.geometry import GeometryLimits
from annotations.history import ChangeSet
from annotations.model import Annotation
from annotations.wire import WireLimits, changeset_from_json, feature_from_json
from server.annotating.encoding import drawn_feature, encode
from server.annotating.rows import Prepared
from server.db import Row

STORED_LIMITS = WireLimits(
    max_items=2**31,
    max_vertices=2**31,
    max_name_length=2**31,
    max_layer_length=2**31,
    max_class_id_length=2**31,
    max_extra_bytes=2**31,
    max_extra_depth=500,
    geometry=GeometryLimits(max_vertices=2**31, max_coordinate_px=float("inf")),
)
"""What was stored was within the limits of its day; today's must not make it unreadable."""


class Body(msgspec.Struct):
    """A body in its parts, not decoded further."""

    created: msgspec.Raw
    updated: msgspec.Raw
    deleted: msgspec.Raw
    before: msgspec.Raw = msgspec.Raw(b"{}")


def encode_change(created: Prepared, updated: Prepared, deleted: Sequence[str]) -> Body:
    """The body of a change whose earlier values are still to be found."""
    return Body(_features(created), _features(updated), msgspec.Raw(encode(deleted)))


def complete(body: Body, before: Iterable[Row]) -> bytes:
    """The bytes to store; ``before`` are the rows that the change replaces or removes."""
    earlier = {row.annotation_id: drawn_feature(row, row.geometry, row.extra.encode()) for row in before}
    return encode(Body(body.created, body.updated, body.deleted, msgspec.Raw(encode(earlier))))


def parts_of(stored: bytes) -> Body:
    """The parts of stored bytes."""
    return msgspec.json.decode(stored, type=Body)


def is_same_text(first: Body, second: Body) -> bool:
    """Whether two changes are written with the same bytes; earlier values do not count."""
    return all(
        bytes(getattr(first, part)) == bytes(getattr(second, part))
        for part in ("created", "updated", "deleted")
    )


def change_of(change_id: str, body: Body) -> ChangeSet:
    """The ChangeSet."""
    text = b'{"change_id":%s,"created":%s,"updated":%s,"deleted":%s}' % (
        encode(change_id),
        bytes(body.created),
        bytes(body.updated),
        bytes(body.deleted),
    )
    return changeset_from_json(text, STORED_LIMITS)


def before_of(body: Body) -> dict[str, Annotation]:
    """The earlier values of what the change replaced or removed."""
    earlier = msgspec.json.decode(bytes(body.before), type=dict[str, msgspec.Raw])
    return {
        annotation_id: feature_from_json(bytes(feature), STORED_LIMITS)
        for annotation_id, feature in earlier.items()
    }


def _features(prepared: Prepared) -> msgspec.Raw:
    # One after the other: a list of all their positions would keep the garbage collector busy.
    texts = (
        encode(drawn_feature(annotation, value["geometry"], value["extra"].encode()))
        for annotation, value in zip(prepared.annotations, prepared.values, strict=True)
    )
    return msgspec.Raw(b"[" + b",".join(texts) + b"]")
