"""Decoded pieces of images, kept within a number of bytes; each is decoded once, whoever asks."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LARGE_BYTES = 64 * 2**20


class ChunkCache:
    """Least recently used pieces leave first; the newest stays however large it is. Thread-safe.

    Whoever asks for a piece that is being decoded waits for it, and gets the same error where it fails.
    Large pieces are decoded one at a time, so that memory does not grow with the number of threads.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._lock = threading.Lock()
        self._one_large_at_a_time = threading.Lock()
        self._kept: OrderedDict[Hashable, NDArray[Any]] = OrderedDict()
        self._kept_bytes = 0
        self._coming: dict[Hashable, Future[NDArray[Any]]] = {}

    def get(self, key: Hashable, size_bytes: int, decode: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """The piece called `key`, of about `size_bytes`; `decode` makes it where it is not kept."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept
            coming = self._coming.get(key)
            is_first = coming is None
            if coming is None:
                coming = self._coming[key] = Future()
        if not is_first:
            return coming.result()
        try:
            piece = self._make(size_bytes, decode)
        except BaseException as error:
            with self._lock:
                del self._coming[key]
            coming.set_exception(error)
            raise
        with self._lock:
            self._make_room(piece.nbytes)
            self._kept[key] = piece
            self._kept_bytes += piece.nbytes
            del self._coming[key]
        coming.set_result(piece)
        return piece

    def _make(self, size_bytes: int, decode: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        if size_bytes <= _LARGE_BYTES:
            return np.asarray(decode())
        with self._one_large_at_a_time:
            with self._lock:
                self._make_room(size_bytes)
            return np.asarray(decode())

    def _make_room(self, size_bytes: int) -> None:
        while self._kept and self._kept_bytes + size_bytes > self._capacity_bytes:
            _, piece = self._kept.popitem(last=False)
            self._kept_bytes -= piece.nbytes
