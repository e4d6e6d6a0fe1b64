"""The one layer that speaks SQL's dialects: engine, schema, migrations."""

from server.db.engine import Database, Row
from server.db.migrate import upgrade

__all__ = ["Database", "Row", "upgrade"]
