"""The folder of sealed originals: without the master key nothing in it can be read, not even a name."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from server.deid import sealed_header
from server.deid.case_key_rotation import Rotation, rotate
from server.deid.case_keys import FOLDER, CaseKeys
from server.deid.errors import SealBrokenError, SealedMissingError
from server.deid.master_key import MasterKey
from server.deid.seal import HEADER_BYTES, KEY_BYTES, Header, RandomBytes, SealedFile, is_id
from server.deid.sealed_disk import Disk, locked
from server.deid.sealed_header import REWRAP_SUFFIX
from server.deid.sealed_leftovers import (
    SUFFIX,
    Inventory,
    case_of,
    if_nobody_writes,
    leftovers,
    sealed_files,
    take_inventory,
)
from server.deid.sealed_reader import SealedReader
from server.deid.sealed_writer import SealedWriter, Span, sync_directory

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

    ``key`` arguments are the opaque names under which files lie here. Which locks keep those apart who work
    on it at the same time stands in :mod:`server.deid.case_keys`.
    """

    root: Path
    cases: CaseKeys
    random_bytes: RandomBytes

    @classmethod
    def open(
        cls, root: Path, master_key_file: Path, random_bytes: RandomBytes, disk: Disk | None = None
    ) -> "Quarantine":
        """Open the folder, made if missing, with its key, made on first use.

        Raises :class:`server.deid.QuarantineError` if sealed files are there and the key is not.
        """
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = root / FOLDER
        is_empty = next(root.glob("*" + SUFFIX), None) is None and next(folder.glob("*"), None) is None
        with locked(root, exclusive=False):
            master = MasterKey.open(master_key_file, random_bytes, disk or Disk(), may_create=is_empty)
        return cls(root, CaseKeys(folder, master), random_bytes)

    def path(self, key: str) -> Path:
        """Where the sealed file lies."""
        if not is_id(key):
            raise SealedMissingError("There is no such sealed original.")
        return self.root / (key + SUFFIX)

    def create(
        self, key: str, plain_bytes: int, note: Mapping[str, str], *, case_id: str | None = None
    ) -> SealedWriter:
        """Begin to seal a file of a known length, of a case whose key is made if it has none.

        ``note`` is sealed too: it may hold what nobody may see. Without ``case_id`` the file is of no case,
        and its key is wrapped by the master key.
        """
        if plain_bytes < 0:
            raise ValueError("a file has no negative length")
        sealed = SealedFile(key, plain_bytes, self.random_bytes(KEY_BYTES))
        with locked(self.root, exclusive=True):
            wrapping_key = self.cases.master.keys()[0] if case_id is None else self.cases.key_or_new(case_id)
            header = Header.new(sealed, note, case_id, wrapping_key, self.random_bytes)
            return SealedWriter.create(self.path(key), sealed, header.raw, self.random_bytes)

    def resume(self, key: str, known_bytes: int, span: Span | None = None) -> SealedWriter:
        """Go on sealing a file, or a span of it; see :meth:`SealedWriter.resume`."""
        sealed = self.describe(key)[0]
        return SealedWriter.resume(self.path(key), sealed, known_bytes, self.random_bytes, span)

    def describe(self, key: str) -> tuple[SealedFile, dict[str, str]]:
        """What is needed to read a file, and its note. The first holds the file's key.

        Raises :class:`SealedMissingError`, :class:`SealBrokenError` or :class:`CaseErasedError`.
        """
        path = self.path(key)
        try:
            return sealed_header.describe(path, self.cases)
        except SealBrokenError:
            # Perhaps it was being rewrapped between one look and the next.
            with locked(self.root, exclusive=False):
                return sealed_header.describe(path, self.cases)

    def reader(self, key: str) -> SealedReader:
        """The file's plain bytes, in memory only."""
        return SealedReader(self.path(key), self.describe(key)[0])

    def destroy(self, key: str) -> None:
        """Make a file unreadable for good: its key is overwritten before its name goes. Idempotent."""
        path, disk = self.path(key), self.cases.master.disk
        with locked(self.root, exclusive=True):
            for beside in self.root.glob(f"{key}.*"):
                if REWRAP_SUFFIX in beside.suffixes:
                    disk.shred(beside, self.random_bytes)
                elif beside != path:
                    beside.unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):
                disk.overwrite(path, self.random_bytes(HEADER_BYTES))
                path.unlink()
                sync_directory(self.root)

    def keys(self) -> Iterator[str]:
        """The names of all sealed files, finished or not."""
        return (path.stem for path in sealed_files(self.root))

    def destroy_unless(self, key: str, is_wanted: Callable[[], bool]) -> bool:
        """Destroy a file that nobody writes and that, asked under its lock, nobody wants. Whether it was."""

        def act() -> bool:
            if is_wanted():
                return False
            self.destroy(key)
            return True

        return if_nobody_writes(self.path(key), act)

    def rotate_master_key(self) -> Rotation:
        """Replace the master key, or end a replacement that was cut short; see :func:`rotate`."""
        return rotate(self.root, self.cases, lambda: sealed_files(self.root))

    def inventory(self) -> Inventory:
        """What lies here."""
        return take_inventory(self.root, self.cases)

    def erase_case(
        self,
        case_id: str,
        *,
        is_ordered: Callable[[], bool] = lambda: True,
        done: Callable[[], object] = lambda: None,
        is_wanted: Callable[[str], bool] = lambda _key: False,
    ) -> int:
        """Destroy a case's key, so that none of its files opens again, wherever copies are; then its files.

        ``is_ordered`` is asked before and ``done`` told after the key is destroyed, while nobody can make
        another one. ``is_wanted``: of a file that came since, by another key of the case. How many files were
        removed. One that is being written goes with the next :meth:`purge`. Idempotent.
        """
        with locked(self.root, exclusive=True):
            if not is_ordered():
                return 0
            self.cases.destroy(case_id)
            done()
        return sum(
            self.destroy_unless(path.stem, partial(is_wanted, path.stem))
            for path in list(sealed_files(self.root))
            if case_of(path) == case_id
        )

    def case_of(self, key: str) -> str | None:
        """The case whose key opens a file; None where it is of none, or there is no such file."""
        return case_of(self.path(key))

    def has_files_of(self, case_id: str) -> bool:
        """Whether a file of this case lies here, finished or not."""
        return any(case_of(path) == case_id for path in sealed_files(self.root))

    def drop_unused_key(self, case_id: str) -> bool:
        """Destroy a case's key unless a file of the case lies here. Whether none does."""
        with locked(self.root, exclusive=True):
            if self.has_files_of(case_id):
                return False
            self.cases.destroy(case_id)
            return True

    def purge(self) -> int:
        """Remove what nobody can open or needs: files of erased cases, and what lies beside files that are no
        more. How many."""
        removed = sum(
            self.destroy_unless(path.stem, partial(self._opens_by_something, path))
            for path in list(sealed_files(self.root))
        )
        with locked(self.root, exclusive=True):
            self.cases.sweep()
            for path in list(leftovers(self.root)):
                self.cases.master.disk.shred(path, self.random_bytes)
                removed += 1
        return removed

    def _opens_by_something(self, path: Path) -> bool:
        case_id = case_of(path)
        return case_id is None or self.cases.path(case_id).exists()
