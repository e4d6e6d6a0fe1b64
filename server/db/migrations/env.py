"""Alembic's entry: runs on the connection that it was handed, inside that connection's transaction."""

from alembic import context

from server.db.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=metadata, transactional_ddl=True, render_as_batch=True
)
context.run_migrations()
