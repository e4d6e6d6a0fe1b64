"""The key that wraps the keys: one file, made on first use, readable by the server's account alone.

It is read whenever it is needed and kept nowhere: a key that was replaced a moment ago, by another process,
is known to all. While it is being replaced there are up to three files:

``master.key``
    wraps everything that was not rewrapped yet.
``master.key.next``
    the new key. From the moment it is there everything new is wrapped with it.
``master.key.old``
    a second name of the first, from just before the new one takes its place until it is overwritten.
"""

from dataclasses import dataclass
from pathlib import Path

from server.deid.errors import QuarantineError
from server.deid.seal import KEY_BYTES, RandomBytes
from server.deid.sealed_disk import Disk

MISSING = "The quarantine's master key is missing, and there are sealed originals that need it."


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The key file of one quarantine. One key file serves one quarantine: rotating it rewraps that one."""

    path: Path
    random_bytes: RandomBytes
    disk: Disk

    @classmethod
    def open(cls, path: Path, random_bytes: RandomBytes, disk: Disk, *, may_create: bool) -> "MasterKey":
        """The key, made if it is missing and ``may_create``, once, even if two processes try at once.

        Raises :class:`QuarantineError` if it is damaged, or missing without that: a new key could open
        nothing of what is there.
        """
        # A key that is mounted from elsewhere is often a symbolic link, and only its target can be replaced.
        master = cls(path.resolve(), random_bytes, disk)
        if not master.path.exists() and may_create:
            master.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            disk.put_first(master.path, random_bytes(KEY_BYTES), random_bytes)
        master.keys()
        return master

    @property
    def next_path(self) -> Path:
        return self.path.with_name(self.path.name + ".next")

    @property
    def old_path(self) -> Path:
        return self.path.with_name(self.path.name + ".old")

    @property
    def is_being_replaced(self) -> bool:
        """Whether a rotation has begun and not ended."""
        return self.next_path.exists() or self.old_path.exists()

    def keys(self) -> tuple[bytes, ...]:
        """All keys in force, the one to wrap with first: the new one's file is looked at before the other's,
        since it takes its place. Raises :class:`QuarantineError`."""
        fresh = _read(self.next_path)
        current = _read(self.path)
        if current is None:
            raise QuarantineError(MISSING)
        return (current,) if fresh is None or fresh == current else (fresh, current)

    def begin_replacing(self) -> bool:
        """Make the new key, unless a rotation that was cut short has made one. Whether it had."""
        self.finish_replacing()
        self.disk.sweep_fresh(self.path, self.random_bytes)
        self.disk.sweep_fresh(self.next_path, self.random_bytes)
        return not self.disk.put_first(self.next_path, self.random_bytes(KEY_BYTES), self.random_bytes)

    def replace(self) -> None:
        """The new key takes the old one's place, and the old one's bytes are overwritten."""
        if not self.old_path.exists():
            self.disk.link(self.path, self.old_path)
            self.disk.sync_directory(self.path.parent)
        self.disk.rename(self.next_path, self.path)
        self.disk.sync_directory(self.path.parent)
        self.finish_replacing()

    def finish_replacing(self) -> None:
        """Destroy the key that was replaced, if a crash has left it."""
        if self.old_path.exists() and not self.next_path.exists() and not self.old_path.samefile(self.path):
            self.disk.shred(self.old_path, self.random_bytes)


def _read(path: Path) -> bytes | None:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise QuarantineError(f"The quarantine's master key cannot be read: {error.strerror}.") from error
    if len(key) != KEY_BYTES:
        raise QuarantineError("The quarantine's master key file is damaged.")
    return key
