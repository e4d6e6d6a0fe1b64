"""The embedded database: one writer, several readers, durable before it answers.

SQLite in WAL mode with ``synchronous=FULL``: when :meth:`Database.write` returns, the transaction is on the
disk. All writes of a process go through one connection on one thread, each inside ``BEGIN IMMEDIATE``.
SQLite before 3.51.3 can damage a database when two connections reset the WAL at the same moment, so
only the process that holds the checkpoint lock ever checkpoints; every other connection never does.
"""

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine import Row as _SaRow

from server.errors import OutOfSpaceError, StorageError

Result = TypeVar("Result")
Row = _SaRow[*tuple[Any, ...]]

BUSY_WAIT_S = 20.0
CHECKPOINT_PAGES = 2000
READER_COUNT = 4


class Database:
    """The database of one data folder. Thread-safe; close it when done."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock_fd = os.open(path.with_suffix(".checkpoint"), os.O_RDWR | os.O_CREAT, 0o600)
        self._checkpoints = _try_lock(self._lock_fd)
        self._writer = self._engine(writer=True)
        self._readers = self._engine(writer=False)
        self._write_lock = threading.Lock()
        self._write_pool = ThreadPoolExecutor(1, thread_name_prefix="db-write")
        self._read_pool = ThreadPoolExecutor(READER_COUNT, thread_name_prefix="db-read")

    def _engine(self, *, writer: bool) -> Engine:
        engine = sa.create_engine(
            f"sqlite:///{self.path}",
            poolclass=sa.pool.QueuePool,
            pool_size=1 if writer else READER_COUNT,
            max_overflow=0 if writer else READER_COUNT,
            # An error's text would otherwise hold what was to be written: a case's name, a label.
            hide_parameters=True,
            connect_args={"check_same_thread": False, "timeout": BUSY_WAIT_S},
        )

        @sa.event.listens_for(engine, "connect")
        def configure(dbapi: sqlite3.Connection, _record: object) -> None:
            dbapi.isolation_level = None
            dbapi.execute("PRAGMA journal_mode=WAL")
            dbapi.execute("PRAGMA synchronous=FULL")
            dbapi.execute("PRAGMA foreign_keys=ON")
            dbapi.execute("PRAGMA secure_delete=ON")
            dbapi.execute("PRAGMA temp_store=MEMORY")
            pages = CHECKPOINT_PAGES if writer and self._checkpoints else 0
            dbapi.execute(f"PRAGMA wal_autocheckpoint={pages}")
            if not writer:
                dbapi.execute("PRAGMA query_only=ON")

        @sa.event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

        return engine

    def write_now(self, work: Callable[[Connection], Result]) -> Result:
        """Run ``work`` in one write transaction on this thread; durable when it returns, undone if it raises.

        Raises :class:`OutOfSpaceError` if the disk is full, :class:`StorageError` if the file cannot be used.
        """
        with self._write_lock:
            try:
                with self._writer.begin() as connection:
                    return work(connection)
            except sa.exc.OperationalError as error:
                raise _storage_error(error) from error

    def read_now(self, work: Callable[[Connection], Result]) -> Result:
        """Run ``work`` in one read transaction (one consistent snapshot) on this thread."""
        try:
            with self._readers.begin() as connection:
                return work(connection)
        except sa.exc.OperationalError as error:
            raise _storage_error(error) from error

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """:meth:`write_now` on the writer's own thread."""
        return await asyncio.get_running_loop().run_in_executor(self._write_pool, self.write_now, work)

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """:meth:`read_now` on a reader's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._read_pool, self.read_now, work)

    def checkpoint_now(self) -> None:
        """Fold the log back as far as it can be, if this process is the one that may; waits for nobody.

        Its own commits do so by themselves; this is for what other processes have committed.
        """
        if not self._checkpoints:
            return
        with self._write_lock:
            try:
                connection = self._writer.raw_connection()
                try:
                    # Not through SQLAlchemy: inside a transaction there is no folding back.
                    connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").close()
                finally:
                    connection.close()
            except (sqlite3.OperationalError, sa.exc.OperationalError) as error:
                raise StorageError("The database's log could not be folded back.") from error

    def close(self) -> None:
        """Wait for work in hand, fold the WAL back if this process may, and close all connections."""
        self._write_pool.shutdown()
        self._read_pool.shutdown()
        self._readers.dispose()
        self._writer.dispose()
        if self._lock_fd >= 0:
            # Closed twice, the number could be somebody else's file by now.
            os.close(self._lock_fd)
            self._lock_fd = -1

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _storage_error(error: sa.exc.OperationalError) -> OutOfSpaceError | StorageError:
    # The driver's text is matched, never shown: it can contain the statement's parameters.
    text = str(error.orig)
    if "full" in text or "disk I/O" in text:
        return OutOfSpaceError(
            "The server's disk is full. Nothing of this was saved; free some space and try again."
        )
    if "locked" in text or "busy" in text:
        return StorageError("The database is busy. Nothing of this was saved; try again.")
    return StorageError("The database could not carry this out. Nothing of it was saved.")
