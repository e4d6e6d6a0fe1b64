"""A server that is killed while it seals, converts or proves leaves nothing readable behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from server.cli import main
from tests.canaries.journey import FILE_NAME
from tests.canaries.scanner_planting import mirax_folder
from tests.canaries.searching import Searcher
from tests.canaries.sources import SOURCES

COMMAND = "import sys; from server.cli import main; sys.exit(main(sys.argv[1:]))"
LIMIT_S = 120.0
MOMENTS = {
    "when sealing begins": "quarantine/*.sealed",
    "when the conversion begins": "work/*/asset",
    "when something is written": "work/*/asset/*",
    "when it is published": "assets/*/*",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["svs", "leica", "mp4"])
def test_whoever_reads_the_disk_after_a_crash_finds_nothing(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / f"{FILE_NAME}{SOURCES[name].suffix}"
    source.write_bytes(SOURCES[name].make(tmp_path))
    searcher = Searcher()
    for moment, (place, pattern) in enumerate(MOMENTS.items()):
        data = tmp_path / f"data{moment}"
        assert _killed_when_there_is(data, pattern, source), place
        assert list(searcher.places(data)) == [], place
        # The next command puts the folder in order.
        assert main(["ingest", str(source), "--data", str(data)]) == 0
        assert list(searcher.places(data)) == [], place
        assert not list((data / "work").iterdir())
    captured = capfd.readouterr()
    assert searcher.find((captured.out + captured.err).encode()) == []


@pytest.mark.slow
def test_a_slide_of_several_files_is_not_in_the_plain_even_while_a_library_reads_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The names it must find are there; what they lead to ended with the process."""
    source, data, searcher = tmp_path / FILE_NAME, tmp_path / "data", Searcher()
    mirax_folder(source)
    assert _killed_when_there_is(data, "work/*/scratch/*/slide/*", source)
    assert list(data.glob("work/*/scratch/*/slide/*"))
    assert list(searcher.places(data)) == []
    assert main(["ingest", str(source), "--data", str(data)]) == 0
    assert list(searcher.places(data)) == []
    assert not list((data / "work").iterdir())
    captured = capfd.readouterr()
    assert searcher.find((captured.out + captured.err).encode()) == []


def _killed_when_there_is(data: Path, pattern: str, source: Path) -> bool:
    """Whether a command that takes the file in was killed as soon as the pattern had a file."""
    child = subprocess.Popen(  # noqa: S603 - our own Python
        [sys.executable, "-c", COMMAND, "ingest", str(source), "--data", str(data)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).resolve().parents[2],
        start_new_session=True,
    )
    ends_s = time.monotonic() + LIMIT_S
    try:
        while not next(data.glob(pattern), None):
            if child.poll() is not None or time.monotonic() > ends_s:
                return False
            time.sleep(0.002)
        return True
    finally:
        if child.poll() is None:
            os.kill(child.pid, signal.SIGKILL)
        child.wait()
