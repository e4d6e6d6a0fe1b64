"""One request at a time works on an upload, and the newest wins, whichever process it came to.

A client that lost its connection comes back before the server has noticed. The older request is then broken
off, which makes it save what it has, and the newer one waits until it has. Among the processes of a
data folder the turn is a lock on a small file; who wants it puts a second file beside it, and the holder
looks for that a few times a second: it may be waiting for bytes that never come.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from weakref import WeakValueDictionary

from server.errors import StorageError

TURN_WAIT_S = 15.0
LOOK_S = 0.2
WAIT_S = 0.05


class Turns:
    """The turns of one data folder, for one event loop. ``directory`` is made when it is needed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        # Held by those who wait or work, and by nobody afterwards.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._breakers: dict[str, Callable[[], None]] = {}

    @contextlib.asynccontextmanager
    async def take(self, upload_id: str, break_off: Callable[[], None]) -> AsyncIterator[None]:
        """Wait for the turn; ``break_off`` is called when somebody wants the next; :class:`StorageError`.

        ``upload_id`` is that of an upload that exists: it becomes a file's name.
        """
        lock = self._locks.setdefault(upload_id, asyncio.Lock())
        if (breaker := self._breakers.get(upload_id)) is not None:
            breaker()
        try:
            async with asyncio.timeout(TURN_WAIT_S):
                await lock.acquire()
        except TimeoutError as error:
            raise _still_written() from error
        try:
            self._breakers[upload_id] = break_off
            async with self._among_processes(upload_id, break_off):
                yield
        finally:
            self._breakers.pop(upload_id, None)
            lock.release()

    @contextlib.asynccontextmanager
    async def _among_processes(self, upload_id: str, break_off: Callable[[], None]) -> AsyncIterator[None]:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        turn = self._directory / f"{upload_id}.turn"
        wanted = self._directory / f"{upload_id}.wanted"
        fd = await _acquire(turn, wanted)
        looking = asyncio.create_task(_look_out(wanted, break_off))
        try:
            yield
        finally:
            looking.cancel()
            # The name goes while the lock is held; who waits for it finds it gone and makes another.
            turn.unlink(missing_ok=True)
            os.close(fd)


async def _acquire(turn: Path, wanted: Path) -> int:
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + TURN_WAIT_S
    try:
        while (fd := _lock_at(turn)) is None:
            wanted.touch(mode=0o600)
            if loop.time() > ends_s:
                raise _still_written()
            await asyncio.sleep(WAIT_S)
    finally:
        wanted.unlink(missing_ok=True)
    return fd


def _lock_at(path: Path) -> int | None:
    """A descriptor that holds the lock on the file of this name, None if somebody else does."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(fd), path.stat()):
            return fd
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(fd)
        raise
    os.close(fd)
    return None


async def _look_out(wanted: Path, break_off: Callable[[], None]) -> None:
    while not wanted.exists():
        await asyncio.sleep(LOOK_S)
    break_off()


def _still_written() -> StorageError:
    return StorageError("This upload is still being written; try again.")
