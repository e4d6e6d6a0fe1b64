"""Seal bytes as they arrive, so that what was acknowledged survives whatever comes next.

Whole chunks go to the sealed file. The beginning of a chunk whose rest is still to come is kept, sealed too,
in a small file beside it (``….tail``) that is replaced as a whole: an acknowledged byte never lies only where
something is being written. The file is locked while a writer has it, so that nobody cleans it away.

Chunks have fixed places, so several writers may each fill a span of one file at the same time.
"""

import contextlib
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from server.deid.errors import QuarantineError, SealBrokenError, SourceChangedError
from server.deid.seal import OVERHEAD_BYTES, RandomBytes, SealedFile

TAIL_SUFFIX = ".tail"


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a file that is written by itself: whole chunks, but for the file's last one. Plain bytes."""

    start_bytes: int
    length_bytes: int


class SealedWriter:
    """Appends plain bytes to one sealed file, or to one span of it.

    Not thread-safe, a context manager (leaving does not save).
    """

    def __init__(
        self, path: Path, sealed: SealedFile, fd: int, random_bytes: RandomBytes, span: Span | None = None
    ) -> None:
        self._path = path
        self._is_alone = span is None
        self._span = span or Span(0, sealed.plain_bytes)
        first, rest = divmod(self._span.start_bytes, sealed.chunk_bytes)
        end_bytes = self._span.start_bytes + self._span.length_bytes
        if rest or not 0 <= end_bytes <= sealed.plain_bytes:
            raise ValueError("a span begins with a chunk and ends within the file")
        if end_bytes == sealed.plain_bytes:
            self._end_chunk = sealed.chunk_count
        else:
            self._end_chunk, rest = divmod(end_bytes, sealed.chunk_bytes)
            if rest:
                raise ValueError("a span ends with a chunk")
        self._tail_path = path.with_suffix(f".{first}{TAIL_SUFFIX}" if first else TAIL_SUFFIX)
        self._sealed = sealed
        self._fd = fd
        self._random_bytes = random_bytes
        self._chunks = first
        self._tail = bytearray()

    @classmethod
    def create(
        cls, path: Path, sealed: SealedFile, header: bytes, random_bytes: RandomBytes
    ) -> "SealedWriter":
        """Begin a new sealed file. Raises OSError if there is no room for it."""
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            pwrite_all(fd, header, 0)
            os.fsync(fd)
            sync_directory(path.parent)
        except BaseException:
            path.unlink(missing_ok=True)
            os.close(fd)
            raise
        return cls(path, sealed, fd, random_bytes)

    @classmethod
    def resume(
        cls,
        path: Path,
        sealed: SealedFile,
        known_bytes: int,
        random_bytes: RandomBytes,
        span: Span | None = None,
    ) -> "SealedWriter":
        """Go on behind the bytes that an earlier writer saved, however it ended.

        ``known_bytes`` (of the span, where there is one) were acknowledged and must be there
        (:class:`SealBrokenError` otherwise); what lies behind them was not, and is cut off, or written over
        where the file has other spans. That nobody else writes the same span is the caller's care.
        """
        fd = os.open(path, os.O_RDWR)
        try:
            try:
                fcntl.flock(fd, (fcntl.LOCK_EX if span is None else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise QuarantineError("This file is being written by somebody else.") from error
            writer = cls(path, sealed, fd, random_bytes, span)
            writer._find_end(known_bytes)
        except BaseException:
            os.close(fd)
            raise
        return writer

    def _find_end(self, known_bytes: int) -> None:
        sealed = self._sealed
        chunks, rest = divmod(self._span.start_bytes + known_bytes, sealed.chunk_bytes)
        if known_bytes == self._span.length_bytes and known_bytes:
            chunks, rest = self._end_chunk, 0
        # A span's first chunk, begun but not complete, is in the tail file alone.
        end_bytes = sealed.chunk_offset(chunks) if chunks > self._chunks else 0
        if os.fstat(self._fd).st_size < min(end_bytes, sealed.sealed_bytes):
            raise SealBrokenError("Acknowledged bytes of the sealed original are missing.")
        self._chunks = chunks
        if rest:
            self._tail += self._read_begun_chunk(chunks, rest)
            if len(self._tail) < rest:
                raise SealBrokenError("Acknowledged bytes of the sealed original are missing.")
            self._save_tail()
        if self._is_alone and chunks < sealed.chunk_count:
            os.ftruncate(self._fd, sealed.chunk_offset(chunks))

    def _read_begun_chunk(self, index: int, length: int) -> bytes:
        """A chunk's first bytes: from the tail file, or from the chunk if it was completed since."""
        with contextlib.suppress(FileNotFoundError, SealBrokenError):
            return self._sealed.open_tail(index, self._tail_path.read_bytes())[:length]
        size = self._sealed.chunk_length(index) + OVERHEAD_BYTES
        return self._sealed.open_chunk(index, os.pread(self._fd, size, self._sealed.chunk_offset(index)))[
            :length
        ]

    @property
    def offset_bytes(self) -> int:
        """Plain bytes taken so far, of the span where there is one (durable after :meth:`save`)."""
        taken = self._chunks * self._sealed.chunk_bytes + len(self._tail) - self._span.start_bytes
        return min(taken, self._span.length_bytes)

    @property
    def is_complete(self) -> bool:
        """Whether every byte that was announced is in its place."""
        return self._chunks == self._end_chunk

    def write(self, data: bytes) -> None:
        """Take more bytes. Raises :class:`SourceChangedError` if too many, OSError if full."""
        if self.offset_bytes + len(data) > self._span.length_bytes:
            raise SourceChangedError("More bytes came than were announced.")
        view = memoryview(data)
        while view and not self.is_complete:
            wanted = self._sealed.chunk_length(self._chunks)
            part = view[: wanted - len(self._tail)]
            self._tail += part
            view = view[len(part) :]
            if len(self._tail) == wanted:
                self._write_chunk()

    def _write_chunk(self) -> None:
        sealed = self._sealed.seal_chunk(self._chunks, bytes(self._tail), self._random_bytes)
        pwrite_all(self._fd, sealed, self._sealed.chunk_offset(self._chunks))
        self._tail.clear()
        self._chunks += 1

    def save(self) -> int:
        """Make everything taken so far durable; the number of plain bytes that now are."""
        # An empty file's only chunk, or one whose writing failed for want of space the first time.
        if not self.is_complete and len(self._tail) == self._sealed.chunk_length(self._chunks):
            self._write_chunk()
        os.fsync(self._fd)
        if self._tail:
            self._save_tail()
        elif self.is_complete:
            self._tail_path.unlink(missing_ok=True)
        return self.offset_bytes

    def _save_tail(self) -> None:
        sealed = self._sealed.seal_tail(self._chunks, bytes(self._tail), self._random_bytes)
        fresh = self._tail_path.with_suffix(TAIL_SUFFIX + ".new")
        with fresh.open("wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._tail_path)
        sync_directory(self._path.parent)

    def finish(self) -> None:
        """:meth:`save`, and insist that nothing is missing: :class:`SourceChangedError` otherwise."""
        self.save()
        if not self.is_complete:
            raise SourceChangedError("Fewer bytes came than were announced.")

    def close(self) -> None:
        """Let go of the file and its lock."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._tail.clear()

    def __enter__(self) -> "SealedWriter":
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


def pwrite_all(fd: int, data: bytes, offset: int) -> None:
    """All of these bytes at this place, however many calls the system wants for it."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view = view[written:]
        offset += written


def sync_directory(path: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
