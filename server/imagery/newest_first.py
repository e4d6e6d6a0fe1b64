"""Work on few threads, the newest of it first: who scrubs through a video waits for the frame that he is at.

What was asked for before is mostly not wanted any more when its turn comes; it is taken out of the line by
whoever cancels it, and the oldest of it is refused when the line grows too long.
"""

import threading
from collections import deque
from collections.abc import Callable
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
        self._line: deque[tuple[Future[object], Callable[[], object]]] = deque()
        self._something = threading.Condition()
        self._is_closed = False

    def submit(self, work: Callable[[], Result]) -> "Future[Result]":
        """In front of everything that waits."""
        future: Future[Result] = Future()
        dropped: Future[object] | None = None
        with self._something:
            self._line.append((future, work))  # type: ignore[arg-type] # a line of many kinds
            if len(self._line) > self._most_waiting:
                dropped, _ = self._line.popleft()
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

    def _run(self) -> None:
        while True:
            with self._something:
                while not self._line and not self._is_closed:
                    self._something.wait()
                if self._is_closed:
                    return
                future, work = self._line.pop()
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
            waiting, self._line = self._line, deque()
            self._something.notify_all()
        for future, _ in waiting:
            future.cancel()
