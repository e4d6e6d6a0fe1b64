"""Who may do what. Deny by default: what no role is given here, nobody may."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from server.errors import ForbiddenError, UnauthenticatedError


class Permission(StrEnum):
    """Everything that can be allowed."""

    ASSET_LIST = "asset.list"
    """See released assets and their cases."""
    ASSET_VIEW = "asset.view"
    """Open a released asset: its pixels and its metadata."""
    ASSET_INTAKE = "asset.intake"
    """See assets that are not released, their progress and their scrub report."""
    ASSET_INGEST = "asset.ingest"
    """Bring files in; cancel, retry and discard."""
    ASSET_RELEASE = "asset.release"
    """See an asset as it was and as it became, scrub it again, reject it, sign for its release."""
    ANNOTATION_READ = "annotation.read"
    ANNOTATION_WRITE = "annotation.write"
    ANNOTATION_EXPORT = "annotation.export"
    ONTOLOGY_READ = "ontology.read"
    ONTOLOGY_WRITE = "ontology.write"
    ACCOUNT_MANAGE = "account.manage"
    AUDIT_READ = "audit.read"
    SESSION_OWN = "session.own"
    """Look at and end one's own session."""


class Role(StrEnum):
    """What a person is here for."""

    ADMIN = "admin"
    PRIVACY_OFFICER = "privacy_officer"
    REVIEWER = "reviewer"
    ANNOTATOR = "annotator"
    AUDITOR = "auditor"


_SIGNED_IN = frozenset({Permission.SESSION_OWN})
_READS = _SIGNED_IN | {
    Permission.ASSET_LIST,
    Permission.ASSET_VIEW,
    Permission.ANNOTATION_READ,
    Permission.ONTOLOGY_READ,
}
_ANNOTATES = _READS | {Permission.ANNOTATION_WRITE}

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.PRIVACY_OFFICER: _READS
    | {Permission.ASSET_INTAKE, Permission.ASSET_INGEST, Permission.ASSET_RELEASE},
    Role.REVIEWER: _ANNOTATES | {Permission.ANNOTATION_EXPORT},
    Role.ANNOTATOR: _ANNOTATES | {Permission.ANNOTATION_EXPORT},
    Role.AUDITOR: _SIGNED_IN | {Permission.AUDIT_READ, Permission.ASSET_LIST, Permission.ASSET_INTAKE},
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks: a person at a browser, a program with a token, or the command line."""

    account_id: str | None
    username: str
    role: Role
    permissions: frozenset[Permission]

    def may(self, permission: Permission) -> bool:
        """Whether this is allowed."""
        return permission in self.permissions


def actor_for(account_id: str, username: str, role: Role) -> Actor:
    """The actor that an account stands for."""
    return Actor(account_id, username, role, ROLE_PERMISSIONS[role])


COMMAND_LINE = Actor(None, "command line", Role.ADMIN, frozenset(Permission))
"""Who can write the data folder can do everything; the audit log says that it was done from there."""

SYSTEM = Actor(None, "system", Role.ADMIN, frozenset(Permission))
"""What the server does of itself: recovery, expiry."""


def require(actor: Actor | None, permission: Permission) -> Actor:
    """The actor, if he may. Raises :class:`UnauthenticatedError` or :class:`ForbiddenError`."""
    if actor is None:
        raise UnauthenticatedError("Sign in to continue.")
    if permission not in actor.permissions:
        raise ForbiddenError(f"Your role ({actor.role}) does not include “{permission}”.")
    return actor
