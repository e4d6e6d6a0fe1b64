"""How the few bytes on which everything depends come to the disk: wrapped keys, and the keys that wrap them.

What a name stands for is changed as a whole or not at all, and is on the disk when a call returns. All of it
goes through one object with six verbs, so that a test can end the process at each of them.
"""

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path

from server.deid.seal import RandomBytes
from server.deid.sealed_writer import pwrite_all, sync_directory

FRESH_SUFFIX = ".new"
FRESH_TAG_BYTES = 4
FRESH_PATTERN = ".????????" + FRESH_SUFFIX
"""What follows a file's name in the name of one that is to take its place; for ``glob``."""


class Disk:
    """The six verbs, and what is made of them. Stateless; whoever calls holds the lock that is needed."""

    def write(self, fd: int, data: bytes, offset: int) -> None:
        """All of these bytes at this place."""
        pwrite_all(fd, data, offset)

    def sync(self, fd: int) -> None:
        os.fsync(fd)

    def link(self, path: Path, name: Path) -> None:
        """A second name for a file; FileExistsError if there is something of that name."""
        os.link(path, name)

    def rename(self, path: Path, name: Path) -> None:
        path.replace(name)

    def unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def sync_directory(self, path: Path) -> None:
        """Make the names in a folder durable."""
        sync_directory(path)

    def put_first(self, path: Path, data: bytes, random_bytes: RandomBytes) -> bool:
        """A new file with these bytes, unless there is one of that name already. Whether it is ours."""
        fresh = self._fresh(path, data, random_bytes)
        try:
            # A hard link, unlike a rename, fails when somebody else's file is there already.
            self.link(fresh, path)
        except FileExistsError:
            return False
        finally:
            self.unlink(fresh)
        self.sync_directory(path.parent)
        return True

    def put(self, path: Path, data: bytes, random_bytes: RandomBytes) -> None:
        """A file with these bytes, in place of whatever had that name."""
        self.rename(self._fresh(path, data, random_bytes), path)
        self.sync_directory(path.parent)

    def overwrite(self, path: Path, data: bytes) -> None:
        """The first bytes of a file that is there."""
        fd = os.open(path, os.O_WRONLY)
        try:
            self.write(fd, data, 0)
            self.sync(fd)
        finally:
            os.close(fd)

    def shred(self, path: Path, random_bytes: RandomBytes) -> None:
        """Overwrite a file's bytes, under all names that it has, then take this name away. Idempotent."""
        try:
            self.overwrite(path, random_bytes(path.stat().st_size))
        except FileNotFoundError:
            return
        self.unlink(path)
        self.sync_directory(path.parent)

    def sweep_fresh(self, path: Path, random_bytes: RandomBytes) -> None:
        """Clear away what a crash left of files that were to take the place of this one.

        One that has a second name is what has taken its place: then only this name goes.
        """
        for fresh in path.parent.glob(glob.escape(path.name) + FRESH_PATTERN):
            if fresh.stat().st_nlink > 1:
                self.unlink(fresh)
            else:
                self.shred(fresh, random_bytes)

    def _fresh(self, path: Path, data: bytes, random_bytes: RandomBytes) -> Path:
        fresh = path.with_name(f"{path.name}.{random_bytes(FRESH_TAG_BYTES).hex()}{FRESH_SUFFIX}")
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            self.write(fd, data, 0)
            self.sync(fd)
        finally:
            os.close(fd)
        return fresh


@contextmanager
def locked(folder: Path, *, exclusive: bool, wait: bool = True) -> Iterator[None]:
    """Hold a folder's lock, which is the folder itself: no file is left behind by it.

    Raises BlockingIOError if somebody else has it and ``wait`` is false.
    """
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        flock(fd, (LOCK_EX if exclusive else LOCK_SH) | (0 if wait else LOCK_NB))
        yield
    finally:
        os.close(fd)
