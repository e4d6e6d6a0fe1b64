"""Pages of a list, newest first. A cursor is opaque to the caller: it names the last entry he has seen."""

import base64
import binascii
from dataclasses import dataclass
from typing import Generic, TypeVar

import sqlalchemy as sa

from server.errors import InvalidInputError

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some entries, and where to go on (None: that was all)."""

    items: tuple[Item, ...]
    next_cursor: str | None


def encode_cursor(created_at: str, entry_id: str) -> str:
    """The cursor behind this entry."""
    return base64.urlsafe_b64encode(f"{created_at}|{entry_id}".encode()).decode().rstrip("=")


def after(cursor: str, created_at: sa.Column[str], entry_id: sa.Column[str]) -> sa.ColumnElement[bool]:
    """The condition for entries older than the cursor's; :class:`InvalidInputError` if we did not make it."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        stamp, last_id = text.split("|")
    except (binascii.Error, ValueError) as error:
        raise InvalidInputError("The cursor is not one that this list handed out.") from error
    return sa.tuple_(created_at, entry_id) < sa.tuple_(sa.literal(stamp), sa.literal(last_id))
