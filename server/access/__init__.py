"""Who is asking, and what they may do."""

from server.access.permission import (
    COMMAND_LINE,
    ROLE_PERMISSIONS,
    SYSTEM,
    Actor,
    Permission,
    Role,
    actor_for,
    require,
)
from server.access.standing import may_still

__all__ = [
    "COMMAND_LINE",
    "ROLE_PERMISSIONS",
    "SYSTEM",
    "Actor",
    "Permission",
    "Role",
    "actor_for",
    "may_still",
    "require",
]
