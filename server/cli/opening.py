"""Open a data folder for a command."""

import os
from pathlib import Path

from server.config import Settings
from server.db import Database, upgrade
from server.errors import StorageError

DATABASE_NAME = "slidereel.sqlite"


def database_path(settings: Settings) -> Path:
    """Where the database of a data folder is."""
    return settings.data / DATABASE_NAME


def open_database(settings: Settings) -> Database:
    """The data folder's database at the newest schema; folder and database are made if they are missing.

    Raises :class:`StorageError` if the folder cannot be made or written.
    """
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Files that the server makes are for its own account alone.
        os.umask(0o077)
        database = Database(database_path(settings))
    except OSError as error:
        raise StorageError(f"The data folder cannot be used: {error.strerror}.") from error
    try:
        upgrade(database)
    except BaseException:
        database.close()
        raise
    return database


def open_existing_database(settings: Settings) -> Database:
    """:func:`open_database` for commands that only make sense where there is one: a mistyped folder is
    an error.

    Raises :class:`StorageError`.
    """
    if not database_path(settings).is_file():
        raise StorageError("There is no Slidereel data in this folder; say where it is with --data.")
    return open_database(settings)
