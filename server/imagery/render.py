"""Pictures that have to be made: on few threads, a bounded number at a time, each of them once."""

import asyncio
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor

from server.errors import OverloadedError
from server.imagery.cache import RenderCache
from server.imagery.render_colours import SlideColours

THREADS = 2
"""Rendering shares the processors with everything else that the server does."""
MOST_AT_ONCE = 64
"""Made or waiting: at some 20 ms each, whoever comes last waits for less than a second."""
RETRY_AFTER_S = 1

Work = Callable[[Callable[[], bool]], bytes]
"""Makes the picture's file on a thread; asks its argument now and then whether it is still wanted."""


class Renders:
    """The pictures of one server process. For one event loop."""

    def __init__(self, cache_bytes: int, most_at_once: int = MOST_AT_ONCE) -> None:
        self.cache = RenderCache(cache_bytes)
        self.colours = SlideColours()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="render")
        self._most_at_once = most_at_once
        self._lock = threading.Lock()  # work ends on its thread
        self._at_work = 0

    async def picture(self, key: Hashable, work: Work) -> bytes:
        """What `work` makes, or made for the same key before. Raises what it raises, OverloadedError."""

        async def make(stop: threading.Event) -> bytes:
            if not self._begin():
                raise OverloadedError(
                    "More pictures are asked for than can be made at the moment.", retry_after_s=RETRY_AFTER_S
                )
            future = self._pool.submit(work, stop.is_set)
            future.add_done_callback(self._end)
            return await asyncio.wrap_future(future)

        return await self.cache.get_or_make(key, make)

    def _begin(self) -> bool:
        with self._lock:
            is_room = self._at_work < self._most_at_once
            self._at_work += is_room
        return is_room

    def _end(self, _future: Future[bytes]) -> None:
        with self._lock:
            self._at_work -= 1

    def close(self) -> None:
        """Take no more work, and let go of what has not begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)
