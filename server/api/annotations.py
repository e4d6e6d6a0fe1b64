"""The annotations of an asset: read them, change them, follow their changes."""

import math
from typing import Any, Literal

import msgspec
from aiohttp import web

from annotations.geometry import Bounds
from server.access import Permission
from server.annotating import Text
from server.api.endpoint import Answer, Call, Routes, json_answer
from server.errors import InvalidInputError

routes = Routes("annotations")
REVISION_LIMIT = 2**53
FRAME_LIMIT = 2**31 - 1


class GeometryWire(msgspec.Struct):
    """GeoJSON, in level-0 pixels of a slide or frame pixels of a video, with exact doubles."""

    type: Literal["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]
    coordinates: list[Any]


class KeyframeWire(msgspec.Struct):
    """What a track is on a frame. `is_outside` hides it until the next key frame that is not."""

    frame: int
    geometry: GeometryWire
    is_outside: bool = False
    is_occluded: bool = False
    attributes: dict[str, Any] = msgspec.field(default_factory=dict)


class TrackWire(msgspec.Struct):
    """An object over time. Between key frames it is interpolated; from `ended_frame` on it is no more."""

    shape: Literal["box", "point", "polyline", "polygon"]
    keyframes: list[KeyframeWire]
    ended_frame: int | None = None


class SegmentWire(msgspec.Struct):
    """A stretch of time, both frames within; without an end, to the end of the video."""

    start_frame: int
    end_frame: int | None = None
    tier: str = "default"


class AtWire(msgspec.Struct):
    """In the answer for one frame, what stands for a track. It cannot be sent."""

    frame: int
    is_keyframe: bool
    is_occluded: bool
    attributes: dict[str, Any]


class PropertiesWire(msgspec.Struct):
    """What an annotation is. The last four are the server's to say; they are ignored when sent.

    A label over time has a `track` or a `segment`, and null for its geometry.
    """

    class_id: str | None = None
    layer: str = "default"
    name: str = ""
    is_locked: bool = False
    extra: dict[str, Any] = msgspec.field(default_factory=dict)
    track: TrackWire | None = None
    segment: SegmentWire | None = None
    at: AtWire | None = None
    author: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    revision: int | None = None


class FeatureWire(msgspec.Struct, tag_field="type", tag="Feature"):
    """An annotation. ``id`` is a UUID in lower case that its maker chooses."""

    id: str
    geometry: GeometryWire | None
    properties: PropertiesWire


class CollectionWire(msgspec.Struct, tag_field="type", tag="FeatureCollection"):
    """The annotations of an asset at a revision."""

    features: list[FeatureWire]
    revision: int


class ChangeRequest(msgspec.Struct):
    """A ChangeSet. ``updated`` has full new values."""

    change_id: str
    created: list[FeatureWire] = msgspec.field(default_factory=list)
    updated: list[FeatureWire] = msgspec.field(default_factory=list)
    deleted: list[str] = msgspec.field(default_factory=list)


class ChangeReceipt(msgspec.Struct):
    """The change is on the server's disk."""

    revision: int
    change_id: str
    committed_at: str


class CommittedChangeWire(ChangeRequest):
    """A ChangeSet with its place in the history."""

    revision: int = 0
    author: str | None = None
    committed_at: str = ""


class ChangeLog(msgspec.Struct):
    """Changes, oldest first; ``revision`` is the last one's, from which to ask again."""

    revision: int
    changes: list[CommittedChangeWire]


@routes.add(
    "GET",
    "/api/v1/assets/{asset_id}/annotations",
    Permission.ANNOTATION_READ,
    query={
        "bbox": "x0,y0,x1,y1 in level-0 or frame pixels: only annotations whose bounds touch it",
        "layer": "Only this layer",
        "frame": "Only what is there on this frame of a video, tracks as they are there",
    },
    response=CollectionWire,
    problems=("not-found", "invalid-input"),
)
async def read_annotations(call: Call) -> Answer:
    """The annotations as GeoJSON; the ETag is the revision.

    With a frame, a track has its geometry there, null for its `track`, and `at`.
    """
    annotating, asset_id = call.services.annotating, call.path("asset_id")
    bbox = _bbox(call.query("bbox"))
    frame = None if call.query("frame") is None else call.query_int("frame", 0, low=0, high=FRAME_LIMIT)
    known = call.request.headers.get("If-None-Match")
    if known is not None:
        head = await annotating.head(call.actor, asset_id)
        if f'"{head}"' in (tag.strip().removeprefix("W/") for tag in known.split(",")):
            return web.Response(status=304, headers=_headers(head))
    text = await annotating.collection(
        call.actor, asset_id, bbox=bbox, layer=call.query("layer"), frame=frame
    )
    return await _send(call, text)


@routes.add(
    "POST",
    "/api/v1/assets/{asset_id}/annotations/changes",
    Permission.ANNOTATION_WRITE,
    request=ChangeRequest,
    response=ChangeReceipt,
    problems=(
        "not-found",
        "wrong-state",
        "stale-revision",
        "precondition-required",
        "invalid-input",
        "too-large",
        "out-of-space",
    ),
    aliases=("/api/v1/assets/{asset_id}/changes",),
)
async def change_annotations(call: Call) -> Answer:
    """Make a ChangeSet the next revision. The answer comes when it is on the disk."""
    base_revision = call.if_match()
    body = await call.raw_body()
    receipt = await call.services.annotating.commit(
        call.actor, call.path("asset_id"), base_revision, body, call.origin
    )
    call.services.metrics.changes.inc()
    return json_answer(
        ChangeReceipt(receipt.revision, receipt.change_id, receipt.committed_at),
        etag=str(receipt.revision),
    )


@routes.add(
    "GET",
    "/api/v1/assets/{asset_id}/annotations/changes",
    Permission.ANNOTATION_READ,
    query={"since": "The revision that is known already, default 0"},
    response=ChangeLog,
    problems=("not-found", "invalid-input"),
    aliases=("/api/v1/assets/{asset_id}/changes",),
)
async def read_changes(call: Call) -> Answer:
    """The changes after a revision, oldest first; very many come in parts."""
    since = call.query_int("since", 0, low=0, high=REVISION_LIMIT)
    text = await call.services.annotating.changes_since(call.actor, call.path("asset_id"), since)
    return await _send(call, text)


async def _send(call: Call, text: Text) -> web.StreamResponse:
    """The chunks one after another: a slide with a million shapes is never one string."""
    headers = {**_headers(text.revision), "Content-Type": "application/json"}
    if len(text.chunks) == 1:
        return web.Response(body=text.chunks[0], headers=headers)
    response = web.StreamResponse(headers=headers)
    response.content_length = sum(map(len, text.chunks))
    await response.prepare(call.request)
    for chunk in text.chunks:
        await response.write(chunk)
    await response.write_eof()
    return response


def _headers(revision: int) -> dict[str, str]:
    # The browser may keep it, but must ask each time whether it is still the newest.
    return {"ETag": f'"{revision}"', "Cache-Control": "private, no-cache"}


def _bbox(text: str | None) -> Bounds | None:
    if text is None:
        return None
    try:
        x0, y0, x1, y1 = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidInputError("“bbox” must be four numbers: x0,y0,x1,y1.") from None
    if not all(map(math.isfinite, (x0, y0, x1, y1))) or x0 > x1 or y0 > y1:
        raise InvalidInputError("“bbox” must be finite, with x0 ≤ x1 and y0 ≤ y1.")
    return x0, y0, x1, y1
