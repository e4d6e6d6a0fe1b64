"""Motions that were planned, the least recently used forgotten first, in bounded memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """Something that knows what it takes in memory; it may grow after it was put in."""

    @property
    def byte_count(self) -> int: ...


Value = TypeVar("Value", bound=Sized)


class MotionCache(Generic[Value]):
    """Thread-safe. What two threads make at the same time is made twice; that harms nobody."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._found: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Value | None:
        """What was put there, if it is still known."""
        with self._lock:
            held = self._found.get(key)
            if held is None:
                return None
            self._found.move_to_end(key)
            return held[0]

    def put(self, key: Hashable, value: Value) -> None:
        """Keep it, or weigh it again; what was not used for longest makes room."""
        size = value.byte_count
        with self._lock:
            earlier = self._found.pop(key, None)
            self._bytes += size - (earlier[1] if earlier is not None else 0)
            self._found[key] = (value, size)
            while self._bytes > self._max_bytes and len(self._found) > 1:
                _, (_, gone) = self._found.popitem(last=False)
                self._bytes -= gone

    def __len__(self) -> int:
        with self._lock:
            return len(self._found)
