"""The key of each case: wraps the keys of the case's sealed files, and is wrapped by the master key.

A case's key lies in ``quarantine/cases/{case_id}.key``::

    magic 8 | version u16 | nonce 12 | the case's key, wrapped with the master key 32+16

with the case's id bound to it. Destroy that file, and nobody opens a file of the case again, wherever copies
of the sealed files are.

The rule for everything that works on one quarantine at the same time, threads and processes: who makes,
rewraps, replaces or destroys something wrapped holds the lock of the quarantine's folder, for one file at a
time, from before it reads the key to wrap with until the file has its name. (Exclusively, all of them: those
who rewrap would otherwise wait for ever where many make.) Who reads holds nothing and, if that fails, tries
once more with the shared lock held. What follows a header is written under the sealed file's own lock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from server.deid.errors import CaseErasedError, SealBrokenError
from server.deid.master_key import MasterKey
from server.deid.seal import KEY_BYTES, is_id, open_bytes, seal_bytes

FOLDER = "cases"
SUFFIX = ".key"
PREFIX = b"SLDRCASE\0\1"
ERASED = "The case of this sealed original was erased: nobody can open it any more."
BROKEN = "The key of this sealed original's case has been changed or damaged."


@dataclass(frozen=True, slots=True)
class CaseKeys:
    """The keys of all cases of one quarantine. Whoever calls holds the lock that the rule asks for."""

    folder: Path
    master: MasterKey

    def path(self, case_id: str) -> Path:
        """Where a case's key lies. Raises ValueError for what is no id."""
        if not is_id(case_id):
            raise ValueError("a case's id has at most 32 letters and digits")
        return self.folder / (case_id + SUFFIX)

    def ids(self) -> Iterator[str]:
        """The cases that have a key."""
        return (path.stem for path in sorted(self.folder.glob("*" + SUFFIX)))

    def key(self, case_id: str) -> bytes:
        """A case's key. Raises :class:`CaseErasedError` or :class:`SealBrokenError`."""
        try:
            sealed = self.path(case_id).read_bytes()
        except FileNotFoundError as error:
            raise CaseErasedError(ERASED) from error
        return self._open(case_id, sealed, self.master.keys())[0]

    def key_or_new(self, case_id: str) -> bytes:
        """A case's key, made if there is none: once, even if two processes try at the same moment."""
        path = self.path(case_id)
        if not path.exists():
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self.master.disk.sync_directory(self.folder.parent)
            fresh = self._seal(case_id, self.master.random_bytes(KEY_BYTES), self.master.keys()[0])
            self.master.disk.put_first(path, fresh, self.master.random_bytes)
        return self.key(case_id)

    def rewrap(self, case_id: str) -> bool:
        """Wrap a case's key with the newest master key. Whether that was to be done.

        Raises :class:`CaseErasedError` or :class:`SealBrokenError`.
        """
        path, keys = self.path(case_id), self.master.keys()
        try:
            key, opened_by = self._open(case_id, path.read_bytes(), keys)
        except FileNotFoundError as error:
            raise CaseErasedError(ERASED) from error
        if opened_by == keys[0]:
            return False
        self.master.disk.put(path, self._seal(case_id, key, keys[0]), self.master.random_bytes)
        return True

    def destroy(self, case_id: str) -> bool:
        """Overwrite a case's key and what a crash left of its copies. Whether it was there."""
        path, disk = self.path(case_id), self.master.disk
        was_there = path.exists()
        for left in (*self.folder.glob(f"{path.name}.*"), path):
            disk.shred(left, self.master.random_bytes)
        return was_there

    def sweep(self) -> None:
        """Clear away what a crash left of keys that were being written."""
        for left in {path.name.split(".")[0] for path in self.folder.glob(f"*{SUFFIX}.*")}:
            self.master.disk.sweep_fresh(self.path(left), self.master.random_bytes)

    def _seal(self, case_id: str, key: bytes, wrapping_key: bytes) -> bytes:
        data = PREFIX + case_id.encode("ascii")
        return PREFIX + seal_bytes(wrapping_key, key, data, self.master.random_bytes)

    def _open(self, case_id: str, sealed: bytes, keys: tuple[bytes, ...]) -> tuple[bytes, bytes]:
        """A case's key, and the master key that opened it."""
        if sealed.startswith(PREFIX):
            for wrapping_key in keys:
                try:
                    data = PREFIX + case_id.encode("ascii")
                    return open_bytes(wrapping_key, sealed[len(PREFIX) :], data), wrapping_key
                except SealBrokenError:
                    continue
        raise SealBrokenError(BROKEN)
