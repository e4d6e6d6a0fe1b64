"""What every format adapter does: parse a file, serialize annotations, and say in words what got lost."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Protocol

from annotations.model import Annotation
from annotations.ontology import LabelClass, Ontology


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file held.

    Attributes
    ----------
    annotations : in the order of the file.
    new_classes : classes that the ontology lacks and the annotations refer to, with positions after its own.
    losses : one sentence for each kind of thing that could not be kept; it never repeats a text of the file.
    """

    annotations: tuple[Annotation, ...]
    new_classes: tuple[LabelClass, ...]
    losses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Serialized:
    """A file, and one sentence for each kind of thing that its format cannot hold."""

    data: bytes
    losses: tuple[str, ...]


def random_annotation_id() -> str:
    """A new UUID."""
    return str(uuid.uuid4())


def random_class_id() -> str:
    """A new opaque id for a class."""
    return secrets.token_hex(8)


class FormatAdapter(Protocol):
    """One format of one tool, both ways: parsing what was serialized gives the same, or names the loss."""

    @property
    def name(self) -> str:
        """What it is called on the command line and in addresses."""
        ...

    @property
    def media_type(self) -> str:
        """Of its files, for HTTP."""
        ...

    @property
    def file_suffix(self) -> str:
        """Of its files, with the dot."""
        ...

    def parse(
        self,
        data: bytes,
        ontology: Ontology,
        *,
        taken_ids: Container[str] = (),
        new_annotation_id: Callable[[], str] = random_annotation_id,
        new_class_id: Callable[[], str] = random_class_id,
    ) -> Parsed:
        """The annotations of a file. Those with an id in `taken_ids`, or with none, get a new one.

        Raises
        ------
        FormatError : the file cannot be read; one sentence says why.
        """
        ...

    def serialize(self, annotations: Sequence[Annotation], ontology: Ontology) -> Serialized:
        """The file that holds `annotations`."""
        ...
