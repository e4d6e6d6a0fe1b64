"""The server's own hands: jobs are done beside the serving, and a stop leaves none behind."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from server import jobs
from server.ambient import real_ambient
from server.catalog import State
from server.config import Settings
from server.db import Database
from server.ingest import runner as runner_module
from server.ingest.intake import Intake
from server.ingest.runner import IngestRunner
from tests.server.conftest import BY
from tests.server.ingest.slides import svs

LIMIT_S = 180.0


@pytest.fixture
def intake(settings: Settings, database: Database) -> Intake:
    return Intake(settings, real_ambient(), database)


async def until(condition: Callable[[], bool]) -> None:
    ends_s = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < ends_s
        await asyncio.sleep(0.02)


async def test_what_comes_in_is_converted_and_a_bad_file_stops_nothing(
    intake: Intake, slide: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.svs").write_bytes(b"letter")
    runner = IngestRunner(intake)
    await runner.start()
    ids = [intake.take_file(path, None, BY).asset_id for path in (tmp_path / "bad.svs", slide)]
    await until(lambda: not intake.database.read_now(jobs.any_unfinished))
    await runner.stop()
    assert [intake.asset(i).state for i in ids] == [State.REFUSED, State.AWAITING_RELEASE]
    assert list(intake.owners_dir.iterdir()) == []


async def test_a_stop_in_the_middle_leaves_the_job_for_the_next_start(intake: Intake, tmp_path: Path) -> None:
    slide = svs(tmp_path / "large", width_px=5000, height_px=4000)
    asset_id = intake.take_file(slide, None, BY).asset_id
    first = IngestRunner(intake)
    await first.start()
    await until(lambda: intake.asset(asset_id).state is State.CONVERTING)
    await first.stop()
    assert intake.asset(asset_id).state is State.QUARANTINED
    assert list(intake.work_dir.iterdir()) == []
    second = IngestRunner(intake)
    await second.start()
    await until(lambda: intake.asset(asset_id).state is State.AWAITING_RELEASE)
    await second.stop()


async def test_a_job_that_cannot_even_be_begun_does_not_end_the_runner(
    intake: Intake, slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[jobs.Job] = []
    really = runner_module.run_job

    def fail_once(intake: Intake, job: jobs.Job, **how: object) -> object:
        calls.append(job)
        if len(calls) == 1:
            raise RuntimeError("out of luck")
        return really(intake, job, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(runner_module, "run_job", fail_once)
    runner = IngestRunner(intake)
    await runner.start()
    first = intake.take_file(slide, None, BY).asset_id
    await until(lambda: len(calls) == 1)
    second = intake.take_file(slide, None, BY).asset_id
    await until(lambda: intake.asset(second).state is State.AWAITING_RELEASE)
    await runner.stop()
    assert intake.asset(first).state is State.QUARANTINED
