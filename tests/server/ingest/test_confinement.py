"""A decoder that was taken over: what it can still reach is one sealed file and its own folders."""

import ctypes
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from server.ingest import confinement
from server.ingest.conversion import _environment
from server.ingest.plan import Plan
from tiling.scrub.rules import ScrubRules as SlideRules
from video.scrub.rules import ScrubRules as VideoRules

ATTEMPTS = """
import importlib, json, os, socket, sys
from pathlib import Path
import msgspec
from server.ingest import confinement, worker
from server.ingest.plan import Plan

plan = msgspec.json.decode(sys.argv[1], type=Plan)
threads = len(os.listdir("/proc/self/task"))
confinement.confine(msgspec.structs.replace(plan, parent_pid=os.getppid()))
data = Path(plan.output_dir).parent

def can(attempt):
    try:
        attempt()
    except OSError:
        return False
    return True

def connect():
    with socket.socket() as plug:
        plug.settimeout(5)
        plug.connect(("127.0.0.1", int(sys.argv[2])))

print(json.dumps({
    "threads": threads,
    "read the key": can(lambda: (data / "master.key").read_bytes()),
    "list the data folder": can(lambda: os.listdir(data)),
    "write beside its folder": can(lambda: (data / "new").write_bytes(b"")),
    "remove the sealed file": can(lambda: os.unlink(plan.sealed_path)),
    "read the accounts": can(lambda: Path("/etc/passwd").read_bytes()),
    "connect": can(connect),
    "signal its parent": can(lambda: os.kill(os.getppid(), 0)),
    "run a program": can(lambda: os.posix_spawn("/bin/sh", ["sh", "-c", ":"], {})),
    "read the sealed file": can(lambda: Path(plan.sealed_path).read_bytes()),
    "write its output": can(lambda: (Path(plan.output_dir) / "new").write_bytes(b"x")),
    "write too large a file": can(lambda: os.truncate(Path(plan.output_dir) / "new", plan.file_bytes + 1)),
    "write its scratch": can(lambda: (Path(plan.scratch_dir) / "new").write_bytes(b"x")),
    "write the pictures for the reviewer": can(lambda: Path(plan.review_path).write_bytes(b"x")),
    "import what it needs late": can(lambda: __import__("tifffile")),
    "look for text": can(lambda: importlib.import_module("ground.ppocr").open_text_finder()),
}))
"""


def plan_in(folder: Path) -> Plan:
    for name in ("output", "scratch", "review"):
        (folder / name).mkdir()
    for name in ("sealed", "master.key"):
        (folder / name).write_bytes(b"x")
    return Plan(
        sealed_path=str(folder / "sealed"),
        sealed_name="sealed",
        plain_bytes=1,
        data_key=b"",
        output_dir=str(folder / "output"),
        scratch_dir=str(folder / "scratch"),
        forbidden=(),
        workers=1,
        memory_bytes=2 << 30,
        scratch_bytes=1 << 20,
        reserve_bytes=0,
        file_bytes=1 << 20,
        cpu_s=60,
        largest_ratio=1.45,
        video_gop=1,
        parent_pid=0,
        slide_rules=SlideRules(),
        video_rules=VideoRules(),
        added=(),
        removed=(),
        pseudonym_key=b"",
        review_path=str(folder / "review" / "pictures"),
    )


def test_it_reaches_its_own_folders_and_nothing_else(tmp_path: Path) -> None:
    if _landlock_version() < 6:
        pytest.skip("this kernel's Landlock cannot take all of it away")
    plan = plan_in(tmp_path.resolve())
    with _listening() as port:
        said = subprocess.run(  # noqa: S603 - our own Python
            [sys.executable, "-c", ATTEMPTS, msgspec.json.encode(plan).decode(), str(port)],
            env=_environment(),
            cwd=Path(confinement.__file__).resolve().parents[2],
            stdout=subprocess.PIPE,
            timeout=60,
            check=True,
        ).stdout
    can = json.loads(said)
    assert can.pop("threads") == 1, "a thread that was there before would not be confined"
    granted = {name for name, is_possible in can.items() if is_possible}
    assert granted == {
        "read the sealed file",
        "write its output",
        "write its scratch",
        "write the pictures for the reviewer",
        "look for text",
        "import what it needs late",
    }
    assert (tmp_path / "sealed").exists()


def _landlock_version() -> int:
    """Asked of the kernel here, so that a bug of ours cannot skip the test."""
    return int(ctypes.CDLL(None).syscall(444, None, 0, 1))


@contextmanager
def _listening() -> Iterator[int]:
    """A port of this machine that answers, so that a refusal to connect means confinement."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])
