"""The classes that a label may have: their names, colours and keys."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from annotations.errors import InvalidOntologyError

MAX_CLASSES = 1000
MAX_CLASS_NAME_LENGTH = 100
MAX_DESCRIPTION_LENGTH = 2000

RESERVED_HOTKEYS = frozenset("mrolpvbwsahfncez.[]<>,0+-_=?/\\")
"""Keys that the viewer's tools have: QuPath's letters (move, rectangle, oval, line, polygon, polyline, brush,
wand, select, show annotations, hide, fill, names, classification, points) and HistomicsUI's brush size,
rotation and upright, beside zoom and help. The digits 1 to 9 are free: they are what people expect a class to
have."""

_COLOR = re.compile(r"#[0-9a-f]{6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class LabelClass:
    """One class of the ontology.

    Attributes
    ----------
    class_id : opaque; labels refer to it, so that renaming a class changes no label.
    name : 1 to 100 characters. "Tumor: Positive" is a class of its own, as in QuPath.
    color : "#rrggbb", lower case.
    hotkey : one printable character that is no tool's key, or None.
    position : where it stands in the list, from 0.
    is_archived : labels keep it, new ones cannot get it.
    """

    class_id: str
    name: str
    color: str
    hotkey: str | None = None
    description: str = ""
    position: int = 0
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class Ontology:
    """The classes of a project, at one revision. An instance is always consistent.

    Raises
    ------
    InvalidOntologyError : a class id, a name (ignoring case; archived ones count) or a key (of a class that
        is not archived) occurs twice; a key belongs to a tool; a name, colour, key or description has not the
        right form.
    """

    revision: int = 0
    classes: tuple[LabelClass, ...] = ()
    _by_id: dict[str, LabelClass] = field(init=False, repr=False, compare=False)
    _by_name: dict[str, LabelClass] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.classes) > MAX_CLASSES:
            raise InvalidOntologyError(f"An ontology has at most {MAX_CLASSES} classes.")
        for number, label_class in enumerate(self.classes, start=1):
            _check_class(label_class, number)
        _check_unique((c.class_id for c in self.classes), "id")
        _check_unique((_folded(c.name) for c in self.classes), "name")
        _check_unique(
            (c.hotkey.casefold() for c in self.classes if c.hotkey is not None and not c.is_archived), "key"
        )
        object.__setattr__(self, "_by_id", {c.class_id: c for c in self.classes})
        object.__setattr__(self, "_by_name", {_folded(c.name): c for c in self.classes})

    def get(self, class_id: str) -> LabelClass | None:
        """The class with this id, archived or not, or None."""
        return self._by_id.get(class_id)

    def named(self, name: str) -> LabelClass | None:
        """The class with this name, ignoring case and the form of its accents, or None."""
        return self._by_name.get(_folded(name))


def _check_class(label_class: LabelClass, number: int) -> None:
    """The sentences count the classes rather than name them: errors are logged, names are people's text."""
    name = label_class.name
    if not label_class.class_id:
        raise InvalidOntologyError(f"Class {number} has no id.")
    if not is_class_name(name):
        raise InvalidOntologyError(
            f"The name of class {number} must have 1 to {MAX_CLASS_NAME_LENGTH} printable characters, "
            "without spaces at its ends."
        )
    if _COLOR.fullmatch(label_class.color) is None:
        raise InvalidOntologyError(f"The colour of class {number} must be written #rrggbb, in lower case.")
    if len(label_class.description) > MAX_DESCRIPTION_LENGTH:
        raise InvalidOntologyError(
            f"The description of class {number} has more than {MAX_DESCRIPTION_LENGTH} characters."
        )
    key = label_class.hotkey
    if key is None:
        return
    if len(key) != 1 or not key.isprintable() or key.isspace():
        raise InvalidOntologyError(f"The key of class {number} must be one printable character.")
    if key.casefold() in RESERVED_HOTKEYS:
        raise InvalidOntologyError(f"The key of class {number} belongs to a tool of the viewer.")


def is_class_name(name: str) -> bool:
    """Whether a class may be called `name`."""
    return 0 < len(name) <= MAX_CLASS_NAME_LENGTH and name.isprintable() and name == name.strip()


def _check_unique(values: Iterable[str], what: str) -> None:
    seen: dict[str, int] = {}
    for number, value in enumerate(values, start=1):
        if value in seen:
            raise InvalidOntologyError(f"Two classes have the same {what}.")
        seen[value] = number


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())
