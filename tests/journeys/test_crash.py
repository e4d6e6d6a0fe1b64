"""Killed at any moment: what comes after finds a whole asset, or starts it again; never a half one."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from server import audit, catalog
from server.ambient import real_ambient
from server.catalog import State
from server.cli.opening import DATABASE_NAME
from server.config import Settings
from server.db import Database
from server.db.migrate import is_current
from server.ingest.intake import Intake
from server.ingest.recovery import recover
from tests.server.conftest import BY
from tests.server.ingest.slides import svs, traces
from tiling.canonical import open_canonical

SLIDEREEL = Path(sys.executable).parent / "slidereel"
LIMIT_S = 900.0
"""For ten conversions in turn on a busy machine: it ends a test that hangs, and measures nothing."""
ENDED_WITHIN_S = 30.0
"""Even where the disk keeps a killed process waiting."""


def run(*command: str | Path, check: bool = True, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **settings}
    return subprocess.run(command, check=check, capture_output=True, text=True, env=environment)  # noqa: S603


def start(*arguments: str | Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - our own command
        [SLIDEREEL, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def ingest_s(tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long a whole, undisturbed ingest takes here and now: the kills have to come within that."""
    folder = tmp_path_factory.mktemp("undisturbed")
    slide = svs(folder / "scanner", width_px=5000, height_px=4000)
    begun_s = time.monotonic()
    run(SLIDEREEL, "ingest", slide, "--data", folder / "data")
    return time.monotonic() - begun_s


