"""The audit log, for those who read it."""

from typing import Any

import msgspec

from server import audit
from server.access import Permission
from server.api.endpoint import Answer, Call, Routes
from server.errors import InvalidInputError

routes = Routes("audit")
PAGE_LIMIT = 1000


class EventWire(msgspec.Struct):
    """One event."""

    sequence: int
    at: str
    account_id: str | None
    actor: str
    action: str
    subject_kind: str
    subject_id: str
    detail: dict[str, Any]
    origin: str


class EventPage(msgspec.Struct):
    """One page of events, newest first."""

    items: list[EventWire]
    next_cursor: str | None


@routes.add(
    "GET",
    "/api/v1/audit",
    Permission.AUDIT_READ,
    query={
        "subject_id": "Only events about this asset, account, …",
        "cursor": "Where to continue",
        "limit": f"1 to {PAGE_LIMIT}, default 100",
    },
    response=EventPage,
    problems=("invalid-input",),
)
async def list_events(call: Call) -> Answer:
    """What happened, newest first."""
    limit = call.query_int("limit", 100, low=1, high=PAGE_LIMIT)
    cursor = call.query("cursor")
    if cursor is not None and (not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18):
        raise InvalidInputError("The cursor is not one that this list has given.")
    subject_id, before = call.query("subject_id"), None if cursor is None else int(cursor)
    found = await call.services.database.read(
        lambda connection: audit.events(connection, subject_id=subject_id, before=before, limit=limit + 1)
    )
    items = [
        EventWire(
            event.sequence,
            event.at,
            event.account_id,
            event.actor,
            event.action,
            event.subject_kind,
            event.subject_id,
            dict(event.detail),
            event.origin,
        )
        for event in found[:limit]
    ]
    return EventPage(items, str(items[-1].sequence) if len(found) > limit else None)
