"""Read a sealed file as if it lay open, without ever putting a plain byte on disk."""

import os
import threading
from collections import OrderedDict
from pathlib import Path

from server.deid.errors import SealBrokenError, SealedMissingError
from server.deid.seal import OVERHEAD_BYTES, SealedFile

CACHED_CHUNKS = 16


class SealedReader:
    """A ``ground.source.ByteSource`` over a sealed file; thread-safe, a context manager.

    A few decrypted chunks stay in memory: a slide's tiles are far smaller than a chunk and read in order.
    Raises :class:`SealBrokenError` from any read that touches a damaged chunk.
    """

    def __init__(self, path: Path, sealed: SealedFile) -> None:
        self._sealed = sealed
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()
        try:
            self._fd = os.open(path, os.O_RDONLY)
        except FileNotFoundError as error:
            raise SealedMissingError("The sealed original is missing.") from error
        if os.fstat(self._fd).st_size != sealed.sealed_bytes:
            self.close()
            raise SealBrokenError("The sealed original does not have its full length.")

    @property
    def size_bytes(self) -> int:
        """Length in the plain."""
        return self._sealed.plain_bytes

    def read_at(self, offset: int, length: int) -> bytes:
        """Plain bytes from ``offset``; fewer than ``length`` only at the end."""
        end = min(offset + length, self.size_bytes)
        if offset < 0 or offset >= end:
            return b""
        size = self._sealed.chunk_bytes
        first, last = offset // size, (end - 1) // size
        if first == last:
            return self._chunk(first)[offset - first * size : end - first * size]
        parts = [self._chunk(first)[offset - first * size :]]
        parts.extend(self._chunk(index) for index in range(first + 1, last))
        parts.append(self._chunk(last)[: end - last * size])
        return b"".join(parts)

    def _chunk(self, index: int) -> bytes:
        with self._lock:
            if (known := self._cache.get(index)) is not None:
                self._cache.move_to_end(index)
                return known
        # Outside the lock: two threads may open the same chunk, which costs less than waiting for each other.
        length = self._sealed.chunk_length(index) + OVERHEAD_BYTES
        plain = self._sealed.open_chunk(index, os.pread(self._fd, length, self._sealed.chunk_offset(index)))
        with self._lock:
            self._cache[index] = plain
            while len(self._cache) > CACHED_CHUNKS:
                self._cache.popitem(last=False)
        return plain

    def close(self) -> None:
        """Close the file and forget what was decrypted."""
        self._cache.clear()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> "SealedReader":
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
