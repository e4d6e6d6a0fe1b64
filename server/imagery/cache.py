"""What was made a moment ago, in so many bytes; and what is being made, by one for all who ask."""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable

ENTRY_OVERHEAD_BYTES = 512
"""What an entry takes beside its bytes: so that a million empty answers do not count as nothing."""

Make = Callable[[threading.Event], Awaitable[bytes]]


class _Flight:
    """Something in the making. stop: set when nobody waits for it any more."""

    __slots__ = ("stop", "task", "waiting")

    def __init__(self, make: Make) -> None:
        self.stop = threading.Event()
        self.task: asyncio.Future[bytes] = asyncio.ensure_future(make(self.stop))
        self.waiting = 0


class RenderCache:
    """Made answers by key, the least recently used ones dropped first. For one event loop.

    Whoever asks for what is being made waits with the others. When the last of them has gone, the work is
    told to stop, and the next to ask begins anew. Errors go to all who waited, and are not remembered.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._made: OrderedDict[Hashable, bytes] = OrderedDict()
        self._flights: dict[Hashable, _Flight] = {}
        self.size_bytes = 0

    def get(self, key: Hashable) -> bytes | None:
        """What is there, without waiting."""
        if (made := self._made.get(key)) is not None:
            self._made.move_to_end(key)
        return made

    async def get_or_make(self, key: Hashable, make: Make) -> bytes:
        """What is there, or is being made, or is made now by `make`. Raises what `make` raises."""
        if (made := self.get(key)) is not None:
            return made
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(make)
            flight.task.add_done_callback(lambda task: self._landed(key, flight, task))
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._forget(key, flight)
                flight.stop.set()
                flight.task.cancel()

    def _landed(self, key: Hashable, flight: _Flight, task: asyncio.Future[bytes]) -> None:
        self._forget(key, flight)
        if not task.cancelled() and task.exception() is None:
            self._keep(key, task.result())

    def _forget(self, key: Hashable, flight: _Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    def _keep(self, key: Hashable, made: bytes) -> None:
        cost = len(made) + ENTRY_OVERHEAD_BYTES
        if cost > self._limit_bytes:
            return
        if (earlier := self._made.pop(key, None)) is not None:
            self.size_bytes -= len(earlier) + ENTRY_OVERHEAD_BYTES
        self._made[key] = made
        self.size_bytes += cost
        while self.size_bytes > self._limit_bytes:
            _, dropped = self._made.popitem(last=False)
            self.size_bytes -= len(dropped) + ENTRY_OVERHEAD_BYTES
