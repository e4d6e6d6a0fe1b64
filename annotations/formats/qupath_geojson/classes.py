"""Classifications in all the forms that QuPath has given them, and the colours it shows where none is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_MAX_PARENTS = 32

_KNOWN_COLORS = {
    "Tumor": "#c80000",
    "Stroma": "#96c896",
    "Immune cells": "#a05aa0",
    "Necrosis": "#323232",
    "Other": "#ffc800",
    "Region*": "#0000b4",
    "Ignore*": "#b4b4b4",
    "Positive": "#fa3f3f",
    "Negative": "#7070e1",
}
"""What QuPath's own palette gives to the classes that it starts with."""

UNCLASSIFIED = "Unclassified"
"""What QuPath calls having no class."""


@dataclass(frozen=True, slots=True)
class Classification:
    """A class as a file names it: "Tumor: Positive" is derived from "Tumor". `color` is "#rrggbb" or None."""

    name: str
    color: str | None


class UnreadableClassificationError(ValueError):
    """A classification of a shape that no version of QuPath writes."""


def read_classification(value: object) -> Classification | None:
    """The classification of a feature, or None where it has none.

    A text; or an object with `name` or `names` and `color` (since 0.4); or with `name`, `colorRGB` and a
    nested `parentClass` (before).

    Raises
    ------
    UnreadableClassificationError : it is none of them.
    """
    if value is None or value == {}:
        return None
    color: str | None = None
    if isinstance(value, str):
        parts = [value]
    elif isinstance(value, dict):
        parts = _names(value)
        color = read_color(value.get("color", value.get("colorRGB")))
    else:
        raise UnreadableClassificationError
    name = ": ".join(part.strip() for part in parts if part.strip())
    if name in ("", UNCLASSIFIED):
        return None
    return Classification(name, color)


def _names(value: dict[str, Any]) -> list[str]:
    names = value.get("names")
    if isinstance(names, list):
        parts = names
    else:
        parts = []
        level: object = value
        while isinstance(level, dict) and len(parts) < _MAX_PARENTS:
            parts.insert(0, level.get("name"))
            level = level.get("parentClass")
    if any(not isinstance(part, str) for part in parts):
        if parts == [None]:
            return []
        raise UnreadableClassificationError
    return parts


def read_color(value: object) -> str | None:
    """The "#rrggbb" of [r, g, b], [r, g, b, a], a packed integer (with or without alpha) or text; or None."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return f"#{value & 0xFFFFFF:06x}" if -(2**31) <= value < 2**32 else None
    if isinstance(value, list) and len(value) in (3, 4):
        channels = value[:3]
        if all(isinstance(c, int) and not isinstance(c, bool) and 0 <= c <= 255 for c in channels):
            return "#{:02x}{:02x}{:02x}".format(*channels)
    if isinstance(value, str) and len(value) == 7 and value.startswith("#"):
        try:
            return f"#{int(value[1:], 16):06x}"
        except ValueError:
            return None
    return None


def write_color(color: str) -> list[int]:
    """[r, g, b] of "#rrggbb"."""
    return [int(color[at : at + 2], 16) for at in (1, 3, 5)]


def default_color(name: str) -> str:
    """The colour that QuPath shows for a class whose file gives none.

    Its palette knows some; any other gets three numbers of java.util.Random, seeded with the String.hashCode
    of its name, so that the same name has the same colour everywhere. A derived class has the colour of its
    base here.
    """
    base = name.partition(":")[0].strip()
    known = _KNOWN_COLORS.get(base)
    if known is not None:
        return known
    seed = (_java_hash(base) ^ 0x5DEECE66D) & 0xFFFFFFFFFFFF
    channels = []
    for _ in range(3):
        seed = (seed * 0x5DEECE66D + 0xB) & 0xFFFFFFFFFFFF
        channels.append(seed >> 40)  # nextInt(256): the highest 8 of the 48 bits, as 256 is a power of two
    return "#{:02x}{:02x}{:02x}".format(*channels)


def _java_hash(text: str) -> int:
    """String.hashCode: over UTF-16 units, as a signed 32-bit integer."""
    value = 0
    units = text.encode("utf-16-be")
    for at in range(0, len(units), 2):
        value = (31 * value + int.from_bytes(units[at : at + 2], "big")) & 0xFFFFFFFF
    return value - 2**32 if value >= 2**31 else value
