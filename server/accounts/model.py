"""The values of this floor. A role is a text here; what it allows is known to ``server.access``."""

import re
import unicodedata
from dataclasses import dataclass

from server.errors import InvalidInputError

USERNAME_LIMIT = 64
_USERNAME = re.compile(r"[\w.@+-]+")


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in, unless ``disabled_at`` says since when not. Times are RFC 3339."""

    account_id: str
    username: str
    role: str
    created_at: str
    disabled_at: str | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whose session or API token it is, and how long it lasts."""

    account_id: str
    username: str
    role: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A program's key to an account. The token itself is shown once and never stored."""

    token_id: str
    account_id: str
    name: str
    created_at: str
    expires_at: str
    revoked_at: str | None


@dataclass(frozen=True, slots=True)
class Doer:
    """Who causes a change and from where, as the audit log will have it."""

    account_id: str | None
    name: str
    origin: str


def fold_username(text: str) -> str:
    """The one spelling of a username: composed characters, no capitals. “Anna” and “anna” are one person."""
    # Half characters, as a terminal can hand them over, become question marks, which no name has.
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFC", whole.strip().casefold())


def checked_username(text: str) -> str:
    """:func:`fold_username`, for a new account. Raises :class:`InvalidInputError` for an unusable name."""
    name = fold_username(text)
    if len(name) > USERNAME_LIMIT or _USERNAME.fullmatch(name) is None:
        raise InvalidInputError(
            f"A username has 1 to {USERNAME_LIMIT} letters, digits or “. _ - + @”, and no spaces."
        )
    return name
