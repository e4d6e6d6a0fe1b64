"""One parent, several processes: started by fork, replaced when lost, ended together.

The parent does nothing but wait, so that there is nothing in it that a fork could break (no thread, no event
loop, no database) and nothing that a request could reach.
"""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

STOP_S = 30.0
"""How long an orderly end may take before it is no longer asked for but made."""
STEADY_S = 10.0
"""A process that is lost sooner than this is started again more slowly each time."""
SLOWEST_RESTART_S = 30.0
_STOPS = (signal.SIGTERM, signal.SIGINT)
_WATCHED = {*_STOPS, signal.SIGCHLD}
log = structlog.get_logger("slidereel")


@dataclass(frozen=True, slots=True)
class Child:
    """What a process gets from its parent."""

    place: int
    ready: Callable[[], None]
    """To be called when it serves."""
    parent: int
    """A descriptor that comes to its end when the parent is gone, however that happened."""


@dataclass(slots=True)
class _Crew:
    """The parent's view. ``places`` are the living processes by their ids."""

    places: dict[int, int] = field(default_factory=dict)
    started_s: dict[int, float] = field(default_factory=dict)
    losses: dict[int, int] = field(default_factory=dict)
    due_s: dict[int, float] = field(default_factory=dict)


def run_processes(
    count: int,
    work: Callable[[Child], int],
    *,
    when_ready: Callable[[], None],
    when_ending: Callable[[], None],
) -> int:
    """Run ``work`` in that many processes until SIGTERM or SIGINT; the exit code for this one.

    ``work`` returns its process's exit code. ``when_ready`` is called once, when all are ready;
    ``when_ending`` before they are asked to end. A process that ends before all are ready ends everything,
    with its exit code: what keeps it from starting would keep its successor.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    alive_read, alive_write = os.pipe()
    ready_read, ready_write = os.pipe()
    os.set_blocking(ready_read, False)
    crew = _Crew()

    def start(place: int) -> None:
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            os.close(alive_write)
            os.close(ready_read)
            _be_child(work, Child(place, lambda: _tell(ready_write, place), alive_read))
        crew.places[pid] = place
        crew.started_s[place] = time.monotonic()

    try:
        for place in range(count):
            start(place)
        if (code := _await_all_ready(crew, ready_read)) is not None:
            return code
        when_ready()
        _watch(crew, start)
        return 0
    finally:
        when_ending()
        _end(crew)
        for fd in (alive_read, alive_write, ready_read, ready_write):
            os.close(fd)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)


def _be_child(work: Callable[[Child], int], child: Child) -> None:
    """Never returns."""
    code = 1
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
        code = work(child)
    except KeyboardInterrupt:
        code = 0
    except Exception as error:  # noqa: BLE001 - the type only: its text may hold what a file contained
        log.error("process failed", process=child.place, error=type(error).__name__)  # noqa: TRY400
    finally:
        # Not sys.exit: what the parent has registered for its own end is none of the child's business.
        with contextlib.suppress(OSError):
            sys.stderr.flush()
        os._exit(code)


def _tell(ready_write: int, place: int) -> None:
    with contextlib.suppress(OSError):  # the parent has gone: the other descriptor will say so
        os.write(ready_write, bytes([place]))


def _await_all_ready(crew: _Crew, ready_read: int) -> int | None:
    """None once all are; otherwise the exit code to end with."""
    waiting = set(crew.places.values())
    while waiting:
        if select.select([ready_read], [], [], 0.02)[0]:
            waiting -= set(os.read(ready_read, 256))
        caught = signal.sigtimedwait(_WATCHED, 0)
        if caught is not None and caught.si_signo in _STOPS:
            return 0
        for _, code in _collect(crew):
            return code or 1
    return None


def _watch(crew: _Crew, start: Callable[[int], None]) -> None:
    """Replace what is lost, until somebody asks for the end."""
    while True:
        now_s = time.monotonic()
        for place in [place for place, due_s in crew.due_s.items() if due_s <= now_s]:
            del crew.due_s[place]
            start(place)
        wait_s = min(crew.due_s.values(), default=now_s + 60.0) - now_s
        caught = signal.sigtimedwait(_WATCHED, max(0.0, wait_s))
        if caught is not None and caught.si_signo in _STOPS:
            return
        for place, code in _collect(crew):
            lived_s = time.monotonic() - crew.started_s[place]
            crew.losses[place] = 0 if lived_s > STEADY_S else crew.losses.get(place, 0) + 1
            wait_s = (
                min(SLOWEST_RESTART_S, 2.0 ** (crew.losses[place] - 1) - 1) if crew.losses[place] else 0.0
            )
            crew.due_s[place] = time.monotonic() + wait_s
            log.error("process lost", process=place, exit_code=code, starts_again_in_s=wait_s)


def _collect(crew: _Crew) -> list[tuple[int, int]]:
    """Place and exit code (negative: the signal) of the processes that have ended."""
    ended = []
    for pid in list(crew.places):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            ended.append((crew.places.pop(pid), os.waitstatus_to_exitcode(status)))
    return ended


def _end(crew: _Crew) -> None:
    for number, patience_s in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, STOP_S)):
        for pid in crew.places:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        ends_s = time.monotonic() + patience_s
        while crew.places and time.monotonic() < ends_s:
            signal.sigtimedwait({signal.SIGCHLD}, 0.1)
            _collect(crew)
