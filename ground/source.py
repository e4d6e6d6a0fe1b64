"""Where a file's bytes come from: two verbs, so that plain, sealed and remote files look alike."""

import os
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self


class ByteSource(Protocol):
    """Random access to bytes that do not change. Safe to use from several threads at once."""

    @property
    def size_bytes(self) -> int: ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Bytes [offset, offset + length); shorter only where the source ends."""
        ...


class FileSource:
    """A file on disk, read with positioned reads: there is no shared cursor to race for."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._size_bytes = os.fstat(self._fd).st_size

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def read_at(self, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0:
            raise ValueError("a read needs a non-negative offset and length")
        if offset >= self._size_bytes:
            return b""
        data = os.pread(self._fd, length, offset)
        if len(data) == length or offset + len(data) >= self._size_bytes:
            return data
        parts = [data]  # the kernel may hand out less than asked for: 2 GiB at once is its most
        got = len(data)
        while got < length and (data := os.pread(self._fd, length - got, offset + got)):
            parts.append(data)
            got += len(data)
        return b"".join(parts)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
