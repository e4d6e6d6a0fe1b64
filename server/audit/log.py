"""Write and read audit events.

An event is written in the transaction of the change that it describes: either both exist or neither. Each
event's digest covers the one before it, so that a changed, removed or inserted event breaks the chain.
``detail`` holds ids, counts and names of rules; never a value from a patient's file.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server.ambient import Ambient
from server.db.schema import audit_event

Detail = Mapping[str, str | int | float | bool | None]
GENESIS = hashlib.sha256(b"slidereel audit log 1").hexdigest()


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing that happened."""

    sequence: int
    at: str
    account_id: str | None
    actor: str
    action: str
    subject_kind: str
    subject_id: str
    detail: Detail
    origin: str


def record(
    connection: Connection,
    ambient: Ambient,
    *,
    account_id: str | None,
    actor: str,
    action: str,
    subject_kind: str,
    subject_id: str,
    detail: Detail | None = None,
    origin: str = "",
) -> None:
    """Append one event inside the caller's write transaction.

    ``origin`` is where the request came from (an IP address, ``command line``, ``system``).
    """
    previous = connection.execute(
        sa.select(audit_event.c.digest).order_by(audit_event.c.sequence.desc()).limit(1)
    ).scalar_one_or_none()
    values = {
        "at": ambient.stamp(),
        "account_id": account_id,
        "actor": actor,
        "action": action,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "detail": json.dumps(detail or {}, sort_keys=True, ensure_ascii=False, separators=(",", ":")),
        "origin": origin,
    }
    connection.execute(
        audit_event.insert().values(**values, digest=chain_digest(previous or GENESIS, values))
    )


def chain_digest(previous: str, values: Mapping[str, str | None]) -> str:
    """SHA-256 (hex) over the previous event's digest and this event's values, as canonical JSON."""
    body = json.dumps([previous, sorted(values.items())], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()


def events(
    connection: Connection, *, subject_id: str | None = None, before: int | None = None, limit: int = 100
) -> list[AuditEvent]:
    """The newest events first; ``before`` is the sequence number to continue from."""
    query = sa.select(audit_event).order_by(audit_event.c.sequence.desc()).limit(limit)
    if subject_id is not None:
        query = query.where(audit_event.c.subject_id == subject_id)
    if before is not None:
        query = query.where(audit_event.c.sequence < before)
    return [
        AuditEvent(
            row.sequence,
            row.at,
            row.account_id,
            row.actor,
            row.action,
            row.subject_kind,
            row.subject_id,
            json.loads(row.detail),
            row.origin,
        )
        for row in connection.execute(query)
    ]
