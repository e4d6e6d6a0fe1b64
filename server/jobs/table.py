"""The job table.

Several processes work on it at once (a server and commands on the same data folder); each function runs
inside the caller's write transaction, so that a claim is exclusive. A job that was started ``ATTEMPT_LIMIT``
times without an end is not started again: something about it takes its process down.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server.ambient import Ambient, rfc3339
from server.db import Row
from server.db.schema import job
from server.errors import WrongStateError

LEASE_S = 30
ATTEMPT_LIMIT = 3
IsAlive = Callable[[str], bool]


class JobState(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Job:
    """One job. ``done_units`` of ``total_units`` belong to ``stage``; total 0 means not known yet."""

    job_id: str
    kind: str
    asset_id: str
    state: JobState
    attempts: int
    lease_owner: str | None
    lease_until: str | None
    stage: str | None
    done_units: int
    total_units: int
    cancel_requested: bool
    started_at: str | None

    @property
    def is_unfinished(self) -> bool:
        """Whether it waits or runs."""
        return self.state in UNFINISHED


def enqueue(
    connection: Connection, ambient: Ambient, *, kind: str, asset_id: str, owner_id: str | None = None
) -> Job:
    """A new job; with ``owner_id`` it is claimed by him from the start.

    Raises :class:`WrongStateError` if the asset has an unfinished one.
    """
    unfinished = sa.select(job.c.job_id).where(job.c.asset_id == asset_id, job.c.state.in_(UNFINISHED))
    if connection.execute(unfinished).first() is not None:
        raise WrongStateError("This is being worked on already.")
    job_id, now = ambient.new_id(), ambient.stamp()
    connection.execute(
        job.insert().values(
            job_id=job_id, kind=kind, asset_id=asset_id, state=JobState.QUEUED, created_at=now
        )
    )
    if owner_id is not None:
        _lease(connection, ambient, job_id, owner_id)
    return get(connection, job_id)


def get(connection: Connection, job_id: str) -> Job:
    """The job as it is now."""
    return _job(connection.execute(sa.select(job).where(job.c.job_id == job_id)).one())


def _claimable(connection: Connection, ambient: Ambient, is_alive: IsAlive) -> Iterable[Row]:
    query = sa.select(job).where(job.c.state.in_(UNFINISHED)).order_by(job.c.created_at, job.c.job_id)
    now = ambient.stamp()
    return (row for row in connection.execute(query).all() if not _is_held(row, now, is_alive))


def _is_held(row: Row, now: str, is_alive: IsAlive) -> bool:
    return bool(
        row.state == JobState.RUNNING
        and row.lease_until is not None
        and row.lease_until > now
        and is_alive(row.lease_owner)
    )


def claim(connection: Connection, ambient: Ambient, owner_id: str, is_alive: IsAlive) -> Job | None:
    """The oldest job that waits, or whose holder is dead or silent, now held by ``owner_id``; else None."""
    for row in _claimable(connection, ambient, is_alive):
        if row.attempts < ATTEMPT_LIMIT and not row.cancel_requested:
            _lease(connection, ambient, row.job_id, owner_id)
            return get(connection, row.job_id)
    return None


def take_exhausted(connection: Connection, ambient: Ambient, is_alive: IsAlive) -> list[Job]:
    """End the jobs that nobody holds and nobody may start again: too many attempts, or cancelled."""
    ended = []
    for row in _claimable(connection, ambient, is_alive):
        if row.cancel_requested or row.attempts >= ATTEMPT_LIMIT:
            state = JobState.CANCELLED if row.cancel_requested else JobState.FAILED
            _end(connection, ambient, row.job_id, state)
            ended.append(get(connection, row.job_id))
    return ended


def heartbeat(
    connection: Connection,
    ambient: Ambient,
    held: Job,
    *,
    stage: str | None,
    done_units: int,
    total_units: int,
) -> bool:
    """Prolong the lease and note progress. False if the job is no longer ours: stop at once."""
    result = connection.execute(
        job.update()
        .where(*_ours(held))
        .values(lease_until=_lease_end(ambient), stage=stage, done_units=done_units, total_units=total_units)
    )
    return result.rowcount == 1


def cancel_requested(connection: Connection, job_id: str) -> bool:
    """Whether somebody asked for this job to end."""
    return bool(connection.execute(sa.select(job.c.cancel_requested).where(job.c.job_id == job_id)).scalar())


def request_cancel(connection: Connection, ambient: Ambient, asset_id: str) -> JobState | None:
    """Ask the asset's unfinished job to end. The state it has now; None if there is none.

    A waiting job ends at once, a running one when its holder notices.
    """
    row = connection.execute(
        sa.select(job).where(job.c.asset_id == asset_id, job.c.state.in_(UNFINISHED))
    ).first()
    if row is None:
        return None
    if row.state == JobState.QUEUED:
        _end(connection, ambient, row.job_id, JobState.CANCELLED)
        return JobState.CANCELLED
    connection.execute(job.update().where(job.c.job_id == row.job_id).values(cancel_requested=True))
    return JobState.RUNNING


def finish(connection: Connection, ambient: Ambient, held: Job, state: JobState) -> bool:
    """End a job that we hold. False if it is no longer ours: then its result must not be used."""
    if connection.execute(sa.select(job.c.job_id).where(*_ours(held))).first() is None:
        return False
    _end(connection, ambient, held.job_id, state)
    return True


def give_back(connection: Connection, held: Job) -> None:
    """Put a job that we hold back in the queue as if it had not been started (an orderly shutdown)."""
    connection.execute(
        job.update()
        .where(*_ours(held))
        .values(
            state=JobState.QUEUED,
            attempts=max(0, held.attempts - 1),
            lease_owner=None,
            lease_until=None,
            stage=None,
            done_units=0,
            total_units=0,
        )
    )


def is_held(connection: Connection, ambient: Ambient, asset_id: str, is_alive: IsAlive) -> bool:
    """Whether a living process works on this asset now."""
    query = sa.select(job).where(job.c.asset_id == asset_id, job.c.state == JobState.RUNNING)
    now = ambient.stamp()
    return any(_is_held(row, now, is_alive) for row in connection.execute(query))


def is_held_attempt(connection: Connection, ambient: Ambient, name: str, is_alive: IsAlive) -> bool:
    """Whether ``name`` (``{job_id}-{attempts}``) is what a living process works on now."""
    job_id, _, attempts = name.rpartition("-")
    row = connection.execute(sa.select(job).where(job.c.job_id == job_id)).one_or_none()
    return row is not None and str(row.attempts) == attempts and _is_held(row, ambient.stamp(), is_alive)


def any_unfinished(connection: Connection) -> bool:
    """Whether any job waits or runs: a cheap question before a write transaction."""
    return connection.execute(sa.select(job.c.job_id).where(job.c.state.in_(UNFINISHED))).first() is not None


def latest_jobs(connection: Connection, asset_ids: Iterable[str]) -> dict[str, Job]:
    """The unfinished job of each of these assets that has one."""
    query = sa.select(job).where(job.c.asset_id.in_(list(asset_ids)), job.c.state.in_(UNFINISHED))
    return {row.asset_id: _job(row) for row in connection.execute(query)}


def _ours(held: Job) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        job.c.job_id == held.job_id,
        job.c.state == JobState.RUNNING,
        job.c.lease_owner == held.lease_owner,
        job.c.attempts == held.attempts,
    )


def _lease(connection: Connection, ambient: Ambient, job_id: str, owner_id: str) -> None:
    values: dict[str, Any] = {
        "state": JobState.RUNNING,
        "attempts": job.c.attempts + 1,
        "lease_owner": owner_id,
        "lease_until": _lease_end(ambient),
        "started_at": ambient.stamp(),
        "stage": None,
        "done_units": 0,
        "total_units": 0,
    }
    connection.execute(job.update().where(job.c.job_id == job_id).values(values))


def _lease_end(ambient: Ambient) -> str:
    return rfc3339(ambient.now() + timedelta(seconds=LEASE_S))


def _end(connection: Connection, ambient: Ambient, job_id: str, state: JobState) -> None:
    connection.execute(
        job.update()
        .where(job.c.job_id == job_id)
        .values(state=state, lease_owner=None, lease_until=None, ended_at=ambient.stamp())
    )


def _job(row: Row) -> Job:
    return Job(
        row.job_id,
        row.kind,
        row.asset_id,
        JobState(row.state),
        row.attempts,
        row.lease_owner,
        row.lease_until,
        row.stage,
        row.done_units,
        row.total_units,
        bool(row.cancel_requested),
        row.started_at,
    )
