"""In which line of a TOML text a key stands: the parser of the standard library does not say."""

import tomllib
from collections.abc import Sequence

MOST_ATTEMPTS = 60
"""Parsings of the text's beginning; where more would be needed the line is left unsaid."""


def line_of(text: str, keys: Sequence[str]) -> int | None:
    """The line, from 1, in which a key's value is given: the first one by which the text says it.

    keys: from the outermost table on; of one that is not there, the line of the table that should have it.
    None where that is none either.
    """
    lines = text.splitlines(keepends=True)
    attempts = MOST_ATTEMPTS
    for depth in range(len(keys), 0, -1):
        for number, line in enumerate(lines):
            if keys[depth - 1] not in line:
                continue
            # A value may go on over several lines; until its end the text is no TOML.
            for end in range(number + 1, len(lines) + 1):
                attempts -= 1
                if attempts < 0:
                    return None
                said = _parsed("".join(lines[:end]))
                if said is not None:
                    if _has(said, keys[:depth]):
                        return number + 1
                    break
    return None


def _parsed(text: str) -> object:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _has(table: object, keys: Sequence[str]) -> bool:
    for key in keys:
        if not isinstance(table, dict) or key not in table:
            return False
        table = table[key]
    return True