@contextlib.contextmanager
def serving(data: Path, **settings: str) -> Iterator[None]:
    """A server that answers; asked to end, it ends as it should."""
    server = subprocess.Popen(  # noqa: S603 - our own command
        [SLIDEREEL, "serve", "--data", data, "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **settings},
    )
    assert server.stderr is not None
    said = []
    for line in server.stderr:
        said.append(line)
        if "http://127.0.0.1:" in line:
            break
    assert server.poll() is None, "".join(said)
    threading.Thread(target=server.stderr.read, daemon=True).start()
    try:
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(LIMIT_S)
    assert code == 0


def descendants(pid: int) -> list[int]:
    found = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text("ascii").split():
                found += [int(child), *descendants(int(child))]
    return found


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@contextlib.contextmanager
def opened(data: Path) -> Iterator[Intake]:
    with Database(data / DATABASE_NAME) as database:
        yield Intake(Settings(data=data), real_ambient(), database)


def has_tables(data: Path) -> bool:
    """Whether a command got as far as the end of its migration, which is one transaction."""
    if not (data / DATABASE_NAME).exists():
        return False
    with Database(data / DATABASE_NAME) as database:
        return database.read_now(is_current)


def assets(intake: Intake) -> tuple[catalog.Asset, ...]:
    return intake.database.read_now(lambda c: catalog.list_assets(c, intake=True)).items


def assert_whole(intake: Intake) -> None:
    """Every asset that says it is converted opens and has its checksum; nothing else lies about."""
    for asset in assets(intake):
        folder = intake.assets_dir / asset.asset_id
        if asset.state in {State.AWAITING_RELEASE, State.RELEASED}:
            with open_canonical(folder) as slide:
                top = slide.info.deepzoom_level_count - 1
                assert slide.read_tile(top, 0, 0).startswith(b"\xff\xd8")
        else:
            assert not folder.exists()
    known = {asset.asset_id for asset in assets(intake)}
    assert {path.name for path in intake.assets_dir.iterdir()} <= known
    assert intake.database.read_now(audit.verify).broken_at is None
    assert intake.database.read_now(lambda c: c.execute(sa.text("PRAGMA integrity_check")).scalar()) == "ok"


def states(data: Path) -> dict[str, State]:
    """Of every asset that a command has taken in so far."""
    if not has_tables(data):
        return {}
    with opened(data) as intake:
        return {asset.asset_id: asset.state for asset in assets(intake)}


def wait_until_it_is(
    state: State | None, data: Path, known: set[str], command: "subprocess.Popen[bytes]"
) -> None:
    """Wait until the file that the command takes in has come so far, or the command has ended."""
    while state is not None and command.poll() is None:
        if any(now is state for asset_id, now in states(data).items() if asset_id not in known):
            return
        time.sleep(0.01)


def wait_until_settled(data: Path) -> None:
    ends_s = time.monotonic() + LIMIT_S
    with opened(data) as intake:
        while any(a.state not in {State.AWAITING_RELEASE, State.REFUSED} for a in assets(intake)):
            assert time.monotonic() < ends_s, [a.state for a in assets(intake)]
            time.sleep(0.2)


@pytest.mark.slow
def test_a_command_killed_at_any_moment_is_finished_by_the_next_server(
    tmp_path: Path, ingest_s: float
) -> None:
    chance = random.Random(11)  # noqa: S311 - the moments, not a secret
    slide = svs(tmp_path / "scanner", width_px=5000, height_px=4000)
    data = tmp_path / "data"
    left_in = set()
    # At each moment once as soon as it comes, once somewhat later.
    for turn, moment in enumerate(2 * [None, State.QUARANTINED, State.CONVERTING, State.VERIFYING]):
        known = set(states(data))
        command = start("ingest", slide, "--data", data)
        wait_until_it_is(moment, data, known, command)
        if moment is None or turn >= 4:
            time.sleep(ingest_s * chance.uniform(0.05, 0.3))
        workers = descendants(command.pid)
        command.send_signal(signal.SIGKILL)
        command.wait()
        ends_s = time.monotonic() + ENDED_WITHIN_S
        while any(is_running(pid) for pid in workers):
            assert time.monotonic() < ends_s, "the converting process outlived its parent"
            time.sleep(0.02)
        assert traces(data) == []
        left_in |= set(states(data).values())
    assert len(left_in) >= 2, "the kills hit different moments"
    with serving(data):
        wait_until_settled(data)
    with opened(data) as intake:
        recover(intake)
        assert_whole(intake)
        assert {asset.state for asset in assets(intake)} == {State.AWAITING_RELEASE}
        assert sorted(intake.quarantine.keys()) == sorted(a.asset_id for a in assets(intake))
        assert list(intake.work_dir.iterdir()) == []
    assert traces(data) == []


@pytest.mark.slow
def test_a_server_killed_while_it_converts_goes_on_after_its_next_start(
    tmp_path: Path, ingest_s: float
) -> None:
    data = tmp_path / "data"
    slide = svs(tmp_path / "scanner", width_px=5000, height_px=4000)
    done = run(SLIDEREEL, "ingest", svs(tmp_path / "first"), "--json", "--data", data)
    first = json.loads(done.stdout)["asset_id"]
    with opened(data) as intake:
        for _ in range(3):
            intake.take_file(slide, None, BY)
    for pause_s in (0.6 * ingest_s, 0.9 * ingest_s, 1.2 * ingest_s):
        server = start("serve", "--data", data, "--port", "0")
        time.sleep(pause_s)
        server.send_signal(signal.SIGKILL)
        server.wait()
    with serving(data):
        wait_until_settled(data)
    with opened(data) as intake:
        assert_whole(intake)
        assert list(intake.work_dir.iterdir()) == []
    found = states(data)
    assert found[first] is State.AWAITING_RELEASE
    assert len(found) == 4


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="needs a small file system of its own")
def test_a_disk_that_is_really_full_keeps_nothing_half_made(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    slide = svs(tmp_path / "scanner", width_px=5000, height_px=4000)
    size = f"size={slide.stat().st_size * 9 // 5}"
    if run("/bin/mount", "-t", "tmpfs", "-o", size, "tmpfs", data, check=False).returncode:
        pytest.skip("this machine does not let us mount")
    # The estimate is told to be wrong, so that the disk fills up in the middle.
    run_it = (
        "import sys, server.ingest.reception as r, server.ingest.convert_job as c\n"
        "r.CANONICAL_FACTOR = c.CANONICAL_FACTOR = 0.1\n"
        "from server.cli import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", run_it, "ingest", slide, "--json", "--data", data]
    no_reserve = {"SLIDEREEL_RESERVE_MIB": "0"}
    try:
        done = run(*command, check=False, **no_reserve)
        assert done.returncode == 1, done.stderr
        line = json.loads(done.stdout)
        assert line["problem"]["type"] == "/problems/out-of-space"
        with opened(data) as intake:
            assert_whole(intake)
            assert list(intake.work_dir.iterdir()) == list(intake.assets_dir.iterdir()) == []
        run("/bin/mount", "-o", "remount,size=200m", data)
        with opened(data) as intake:
            (asset,) = assets(intake)
            assert asset.state is State.QUARANTINED
            intake.retry(asset.asset_id, BY)
        with serving(data, **no_reserve):
            wait_until_settled(data)
        with opened(data) as intake:
            assert_whole(intake)
            assert assets(intake)[0].state is State.AWAITING_RELEASE
    finally:
        run("/bin/umount", data)
