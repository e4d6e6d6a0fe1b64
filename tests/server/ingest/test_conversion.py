"""The converting process: whatever becomes of it, the asset is either converted or plainly refused."""

import os
import signal
import zipfile
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
from tests.tiling.openslide_files import write_mirax


def children() -> list[int]:
    """The converting processes that this one has started, from any of its threads.

    It may have others: Python keeps one for whoever has ever used shared memory.
    """
    tasks = Path("/proc/self/task").iterdir()
    started = [int(pid) for task in tasks for pid in (task / "children").read_text("ascii").split()]
    return [pid for pid in started if b"server.ingest.worker" in _command_line(pid)]


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


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


def test_one_that_gets_no_further_is_stopped(intake: Intake, slide: Path, owner: jobs.Owner) -> None:
    """Without patience, a start that takes longer than no time at all is a standstill already."""
    intake.settings = replace(intake.settings, ingest_stall_s=0)
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    asset = run_job(intake, arrival.job)
    assert problem_kind(intake, arrival.asset_id) == "took-too-long"
    assert asset.problem is not None and "standstill" in asset.problem.detail
    assert children() == []


@pytest.mark.parametrize(
    ("number", "words"), [(signal.SIGKILL, "for want of memory"), (signal.SIGSEGV, "most likely damaged")]
)
def test_how_it_was_ended_is_told_apart(
    intake: Intake, slide: Path, owner: jobs.Owner, number: signal.Signals, words: str
) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)

    def watch(*_progress: object) -> None:
        for pid in children():
            os.kill(pid, number)

    asset = run_job(intake, arrival.job, watch=watch)
    assert problem_kind(intake, arrival.asset_id) == "conversion-ended"
    assert asset.problem is not None and words in asset.problem.detail


def test_nothing_plain_is_left_of_one_that_was_ended_while_it_had_copies(
    intake: Intake, tmp_path: Path, owner: jobs.Owner
) -> None:
    """A slide that a library wants as files, in a folder of its own until the conversion ends."""
    write_mirax(tmp_path / "mirax")
    packed = tmp_path / "slide.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted((tmp_path / "mirax").rglob("*")):
            if path.is_file():
                archive.write(path, str(path.relative_to(tmp_path / "mirax")))
    arrival = intake.take_file(packed, None, BY, owner_id=owner.owner_id)
    modes: list[int] = []

    def watch(*_progress: object) -> None:
        folders = [path for path in intake.work_dir.glob("*/scratch/*") if path.is_dir()]
        modes.extend(path.stat().st_mode & 0o777 for path in folders)
        for pid in children() if folders else ():
            os.kill(pid, signal.SIGKILL)

    run_job(intake, arrival.job, watch=watch)
    assert modes and set(modes) == {0o700}
    assert problem_kind(intake, arrival.asset_id) == "conversion-ended"  # which looks into the folders


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
