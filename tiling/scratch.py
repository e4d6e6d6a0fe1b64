"""Room for what must be a file: some libraries open paths, whereas our sources are bytes at an offset.

Whatever is put here is plain, so it is kept out of sight: a file has no name from its first byte where the
system allows that, so that the kernel frees it whatever becomes of this process. Formats of several files
need names; their folder is for its owner alone and goes when the scratch is closed.
"""

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

from tiling.errors import NotASlideError, SlideTooLargeError
from tiling.source import ByteSource

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
        self._files: list[ScratchFile] = []
        self._folders: list[Path] = []

    def new_file(self) -> "ScratchFile":
        """An empty file without a name."""
        file = ScratchFile(self, _open_nameless(self._directory))
        with self._lock:
            self._files.append(file)
        return file

    def copy(self, source: ByteSource) -> "ScratchFile":
        """The source's bytes as a file."""
        self._require(source.size_bytes)
        file = self.new_file()
        for offset in range(0, source.size_bytes, _CHUNK_BYTES):
            file.write(source.read_at(offset, min(_CHUNK_BYTES, source.size_bytes - offset)))
        return file

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
                for offset in range(0, source.size_bytes, _CHUNK_BYTES):
                    self._write(fd, source.read_at(offset, min(_CHUNK_BYTES, source.size_bytes - offset)))
        return folder

    def close(self) -> None:
        with self._lock:
            files, self._files = self._files, []
            folders, self._folders = self._folders, []
        for file in files:
            file.close()
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

    def _write(self, fd: int, data: bytes) -> None:
        with self._lock:
            if len(data) > self._left_bytes:
                raise SlideTooLargeError("the file unpacked is larger than is supported")
            self._left_bytes -= len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]


class ScratchFile:
    """A nameless file: written once from its start, then a ByteSource, or a path for a library."""

    def __init__(self, scratch: Scratch, fd: int) -> None:
        self._scratch = scratch
        self._fd = fd
        self._size_bytes = 0

    @property
    def path(self) -> Path:
        """A way to open it, in this process alone and until it is closed."""
        return Path(f"/proc/self/fd/{self._fd}")

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def write(self, data: bytes) -> None:
        """Append. One thread at a time."""
        self._scratch._write(self._fd, data)
        self._size_bytes += len(data)

    def read_at(self, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0:
            raise ValueError("a read needs a non-negative offset and length")
        parts = []
        while length > 0 and (data := os.pread(self._fd, length, offset)):
            parts.append(data)
            offset += len(data)
            length -= len(data)
        return b"".join(parts)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


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
