"""A process that ends, or whose disk is full, at any change of the disk that it makes."""

import errno
import os
import signal
import sqlite3
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

DONE, FULL_DISK, BROKE = 0, 3, 4
CHANGES = ("fsync", "ftruncate", "link", "mkdir", "pwrite", "rename", "replace", "rmdir", "unlink", "write")
NEED_ROOM = frozenset({"commit", "ftruncate", "fsync", "link", "mkdir", "open", "pwrite", "write"})
WRITING = os.O_WRONLY | os.O_RDWR

Spoil = Callable[[str, int], None]
"""Told what is about to be done, and how many changes came before it."""


class Changes:
    """Sees every change of the disk that Python makes in this process, before it is made.

    A commit of the database is one change: that SQLite keeps it whole is SQLite's own care.
    """

    def __init__(self, spoil: Spoil) -> None:
        self.count = 0
        self._spoil = spoil
        for name in CHANGES:
            setattr(os, name, self._watched(name, getattr(os, name)))
        opened = os.open
        os.open = lambda path, flags, *more, **how: (  # type: ignore[assignment]
            self._step("open") if flags & WRITING and flags & os.O_CREAT else None,
            opened(path, flags, *more, **how),
        )[1]
        sa.event.listen(sa.Engine, "commit", lambda _connection: self._step("commit"))

    def _watched(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def change(*arguments: Any, **how: Any) -> Any:
            self._step(name)
            # Processes die here, no machine loses its power.
            return None if name == "fsync" else real(*arguments, **how)

        return change

    def _step(self, name: str) -> None:
        self._spoil(name, self.count)
        self.count += 1


def die_at(number: int) -> Spoil:
    """End the process as ``kill -9`` does, before its change of that number."""

    def spoil(_name: str, count: int) -> None:
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return spoil


def full_from(number: int) -> Spoil:
    """From that change on there is no room for anything; what takes none is still done."""

    def spoil(name: str, count: int) -> None:
        if count >= number and name in NEED_ROOM:
            if name == "commit":
                raise sa.exc.OperationalError("", {}, sqlite3.OperationalError("database or disk is full"))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return spoil


def in_another_process(act: Callable[[], None], spoil: Spoil) -> int:
    """Do it in a copy of this process; its exit code, or −9 if it was killed."""
    pid = os.fork()
    if pid == 0:
        code = BROKE
        try:
            Changes(spoil)
            act()
            code = DONE
        except BaseException as error:  # noqa: BLE001 - the other process asks
            code = FULL_DISK if {"disk", "space"} & set(str(error).split()) else BROKE
            if code == BROKE:
                os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
