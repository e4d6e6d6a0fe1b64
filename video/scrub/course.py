"""The course of something long: on how many threads it is done, told of as it goes, cancelled if wished."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from video.errors import ConversionCancelled

_POLL_S = 0.2
_MOST_AT_ONCE = 2
"""What `each` is for takes some 350 MB of memory each time; a detector has threads of its own, too."""
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def stop_if(is_cancelled: bool) -> None:
    """Raises ConversionCancelled."""
    if is_cancelled:
        raise ConversionCancelled("the conversion was cancelled")


def wait_for(running: Sequence[Future[Any]], poll: Callable[[], None]) -> None:
    """Until all are done, or one has failed, or `poll` raises; what has not begun then is cancelled.

    poll: called several times a second, and at the end. Raises what it raises, and what failed.
    """
    try:
        waiting = set(running)
        while waiting:
            done, waiting = wait(waiting, timeout=_POLL_S, return_when=FIRST_EXCEPTION)
            poll()
            for future in done:
                future.result()
    finally:
        for future in running:
            future.cancel()


@dataclass(frozen=True, slots=True)
class Course:
    """progress: told how many frames are done, and how many there are in all; 0 where nobody knows."""

    progress: Callable[[int, int], None]
    cancelled: Callable[[], bool]
    workers: int = 1

    def stop_if_cancelled(self) -> None:
        """Raises ConversionCancelled."""
        stop_if(self.cancelled())

    def share(self, start: float, stop: float) -> "Course":
        """Of a part of the whole, from `start` to `stop` of 0 to 1, which tells of the same frames."""

        def tell(done: int, total: int) -> None:
            self.progress(round(start * total + (stop - start) * done) if total else done, total)

        return replace(self, progress=tell)

    def each(self, do: Callable[[_Item], _Result], items: Sequence[_Item], frame_count: int) -> list[_Result]:
        """What `do` makes of each item, in order; two at the same time. frame_count: of all together.

        Raises ConversionCancelled, and what `do` raises.
        """
        self.stop_if_cancelled()
        with ThreadPoolExecutor(min(self.workers, _MOST_AT_ONCE), thread_name_prefix="video-look") as pool:
            running = [pool.submit(do, item) for item in items]

            def poll() -> None:
                done = sum(future.done() for future in running)
                self.progress(frame_count * done // len(items), frame_count)
                self.stop_if_cancelled()

            wait_for(running, poll)
        return [future.result() for future in running]
