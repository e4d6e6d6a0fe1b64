"""The body of a ``change_set`` row: a ChangeSet and the values that it replaced, as JSON with exact doubles.

``{"created": [Feature…], "updated": [Feature…], "deleted": [id…], "before": {id: Feature…}}``: enough to
replay the history from nothing and to take any change back.
"""

from collections.abc import Iterable, Sequence
from types import SimpleNamespace

import msgspec

from annotations.geometry import GeometryLimits
from annotations.history import ChangeSet
from annotations.model import Annotation
from annotations.over_time import TimeLimits
from annotations.strict_json import WireLimits
from annotations.wire import changeset_from_json, feature_from_json
from server.annotating.encoding import drawn_feature, encode
from server.annotating.keyframe_rows import Record
from server.annotating.rows import Prepared

STORED_LIMITS = WireLimits(
    max_items=2**31,
    max_vertices=2**31,
    max_name_length=2**31,
    max_layer_length=2**31,
    max_class_id_length=2**31,
    max_extra_bytes=2**31,
    max_extra_depth=500,
    max_attributes_bytes=2**31,
    geometry=GeometryLimits(max_vertices=2**31, max_coordinate_px=float("inf")),
    time=TimeLimits(max_frame=2**63 - 1, max_keyframes=2**31, max_tier_length=2**31),
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


def complete(body: Body, before: Iterable[Record]) -> bytes:
    """The bytes to store; ``before`` are the records that the change replaces or removes."""
    earlier = {one.row.annotation_id: drawn_feature(one.row, one.keyframes) for one in before}
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
        encode(
            drawn_feature(SimpleNamespace(**value), [SimpleNamespace(**one) for one in value["keyframes"]])
        )
        for value in prepared.values
    )
    return msgspec.Raw(b"[" + b",".join(texts) + b"]")
