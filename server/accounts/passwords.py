"""Passwords: argon2id, and the rule for new ones. A password is never logged and never stored."""

import unicodedata
from collections.abc import Callable
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.errors import InvalidInputError

MINIMUM_LENGTH = 12
MAXIMUM_LENGTH = 1024
"""Hashing takes time with the length: nobody may keep the server busy with a book."""

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 characters that are not mistaken for one another on paper."""


class Hasher(Protocol):
    """What is needed of an argon2 hasher."""

    def hash(self, password: str | bytes) -> str: ...

    def verify(self, hash: str, password: str | bytes) -> bool: ...  # noqa: A002 - argon2-cffi's own name

    def check_needs_rehash(self, hash: str) -> bool: ...  # noqa: A002 - argon2-cffi's own name


class Passwords:
    """Hash and verify. Both take tens of milliseconds and 64 MiB on purpose: call them on a thread."""

    def __init__(self, hasher: Hasher | None = None) -> None:
        # The defaults of argon2-cffi are RFC 9106's second recommendation: argon2id, 64 MiB, 3 passes.
        self._hasher = hasher or PasswordHasher()
        self._nobodys: str | None = None

    def hash(self, password: str) -> str:
        """The text to store: algorithm, parameters, salt and hash."""
        return self._hasher.hash(_composed(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether ``password`` is the one. For nobody's (None) the same work is done, and it is not."""
        if len(password) > MAXIMUM_LENGTH:
            password = ""
        # Made at the first question whoever it is about, so that the extra time tells nothing.
        self._nobodys = self._nobodys or self._hasher.hash("nobody has this password")
        try:
            matches = self._hasher.verify(self._nobodys if stored is None else stored, _composed(password))
        except (VerificationError, InvalidHashError):
            return False
        return matches and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether it was hashed with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)


def check_new_password(password: str, username: str) -> None:
    """Raise :class:`InvalidInputError`, without repeating it, unless a person may choose this password."""
    if len(unicodedata.normalize("NFC", password)) < MINIMUM_LENGTH:
        raise InvalidInputError(f"A password needs at least {MINIMUM_LENGTH} characters.")
    if len(password) > MAXIMUM_LENGTH:
        raise InvalidInputError(f"A password has at most {MAXIMUM_LENGTH} characters.")
    if password.casefold() == username.casefold():
        raise InvalidInputError("A password must not be the username.")


def generate_password(random_bytes: Callable[[int], bytes]) -> str:
    """A random password of 20 characters in five groups, 100 bits."""
    picked = "".join(_ALPHABET[number % len(_ALPHABET)] for number in random_bytes(20))
    return "-".join(picked[start : start + 4] for start in range(0, 20, 4))


def _composed(password: str) -> bytes:
    # A terminal can hand over bytes that are no UTF-8; they are a password like any other.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
