"""Work that outlives a request: a table of jobs, claimed under a lease by whichever process is free."""

from server.jobs.owner import LiveOwners, Owner
from server.jobs.table import (
    ATTEMPT_LIMIT,
    LEASE_S,
    Job,
    JobState,
    any_unfinished,
    cancel_requested,
    claim,
    enqueue,
    finish,
    give_back,
    heartbeat,
    is_held,
    is_held_attempt,
    latest_jobs,
    request_cancel,
    take_exhausted,
)

__all__ = [
    "ATTEMPT_LIMIT",
    "LEASE_S",
    "Job",
    "JobState",
    "LiveOwners",
    "Owner",
    "any_unfinished",
    "cancel_requested",
    "claim",
    "enqueue",
    "finish",
    "give_back",
    "heartbeat",
    "is_held",
    "is_held_attempt",
    "latest_jobs",
    "request_cancel",
    "take_exhausted",
]
