"""Whether an account may do something as it stands in the database at this moment, whatever is remembered."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server.access.permission import ROLE_PERMISSIONS, Permission, Role
from server.db.schema import account

_ROLES = frozenset(Role)


def may_still(connection: Connection, account_id: str, permission: Permission) -> bool:
    """Whether this account is there, is not disabled, and has a role that includes it."""
    query = sa.select(account.c.role).where(
        account.c.account_id == account_id, account.c.disabled_at.is_(None)
    )
    role = connection.execute(query).scalar_one_or_none()
    # A role that this version does not know may do nothing here.
    return role in _ROLES and permission in ROLE_PERMISSIONS[Role(role)]
