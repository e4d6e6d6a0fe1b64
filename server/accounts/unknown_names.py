"""Wrong sign-ins under names that nobody has: they wait like the others, or a wait would tell who exists.

All processes of a server count together, in memory that they share; a process on its own has its own. The
memory is a table of fixed size with a place for each digest of a name. Two names that meet in one place (one
chance in 65,536) count together: the one waits a little early, which tells nobody anything.
"""

import fcntl
import hashlib
import mmap
import os
import struct
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_PLACE = struct.Struct("=Id")
PLACES = 1 << 16
_KEY_BYTES = 16


class SharedFailures:
    """The table: per place a count and when the wait ends (POSIX seconds, 0: never had to).

    Made before processes are forked; they then share it. The places are found with a random key, so that
    nobody can work out which names meet.
    """

    def __init__(self) -> None:
        self._table = mmap.mmap(-1, PLACES * _PLACE.size)
        self._key = os.urandom(_KEY_BYTES)
        self._lock_fd = os.memfd_create("slidereel-sign-ins", os.MFD_CLOEXEC)
        weakref.finalize(self, os.close, self._lock_fd)

    def place(self, name: str) -> int:
        """Where this name's failures are counted: an offset in the table."""
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), key=self._key, digest_size=8)
        return int.from_bytes(digest.digest(), "big") % PLACES * _PLACE.size

    def read(self, place: int) -> tuple[int, float]:
        """Failures, and when the wait ends."""
        count, until_s = _PLACE.unpack_from(self._table, place)
        return count, until_s

    def write(self, place: int, count: int, until_s: float) -> None:
        """Note both; inside :meth:`locked`."""
        _PLACE.pack_into(self._table, place, count, until_s)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody in another process counts at the same moment. For one thread of each process."""
        fcntl.lockf(self._lock_fd, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._lock_fd, fcntl.LOCK_UN)


class UnknownNames:
    """Counts failures by name, for as long as the server runs. For one event loop of each process."""

    def __init__(self, attempts: int, wait_s: int, failures: SharedFailures | None = None) -> None:
        self._attempts = attempts
        self._wait_s = wait_s
        self._failures = failures or SharedFailures()

    def wait_until(self, name: str) -> datetime | None:
        """When this name may be tried again, None if now."""
        _, until_s = self._failures.read(self._failures.place(name))
        return datetime.fromtimestamp(until_s, UTC) if until_s else None

    def note_failure(self, name: str, now: datetime) -> None:
        """Count one more."""
        place = self._failures.place(name)
        with self._failures.locked():
            count, until_s = self._failures.read(place)
            if count + 1 >= self._attempts:
                until_s = (now + timedelta(seconds=self._wait_s)).timestamp()
            self._failures.write(place, min(count + 1, 1 << 30), until_s)
