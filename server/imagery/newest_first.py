"""Work on few threads: everybody in turn, and of each the newest first.

Who scrubs through a video waits for the frame that he is at; what he asked for before is mostly not wanted
any more. It is taken out of the line by whoever cancels it, and when the line grows too long, the oldest of
whoever has most in it is refused.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import TypeVar

from server.errors import OverloadedError

RETRY_AFTER_S = 1
Result = TypeVar("Result")


class NewestFirst:
    """So many threads, begun when they are needed."""

    def __init__(self, threads: int, most_waiting: int, name: str) -> None:
        self._most_waiting = most_waiting
        self._threads = threads
        self._name = name
        self._started: list[threading.Thread] = []
        self._lines: OrderedDict[Hashable, deque[tuple[Future[object], Callable[[], object]]]] = OrderedDict()
        self._waiting = 0
        self._something = threading.Condition()
        self._is_closed = False

    def submit(self, work: Callable[[], Result], owner: Hashable = None) -> "Future[Result]":
        """In front of everything else that waits for this owner."""
        future: Future[Result] = Future()
        dropped: Future[object] | None = None
        with self._something:
            line = self._lines.setdefault(owner, deque())
            line.append((future, work))  # type: ignore[arg-type] # a line of many kinds
            self._waiting += 1
            if self._waiting > self._most_waiting:
                dropped = self._drop_oldest()
            if len(self._started) < self._threads:
                number = len(self._started)
                thread = threading.Thread(target=self._run, name=f"{self._name}-{number}", daemon=True)
                self._started.append(thread)
                thread.start()
            self._something.notify()
        if dropped is not None and dropped.set_running_or_notify_cancel():
            dropped.set_exception(
                OverloadedError(
                    "More frames are asked for than can be decoded at the moment.",
                    retry_after_s=RETRY_AFTER_S,
                )
            )
        return future

    def _drop_oldest(self) -> Future[object]:
        owner, line = max(self._lines.items(), key=lambda each: len(each[1]))
        future, _ = line.popleft()
        self._waiting -= 1
        if not line:
            del self._lines[owner]
        return future

    def _next(self) -> tuple[Future[object], Callable[[], object]]:
        """The newest of whoever has waited longest for his turn."""
        owner, line = self._lines.popitem(last=False)
        self._waiting -= 1
        newest = line.pop()
        if line:
            self._lines[owner] = line
        return newest

    def _run(self) -> None:
        while True:
            with self._something:
                while not self._lines and not self._is_closed:
                    self._something.wait()
                if self._is_closed:
                    return
                future, work = self._next()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                future.set_exception(error)
            # Whatever it made is its asker's: a thread that waits for more must not hold on to it.
            del future, work

    def close(self) -> None:
        """Take no more work, and let go of what has not begun."""
        with self._something:
            self._is_closed = True
            waiting, self._lines = self._lines, OrderedDict()
            self._waiting = 0
            self._something.notify_all()
        for line in waiting.values():
            for future, _ in line:
                future.cancel()
