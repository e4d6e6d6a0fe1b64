"""A process that has everything imported and forks once a plan: a worker a second becomes fifty.

``python zygote.py``: a JSON line ``{"plan": …, "limit_s": …}`` in, one with the ending out. What the forked
child does is what ``server.ingest.worker`` does: it confines itself and works.
"""

import os
import select
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import msgspec

from server.ingest import confinement, worker
from server.ingest.plan import Plan


class Order(msgspec.Struct):
    plan: Plan
    limit_s: float


class Ending(msgspec.Struct):
    """message: the worker's last line, empty if it ended without one. seconds, peak_bytes: what it took."""

    message: str
    signal: int
    is_late: bool
    seconds: float
    peak_bytes: int


def main() -> None:
    for line in sys.stdin.buffer:
        order = msgspec.json.decode(line, type=Order)
        sys.stdout.buffer.write(msgspec.json.encode(_run(order)) + b"\n")
        sys.stdout.buffer.flush()


def _run(order: Order) -> Ending:
    begins_s = time.monotonic()
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        _child(msgspec.structs.replace(order.plan, parent_pid=os.getppid()), theirs)
    os.close(theirs)
    said, is_late = _hear(ours, begins_s + order.limit_s)
    if is_late:
        os.kill(pid, signal.SIGKILL)
    os.close(ours)
    _, status, used = os.wait4(pid, 0)
    lines = said.decode().splitlines()
    return Ending(
        lines[-1] if lines and '"progress"' not in lines[-1] else "",
        os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        is_late,
        time.monotonic() - begins_s,
        used.ru_maxrss << 10,
    )


def _child(plan: Plan, pipe: int) -> None:
    try:
        confinement.confine(plan)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        output = os.fdopen(pipe, "wb", buffering=0)
        output.write(msgspec.json.encode(worker.work(plan, lambda *_: None)) + b"\n")
    finally:
        os._exit(0)


def _hear(pipe: int, ends_s: float) -> tuple[bytes, bool]:
    said = b""
    while (left_s := ends_s - time.monotonic()) > 0:
        if not select.select([pipe], [], [], left_s)[0]:
            break
        data = os.read(pipe, 1 << 16)
        if not data:
            return said, False
        said += data
    return said, True


if __name__ == "__main__":
    main()
