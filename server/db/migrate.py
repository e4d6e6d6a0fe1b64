"""Bring a database to the newest schema: every step is one transaction together with its record."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from server.db.engine import Database
from server.errors import StorageError

MIGRATIONS = Path(__file__).parent / "migrations"


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for our migrations; needs no file of its own."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def upgrade(database: Database) -> None:
    """Apply what is missing. Raises :class:`StorageError` if a newer Slidereel has written this database."""

    def work(connection: Connection) -> None:
        script = ScriptDirectory.from_config(alembic_config())
        if current := MigrationContext.configure(connection).get_current_revision():
            known = {revision.revision for revision in script.walk_revisions()}
            if current not in known:
                raise StorageError(
                    "This data folder was written by a newer Slidereel; use that version or newer."
                )
        command.upgrade(alembic_config(connection), "head")

    database.write_now(work)


def is_current(connection: Connection) -> bool:
    """Whether the database has the schema that this program expects."""
    script = ScriptDirectory.from_config(alembic_config())
    try:
        return MigrationContext.configure(connection).get_current_revision() == script.get_current_head()
    except sa.exc.OperationalError:
        return False
