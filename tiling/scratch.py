"""Room for what must be a file: some libraries open paths, whereas our sources are bytes at an offset.

Whatever is put here is plain, so it is kept out of sight: a file has no name from its first byte where the
system allows that, so that the kernel frees it whatever becomes of this process. Formats of several files
need names; their folder is for its owner alone and goes when the scratch is closed.
"""

import bisect
import contextlib
import errno
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from ground.source import ByteSource
from tiling.errors import NotASlideError, SlideTooLargeError

_CHUNK_BYTES = 4 * 2**20
_LONGEST_NAME_BYTES = 255
_DEEPEST_PATH = 16
# Kernels and file systems that know no nameless files say so in several ways.
_NO_NAMELESS_FILES = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT})


class Scratch:
    """Files in `directory`, no more than `limit_bytes` in all, gone when it is closed. Thread-safe.

    `reserve_bytes` stay free on the disk. Raises OSError (ENOSPC) where they would not, SlideTooLargeError
    beyond the limit.
    """

    def __init__(self, directory: Path, limit_bytes: int, reserve_bytes: int = 0) -> None:
        self._directory = directory
        self._left_bytes = limit_bytes
        self._reserve_bytes = reserve_bytes
        self._lock = threading.Lock()
        self._fds: list[int] = []
        self._folders: list[Path] = []
        self._common_fd = -1
        self._common_bytes = 0

    def new_file(self) -> "ScratchFile":
        """An empty file. All of these share one descriptor, so that there may be any number of them."""
        return ScratchFile(self)

    def copy(self, source: ByteSource) -> Path:
        """The source's bytes as a file without a name; the path is good in this process, until closing."""
        self._require(source.size_bytes)
        fd = self._open()
        self._fill(fd, source)
        return Path(f"/proc/self/fd/{fd}")

    def folder(self, files: Mapping[str, ByteSource]) -> Path:
        """A folder with these files; a name may have parts ("slide/Index.dat").

        Raises NotASlideError where a name would lead elsewhere.
        """
        paths = {name: safe_parts(name) for name in files}
        self._require(sum(source.size_bytes for source in files.values()))
        folder = Path(tempfile.mkdtemp(dir=self._directory))  # 0700
        with self._lock:
            self._folders.append(folder)
        for name, source in files.items():
            path = folder.joinpath(*paths[name])
            with _open_new(path) as fd:
                self._fill(fd, source)
        return folder

    def close(self) -> None:
        with self._lock:
            fds, self._fds = self._fds, []
            folders, self._folders = self._folders, []
        for fd in fds:
            os.close(fd)
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _require(self, size_bytes: int) -> None:
        """Ask before the first byte: filling a disk to its end takes long and hurts others."""
        with self._lock:
            if size_bytes > self._left_bytes:
                raise SlideTooLargeError("the file unpacked is larger than is supported")
        status = os.statvfs(self._directory)
        if status.f_bavail * status.f_frsize < size_bytes + self._reserve_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _open(self) -> int:
        fd = _open_nameless(self._directory)
        with self._lock:
            self._fds.append(fd)
        return fd

    def _fill(self, fd: int, source: ByteSource) -> None:
        for offset in range(0, source.size_bytes, _CHUNK_BYTES):
            data = source.read_at(offset, min(_CHUNK_BYTES, source.size_bytes - offset))
            with self._lock:
                self._take(len(data))
            _pwrite_all(fd, data, offset)

    def _take(self, size_bytes: int) -> None:
        if size_bytes > self._left_bytes:
            raise SlideTooLargeError("the file unpacked is larger than is supported")
        self._left_bytes -= size_bytes

    def append(self, data: bytes) -> int:
        """Put bytes where `read_at` finds them; answers where."""
        with self._lock:
            self._take(len(data))
            if self._common_fd < 0:
                self._common_fd = _open_nameless(self._directory)
                self._fds.append(self._common_fd)
            offset, self._common_bytes = self._common_bytes, self._common_bytes + len(data)
        _pwrite_all(self._common_fd, data, offset)
        return offset

    def read_at(self, offset: int, length: int) -> bytes:
        parts = []
        while length > 0 and (data := os.pread(self._common_fd, length, offset)):
            parts.append(data)
            offset += len(data)
            length -= len(data)
        return b"".join(parts)


class ScratchFile:
    """A ByteSource that is written first, from its start. Written by one thread at a time, read by any."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._size_bytes = 0
        self._starts: list[int] = []  # of each piece: its place in this file,
        self._places: list[int] = []  # and in the scratch

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def write(self, data: bytes) -> None:
        """Append."""
        place = self._scratch.append(data)
        if not self._starts or place - self._places[-1] != self._size_bytes - self._starts[-1]:
            self._starts.append(self._size_bytes)
            self._places.append(place)
        self._size_bytes += len(data)

    def read_at(self, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0:
            raise ValueError("a read needs a non-negative offset and length")
        end = min(offset + length, self._size_bytes)
        parts = []
        while offset < end:
            piece = bisect.bisect_right(self._starts, offset) - 1
            until = self._starts[piece + 1] if piece + 1 < len(self._starts) else self._size_bytes
            into = offset - self._starts[piece]
            parts.append(self._scratch.read_at(self._places[piece] + into, min(end, until) - offset))
            offset = min(end, until)
        return b"".join(parts)


def _pwrite_all(fd: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written


def _open_nameless(directory: Path) -> int:
    flags = os.O_RDWR | os.O_CLOEXEC
    with contextlib.suppress(AttributeError):
        try:
            return os.open(directory, flags | os.O_TMPFILE, 0o600)
        except OSError as error:
            if error.errno not in _NO_NAMELESS_FILES:
                raise
    fd, name = tempfile.mkstemp(dir=directory)
    Path(name).unlink()
    return fd


@contextlib.contextmanager
def _open_new(path: Path) -> Iterator[int]:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotASlideError("two of the files have one name") from error
    try:
        yield fd
    finally:
        os.close(fd)


def safe_parts(name: str) -> tuple[str, ...]:
    """A relative path's parts. Raises NotASlideError where it is empty, absolute, or leads upwards."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    is_safe = 0 < len(parts) <= _DEEPEST_PATH and all(
        part not in ("/", "..", ".") and "\0" not in part and len(os.fsencode(part)) <= _LONGEST_NAME_BYTES
        for part in parts
    )
    if not is_safe:
        raise NotASlideError("the files' names lead outside their folder")
    return parts
