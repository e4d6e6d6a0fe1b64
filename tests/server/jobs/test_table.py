"""The job table: one holder at a time, dead holders noticed, no job run for ever."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from server import jobs
from server.ambient import Ambient
from server.db import Database
from server.errors import WrongStateError
from server.jobs import ATTEMPT_LIMIT, LEASE_S, Job, JobState
from tests.server.conftest import Clock, add_asset


class Table:
    """The job table with owners that a test declares dead."""

    def __init__(self, database: Database, ambient: Ambient) -> None:
        self.database, self.ambient = database, ambient
        self.dead: set[str] = set()

    def is_alive(self, owner_id: str) -> bool:
        return owner_id not in self.dead

    def enqueue(self, asset_id: str, owner_id: str | None = None) -> Job:
        return self.database.write_now(
            lambda c: jobs.enqueue(c, self.ambient, kind="convert", asset_id=asset_id, owner_id=owner_id)
        )

    def claim(self, owner_id: str = "me") -> Job | None:
        return self.database.write_now(lambda c: jobs.claim(c, self.ambient, owner_id, self.is_alive))

    def beat(self, job: Job, done: int = 1) -> bool:
        return self.database.write_now(
            lambda c: jobs.heartbeat(c, self.ambient, job, stage="s", done_units=done, total_units=9)
        )

    def finish(self, job: Job, state: JobState = JobState.DONE) -> bool:
        return self.database.write_now(lambda c: jobs.finish(c, self.ambient, job, state))

    def exhausted(self) -> list[Job]:
        return self.database.write_now(lambda c: jobs.take_exhausted(c, self.ambient, self.is_alive))

    def cancel(self, asset_id: str) -> JobState | None:
        return self.database.write_now(lambda c: jobs.request_cancel(c, self.ambient, asset_id))


@pytest.fixture
def table(database: Database, ambient: Ambient) -> Table:
    for number in range(8):
        add_asset(database, f"a{number}", "quarantined")
    return Table(database, ambient)


def test_the_oldest_waiting_job_is_claimed_first_and_only_once(table: Table, clock: Clock) -> None:
    first = table.enqueue("a0")
    clock.turn(seconds=1)
    second = table.enqueue("a1")
    assert [job and job.job_id for job in (table.claim(), table.claim(), table.claim())] == [
        first.job_id,
        second.job_id,
        None,
    ]


def test_many_at_once_claim_different_jobs(table: Table) -> None:
    for number in range(8):
        table.enqueue(f"a{number}")
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda n: table.claim(f"owner{n}"), range(16)))
    ids = [job.job_id for job in claimed if job is not None]
    assert len(ids) == len(set(ids)) == 8


def test_an_asset_has_one_unfinished_job(table: Table) -> None:
    job = table.enqueue("a0", "me")
    with pytest.raises(WrongStateError):
        table.enqueue("a0")
    assert table.finish(job)
    table.enqueue("a0")


def test_a_lease_that_ran_out_can_be_claimed_and_the_late_one_is_told(table: Table, clock: Clock) -> None:
    table.enqueue("a0")
    late = table.claim("late")
    assert late is not None
    clock.turn(seconds=LEASE_S - 1)
    assert table.claim("other") is None
    assert table.beat(late)
    clock.turn(seconds=LEASE_S - 1)
    assert table.claim("other") is None
    clock.turn(seconds=2)
    taken = table.claim("other")
    assert taken is not None and taken.attempts == 2
    assert not table.beat(late)
    assert not table.finish(late)
    assert table.beat(taken)


def test_a_dead_holder_is_not_waited_for(table: Table) -> None:
    table.enqueue("a0")
    assert table.claim("victim") is not None
    assert table.claim() is None
    table.dead.add("victim")
    assert table.claim() is not None


def test_after_the_last_attempt_the_job_is_ended_not_claimed(table: Table) -> None:
    table.enqueue("a0")
    for number in range(ATTEMPT_LIMIT):
        assert table.exhausted() == []
        assert table.claim(f"victim{number}") is not None
        table.dead.add(f"victim{number}")
    assert table.claim() is None
    (ended,) = table.exhausted()
    assert ended.state is JobState.FAILED
    assert table.exhausted() == []


def test_a_waiting_job_is_cancelled_at_once_a_running_one_when_its_holder_notices(table: Table) -> None:
    assert table.cancel("a0") is None
    table.enqueue("a0")
    assert table.cancel("a0") is JobState.CANCELLED
    assert table.claim() is None
    job = table.enqueue("a1", "me")
    assert table.cancel("a1") is JobState.RUNNING
    assert table.database.read_now(lambda c: jobs.cancel_requested(c, job.job_id))
    assert table.finish(job, JobState.CANCELLED)


def test_a_cancelled_job_of_a_dead_holder_is_not_started_again(table: Table) -> None:
    table.enqueue("a0", "victim")
    table.cancel("a0")
    table.dead.add("victim")
    assert table.claim() is None
    (ended,) = table.exhausted()
    assert ended.state is JobState.CANCELLED


def test_what_is_given_back_waits_and_does_not_count_as_an_attempt(table: Table) -> None:
    table.enqueue("a0")
    for _ in range(ATTEMPT_LIMIT + 2):
        job = table.claim()
        assert job is not None and job.attempts == 1
        table.database.write_now(lambda c, job=job: jobs.give_back(c, job))


def test_progress_is_what_the_heartbeat_said(table: Table) -> None:
    job = table.enqueue("a0", "me")
    table.beat(job, done=4)
    found = table.database.read_now(lambda c: jobs.latest_jobs(c, ["a0", "a1"]))
    assert (found["a0"].stage, found["a0"].done_units, found["a0"].total_units) == ("s", 4, 9)
    assert "a1" not in found
