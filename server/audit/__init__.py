"""The audit log: what happened, who did it, from where; append-only and chained."""

from server.audit.log import AuditEvent, Detail, events, record
from server.audit.verify import ChainReport, verify

__all__ = ["AuditEvent", "ChainReport", "Detail", "events", "record", "verify"]
