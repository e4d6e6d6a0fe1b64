"""Run the converting process, listen to it, and stop it when that is wanted."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

import server
from server.ingest.plan import (
    Converted,
    Failed,
    Killed,
    Message,
    NoSpace,
    Outcome,
    Plan,
    Progress,
    Refused,
    Stopped,
)

TICK_S = 0.5
LINE_LIMIT_BYTES = 16 << 20

Tick = Callable[[Progress | None], Outcome | None]
"""Called with the newest progress at most every half second; an outcome ends the process at once."""


def run(plan: Plan, *, limit_s: float, stall_s: float, tick: Tick) -> Outcome:
    """Convert in a child process. It does not outlive this call, nor (by its own care) this process.

    It is ended after ``limit_s`` in all, or ``stall_s`` without progress.

    The kernel ties the child to the thread that made it: call this on one that lives as long.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", "server.ingest.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(server.__file__).resolve().parent.parent,
        env=_environment(),
        start_new_session=True,
    )
    try:
        return _listen(child, plan, limit_s, stall_s, tick)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _environment() -> dict[str, str]:
    """What a Python needs, nothing else. An allocator arena per thread would eat up the bound on memory."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    return {**kept, "MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _listen(
    child: "subprocess.Popen[bytes]", plan: Plan, limit_s: float, stall_s: float, tick: Tick
) -> Outcome:
    assert child.stdin is not None and child.stdout is not None  # noqa: S101 - both are pipes
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(msgspec.json.encode(plan) + b"\n")
        child.stdin.flush()
    messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(child.stdout, messages), daemon=True).start()
    ends_s = time.monotonic() + limit_s
    stalls_s = time.monotonic() + stall_s
    progress: Progress | None = None
    next_tick_s = 0.0
    while True:
        heard: Message | None = progress
        with contextlib.suppress(queue.Empty):
            heard = messages.get(timeout=TICK_S)
            if heard is None:
                return Killed(-min(0, child.wait()))
        if heard is not None and not isinstance(heard, Progress):
            return heard
        is_new_stage = heard is not None and (progress is None or progress.stage != heard.stage)
        now_s = time.monotonic()
        if heard != progress:
            stalls_s = now_s + stall_s
        progress = heard
        if now_s > ends_s:
            return Stopped("time")
        if now_s > stalls_s:
            return Stopped("stall")
        if is_new_stage or now_s >= next_tick_s:
            next_tick_s = now_s + TICK_S
            if (end := tick(progress)) is not None:
                return end


def _read(pipe: IO[bytes], messages: "queue.SimpleQueue[Message | None]") -> None:
    with contextlib.suppress(OSError, ValueError, msgspec.MsgspecError):
        while line := pipe.readline(LINE_LIMIT_BYTES):
            messages.put(msgspec.json.decode(line, type=Progress | Converted | Refused | NoSpace | Failed))
    messages.put(None)
