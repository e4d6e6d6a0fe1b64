"""Who holds a job, and whether he is still alive.

A lease alone makes the survivors of a crash wait until it runs out. So each process that claims jobs also
holds a lock on a small file: the kernel lets go of it at the moment the process dies, however it dies.
"""

import fcntl
import os
from pathlib import Path

from server.ambient import Ambient

SUFFIX = ".lock"


class Owner:
    """This process, as the holder of jobs; a context manager."""

    def __init__(self, directory: Path, ambient: Ambient) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.owner_id = ambient.new_id()
        self._path = directory / (self.owner_id + SUFFIX)
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def close(self) -> None:
        """Cease to be an owner; what is still held can be claimed by others."""
        self._path.unlink(missing_ok=True)
        os.close(self._fd)

    def __enter__(self) -> "Owner":
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


class LiveOwners:
    """Tells live owners from dead ones."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def __call__(self, owner_id: str) -> bool:
        """Whether that process still runs."""
        try:
            fd = os.open(self._directory / (owner_id + SUFFIX), os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            # Shared, so that two processes that look at the same moment do not see each other.
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False

    def sweep(self) -> None:
        """Remove what dead owners left behind."""
        for path in self._directory.glob("*" + SUFFIX):
            if not self(path.stem):
                path.unlink(missing_ok=True)
