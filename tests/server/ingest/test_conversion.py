"""The converting process: whatever becomes of it, the asset is either converted or plainly refused."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from server import jobs
from server.catalog import State
from server.config import Settings
from server.ingest.convert_job import run_job
from server.ingest.intake import Intake
from tests.server.conftest import BY
from tests.server.ingest.slides import FILE_NAME, svs


def children() -> list[int]:
    """The processes that this one has started, from any of its threads."""
    tasks = Path("/proc/self/task").iterdir()
    return [int(pid) for task in tasks for pid in (task / "children").read_text("ascii").split()]


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    return svs(tmp_path / "large", width_px=3000, height_px=2000)


def problem_kind(intake: Intake, asset_id: str) -> str:
    asset = intake.asset(asset_id)
    assert asset.state is State.REFUSED
    assert asset.problem is not None and asset.problem.reference
    assert list(intake.work_dir.iterdir()) == list(intake.assets_dir.iterdir()) == []
    return asset.problem.kind


def test_a_process_that_is_killed_is_a_refusal_and_the_next_one_converts(
    intake: Intake, slide: Path, owner: jobs.Owner
) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    killed: list[int] = []

    def watch(*_progress: object) -> None:
        if not killed:
            killed.extend(children())
            os.kill(killed[0], signal.SIGKILL)

    run_job(intake, arrival.job, watch=watch)
    assert problem_kind(intake, arrival.asset_id) == "conversion-ended"
    again = intake.retry(arrival.asset_id, BY, owner.owner_id)
    assert run_job(intake, again.job).state is State.AWAITING_RELEASE


def test_one_that_wants_more_memory_than_is_allowed_is_a_refusal(
    intake: Intake, slide: Path, owner: jobs.Owner, settings: Settings
) -> None:
    intake.settings = replace(settings, ingest_memory_mib=64)
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    run_job(intake, arrival.job)
    assert problem_kind(intake, arrival.asset_id) in {
        "too-demanding",
        "conversion-ended",
        "conversion-failed",
    }


def test_one_that_takes_too_long_is_stopped(
    intake: Intake, slide: Path, owner: jobs.Owner, settings: Settings
) -> None:
    intake.settings = replace(settings, ingest_limit_s=0)
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    run_job(intake, arrival.job)
    assert problem_kind(intake, arrival.asset_id) == "took-too-long"
    assert children() == []


def test_nothing_about_the_file_can_be_read_off_the_process(
    intake: Intake, slide: Path, owner: jobs.Owner
) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    key = intake.quarantine.describe(arrival.asset_id)[0].data_key
    seen: list[bytes] = []

    def watch(*_progress: object) -> None:
        for pid in children():
            seen.extend(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))

    run_job(intake, arrival.job, watch=watch)
    text = b"\n".join(seen)
    assert b"server.ingest.worker" in text
    for secret in (Path(FILE_NAME).stem.encode(), key, key.hex().encode(), arrival.asset_id.encode()):
        assert secret not in text


def test_its_progress_goes_up_to_the_end(intake: Intake, slide: Path, owner: jobs.Owner) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    seen: list[tuple[str, int, int]] = []
    run_job(intake, arrival.job, watch=lambda *progress: seen.append(progress))
    assert [stage for stage, _, _ in seen] == sorted(stage for stage, _, _ in seen)
    assert all(0 <= done <= total for _, done, total in seen)
