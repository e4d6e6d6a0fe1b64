"""Read a table of a policy file strictly: every key is known, every value of its kind.

Sentences name a key, never a value: a value may be anything that somebody pasted into the wrong file.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from server.errors import ConfigError

_LONGEST_TEXT = 300
_MOST_DAYS = 36_500
_SHOWN_KEY_CHARACTERS = 40
Choice = TypeVar("Choice", bound=StrEnum)


class PolicyError(ConfigError):
    """The policy file cannot be used. keys: the way to what is wrong in it, from the outermost table on."""

    def __init__(self, message: str, keys: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.keys = keys


class PolicyTable:
    """One table of the file. Ask for each key once, then call `close`.

    keys: those that lead here ("profile", "strict"); none for the file itself.
    """

    def __init__(self, values: Mapping[str, Any], keys: tuple[str, ...] = ()) -> None:
        self._keys = keys
        self._values = dict(values)

    def refuse(self, key: str, what_is_wrong: str) -> PolicyError:
        """The error about one of the table's keys: “The policy's key “…” needs a text of one line.”"""
        keys = (*self._keys, key)
        name = ".".join(map(_shown, keys))
        return PolicyError(f"The policy's key “{name}” {what_is_wrong}.", keys)

    def text(self, key: str, default: str | None = None) -> str:
        """A text of one line, not empty. Raises PolicyError, also where there is neither it nor a default."""
        if default is None and key not in self._values:
            raise self.refuse(key, "is missing; it needs a text of one line")
        value = self._values.pop(key, default)
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise self.refuse(key, "needs a text of one line")
        if len(value) > _LONGEST_TEXT:
            raise self.refuse(key, f"needs a text of at most {_LONGEST_TEXT} characters")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Raises PolicyError."""
        value = self._values.pop(key, default)
        if not isinstance(value, bool):
            raise self.refuse(key, "needs true or false")
        return value

    def number(self, key: str, permitted: range, *, default: int) -> int:
        """A whole number of a short range. Raises PolicyError."""
        value = self._values.pop(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value not in permitted:
            raise self.refuse(key, "needs " + " or ".join(map(str, permitted)))
        return value

    def days(self, key: str) -> int | None:
        """A number of days, None where the file gives none. Raises PolicyError."""
        value = self._values.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST_DAYS:
            raise self.refuse(key, f"needs a whole number of days from 1 to {_MOST_DAYS}")
        return value

    def choice(self, key: str, default: Choice) -> Choice:
        """One of the words of the default's enumeration. Raises PolicyError."""
        kind = type(default)
        value = self._values.pop(key, default.value)
        for choice in kind:
            if value == choice.value:
                return choice
        raise self.refuse(key, "needs one of: " + ", ".join(kind))

    def exactly(self, key: str, expected: tuple[str, ...]) -> None:
        """A list that may be written down, and must then be this one. Raises PolicyError."""
        value = self._values.pop(key, list(expected))
        if value != list(expected):
            raise self.refuse(
                key,
                "needs exactly the list that `slidereel policy show` prints: a policy cannot change it",
            )

    def table(self, key: str) -> "PolicyTable":
        """A table within this one; an empty one where the file has none. Raises PolicyError."""
        value = self._values.pop(key, {})
        if not isinstance(value, dict):
            raise self.refuse(key, "needs a table")
        return PolicyTable(value, (*self._keys, key))

    def names(self) -> tuple[str, ...]:
        """The keys of what has not been asked for yet."""
        return tuple(self._values)

    def close(self) -> None:
        """Raises PolicyError if the file says something that nobody asked for: it would have no effect."""
        for key in self._values:
            raise self.refuse(key, "is not known")


def _shown(key: str) -> str:
    """A key may be anything, too: what cannot be printed is not, and of a long one only the beginning."""
    shown = key if len(key) <= _SHOWN_KEY_CHARACTERS else key[:_SHOWN_KEY_CHARACTERS] + "…"
    return "".join(letter if letter.isprintable() else "·" for letter in shown)
