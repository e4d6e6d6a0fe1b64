"""Tiles that must come from the disk: on threads of their own, each read once for all who wait for it."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from server.imagery.cache import RenderCache
from server.imagery.shelf import OpenSlide

THREADS = 8
"""A disk answers several readers sooner than one; and they must not queue behind passwords and uploads."""
NOTHING_IS_KEPT = 0
"""What was read is in the kernel's memory afterwards: a copy of it here would only cost memory."""


class ColdReads:
    """The reads of one server process. For one event loop."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="tiles")
        self._flights = RenderCache(NOTHING_IS_KEPT)

    async def tile(self, opened: OpenSlide, level: int, col: int, row: int) -> bytes:
        """A Deep Zoom tile. Raises what :meth:`CanonicalSlide.read_tile` raises.

        When all who wait have been cancelled, a read that has not begun is not made.
        """

        async def make(_stop: threading.Event) -> bytes:
            read = self._pool.submit(opened.slide.read_tile, level, col, row)
            return await asyncio.wrap_future(read)  # cancelled, it takes the read out of the queue

        return await self._flights.get_or_make((opened.slide.info.digest, level, col, row), make)

    def close(self) -> None:
        """Take no more reads, and let go of those that have not begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)
