"""A byte source as FFmpeg wants to read it: with a cursor."""

import os

from ground.source import ByteSource

READ_AHEAD_BYTES = 256 * 1024
"""Of one read: few calls into Python, and little in vain where pictures and sound lie far apart."""


class ByteFile:
    """Not to be shared: each opened container has its own cursor. It has no name that could tell anything."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        data = self._source.read_at(self._at, self._source.size_bytes - self._at if size < 0 else size)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._source.size_bytes}[whence]
        if base + offset < 0:
            raise ValueError("a place before the first byte")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at
