"""Pieces that took work to make, kept within a number of bytes; each is made once, whoever asks."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

_LARGE_BYTES = 64 * 2**20

Piece = TypeVar("Piece")


class ChunkCache(Generic[Piece]):
    """Least recently used pieces leave first; the newest stays however large it is. Thread-safe.

    Whoever asks for a piece that is being made waits for it, and gets the same error where that fails.
    Large pieces are made one at a time, so that memory does not grow with the number of threads.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._lock = threading.Lock()
        self._one_large_at_a_time = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[int, Piece]] = OrderedDict()
        self._kept_bytes = 0
        self._coming: dict[Hashable, Future[Piece]] = {}

    def get(self, key: Hashable, size_bytes: int, make: Callable[[], Piece]) -> Piece:
        """The piece called `key`, of about `size_bytes`; `make` makes it where it is not kept."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept[1]
            coming = self._coming.get(key)
            is_first = coming is None
            if coming is None:
                coming = self._coming[key] = Future()
        if not is_first:
            return coming.result()
        try:
            piece = self._make(size_bytes, make)
        except BaseException as error:
            with self._lock:
                del self._coming[key]
            coming.set_exception(error)
            raise
        with self._lock:
            self._make_room(size_bytes)
            self._kept[key] = size_bytes, piece
            self._kept_bytes += size_bytes
            del self._coming[key]
        coming.set_result(piece)
        return piece

    def _make(self, size_bytes: int, make: Callable[[], Piece]) -> Piece:
        if size_bytes <= _LARGE_BYTES:
            return make()
        with self._one_large_at_a_time:
            with self._lock:
                self._make_room(size_bytes)
            return make()

    def _make_room(self, size_bytes: int) -> None:
        while self._kept and self._kept_bytes + size_bytes > self._capacity_bytes:
            _, (left_bytes, _) = self._kept.popitem(last=False)
            self._kept_bytes -= left_bytes
