"""The folder of sealed originals: without the master key nothing in it can be read, not even a name."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from server.deid.errors import SealedMissingError
from server.deid.master_key import load_master_key
from server.deid.seal import HEADER_BYTES, KEY_BYTES, RandomBytes, SealedFile, new_header, open_header
from server.deid.sealed_reader import SealedReader
from server.deid.sealed_writer import SealedWriter, Span, sync_directory

SUFFIX = ".sealed"
KNOWN_SUFFIXES = frozenset(
    {
        ".svs", ".tif", ".tiff", ".ndpi", ".scn", ".bif", ".mrxs", ".vms", ".vmu", ".svslide", ".dcm", ".zip",
        ".jpg", ".jpeg", ".png", ".gif", ".jp2", ".j2k", ".btf", ".czi", ".qptiff",
        ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".vob", ".ts", ".m2ts",
        ".wmv", ".flv",
    }
)  # fmt: skip


def kept_suffix(file_name: str) -> str:
    """The part of a file's name that may be remembered: a known kind's suffix in lower case, or nothing."""
    suffix = Path(file_name).suffix.lower()
    return suffix if suffix in KNOWN_SUFFIXES else ""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The quarantine of one data folder; thread-safe, and shared by processes.

    ``key`` arguments are the opaque names under which files lie here.
    """

    root: Path
    master_key: bytes
    random_bytes: RandomBytes

    @classmethod
    def open(cls, root: Path, master_key_file: Path, random_bytes: RandomBytes) -> "Quarantine":
        """Open the folder, made if missing, with its key, made on first use.

        Raises :class:`server.deid.QuarantineError` if sealed files are there and the key is not.
        """
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_empty = next(root.glob("*" + SUFFIX), None) is None
        return cls(root, load_master_key(master_key_file, random_bytes, may_create=is_empty), random_bytes)

    def path(self, key: str) -> Path:
        """Where the sealed file lies."""
        if not (key.isascii() and key.isalnum()):
            raise SealedMissingError("There is no such sealed original.")
        return self.root / (key + SUFFIX)

    def create(self, key: str, plain_bytes: int, note: Mapping[str, str]) -> SealedWriter:
        """Begin to seal a file of a known length. ``note`` is sealed too: it may hold what nobody may see."""
        sealed = SealedFile(key, plain_bytes, self.random_bytes(KEY_BYTES))
        header = new_header(sealed, note, self.master_key, self.random_bytes)
        return SealedWriter.create(self.path(key), sealed, header, self.random_bytes)

    def resume(self, key: str, known_bytes: int, span: Span | None = None) -> SealedWriter:
        """Go on sealing a file, or a span of it; see :meth:`SealedWriter.resume`."""
        sealed = self.describe(key)[0]
        return SealedWriter.resume(self.path(key), sealed, known_bytes, self.random_bytes, span)

    def describe(self, key: str) -> tuple[SealedFile, dict[str, str]]:
        """What is needed to read a file, and its note. The first holds the file's key."""
        try:
            with self.path(key).open("rb") as file:
                header = file.read(HEADER_BYTES)
        except FileNotFoundError as error:
            raise SealedMissingError("The sealed original is missing.") from error
        return open_header(key, header, self.master_key)

    def reader(self, key: str) -> SealedReader:
        """The file's plain bytes, in memory only."""
        return SealedReader(self.path(key), self.describe(key)[0])

    def destroy(self, key: str) -> None:
        """Make a file unreadable for good: its key is overwritten before its name goes. Idempotent."""
        path = self.path(key)
        for beside in self.root.glob(f"{key}.*"):
            if beside != path:
                beside.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            fd = os.open(path, os.O_WRONLY)
            try:
                os.pwrite(fd, self.random_bytes(HEADER_BYTES), 0)
                os.fsync(fd)
            finally:
                os.close(fd)
            path.unlink()
            sync_directory(self.root)

    def keys(self) -> Iterator[str]:
        """The names of all sealed files, finished or not."""
        return (path.stem for path in sorted(self.root.glob("*" + SUFFIX)))

    def destroy_unless(self, key: str, is_wanted: Callable[[], bool]) -> bool:
        """Destroy a file that nobody writes and that, asked under its lock, nobody wants. Whether it was."""
        try:
            fd = os.open(self.path(key), os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            if is_wanted():
                return False
            self.destroy(key)
            return True
        finally:
            os.close(fd)
