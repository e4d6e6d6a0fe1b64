"""Check the audit log's chain from its beginning."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server.audit.log import GENESIS, chain_digest
from server.db.schema import audit_event


@dataclass(frozen=True, slots=True)
class ChainReport:
    """``broken_at`` is the sequence number of the first event that does not follow, None if all do."""

    event_count: int
    head_digest: str
    broken_at: int | None


def verify(connection: Connection) -> ChainReport:
    """Recompute every digest. Sequence numbers must have no gap: a removed last event shows in the count
    that an auditor noted earlier, a removed inner one shows here."""
    previous, count = GENESIS, 0
    for row in connection.execute(sa.select(audit_event).order_by(audit_event.c.sequence)):
        values = {
            name: getattr(row, name)
            for name in (
                "at",
                "account_id",
                "actor",
                "action",
                "subject_kind",
                "subject_id",
                "detail",
                "origin",
            )
        }
        count += 1
        if row.sequence != count or chain_digest(previous, values) != row.digest:
            return ChainReport(count, previous, row.sequence)
        previous = row.digest
    return ChainReport(count, previous, None)
