"""From a file to annotations."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from typing import Any

from annotations.errors import FormatError
from annotations.formats.adapter import Parsed
from annotations.formats.losses import Loss, LossCounter
from annotations.formats.qupath_geojson.classes import (
    Classification,
    UnreadableClassificationError,
    default_color,
    read_classification,
)
from annotations.formats.qupath_geojson.document import features
from annotations.formats.qupath_geojson.extra import CHILDREN, read_extra
from annotations.formats.qupath_geojson.shapes import read_shapes
from annotations.model import Annotation
from annotations.ontology import MAX_CLASS_NAME_LENGTH, MAX_CLASSES, LabelClass, Ontology
from annotations.strict_json import DEFAULT_WIRE_LIMITS

MAX_ANNOTATIONS = 1_000_000

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)

_KINDS = {
    "annotation": "annotation",
    "PathAnnotationObject": "annotation",
    "detection": "detection",
    "PathDetectionObject": "detection",
    "cell": "cell",
    "PathCellObject": "cell",
    "tile": "tile",
    "PathTileObject": "tile",
    "tmaCore": "core",
    "tma_core": "core",
    "TMACoreObject": "core",
    "root": "root",
    "PathRootObject": "root",
}
"""What a feature may call itself; version 0.2 did so in its id."""


def read(
    data: bytes,
    ontology: Ontology,
    taken_ids: Container[str],
    new_annotation_id: Callable[[], str],
    new_class_id: Callable[[], str],
) -> Parsed:
    """See `QuPathGeoJson.parse`."""
    return _Reader(ontology, taken_ids, new_annotation_id, new_class_id).read(data)


class _Reader:
    """The reading of one file: what it has seen, the classes it made, the losses so far."""

    def __init__(
        self,
        ontology: Ontology,
        taken_ids: Container[str],
        new_annotation_id: Callable[[], str],
        new_class_id: Callable[[], str],
    ) -> None:
        self._taken_ids = taken_ids
        self._new_annotation_id = new_annotation_id
        self._classes = _Classes(ontology, new_class_id)
        self._losses = LossCounter()
        self._seen: set[str] = set()

    def read(self, data: bytes) -> Parsed:
        found: list[Annotation] = []
        for feature in features(data):
            for member in self._with_children(feature):
                found.extend(self._annotations(member))
                if len(found) > MAX_ANNOTATIONS:
                    raise FormatError(f"The file holds more than {MAX_ANNOTATIONS:,} annotations.")
        self._losses.add(Loss.CLASS_NAME, self._classes.renamed)
        return Parsed(tuple(found), self._classes.new, self._losses.sentences())

    def _with_children(self, feature: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The feature, then everything inside it, parents first, as QuPath nests a hierarchy."""
        waiting: list[object] = [feature]
        while waiting:
            member = waiting.pop()
            if not isinstance(member, dict):
                raise FormatError("An object inside another one is not a JSON object.")
            properties = member.get("properties")
            if isinstance(properties, dict):
                children = _children(properties)
                if children is not None:
                    self._losses.add(Loss.FLATTENED, len(children))
                    waiting.extend(reversed(children))
            elif properties is not None:
                raise FormatError("The properties of a feature are not a JSON object.")
            yield member

    def _annotations(self, feature: dict[str, Any]) -> Iterator[Annotation]:
        properties = dict(feature.get("properties") or {})
        kind = _kind(feature.get("id"), properties)
        if kind == "root":
            return
        shapes = read_shapes(feature.get("geometry"), self._losses)
        if not shapes:
            return
        if kind != "annotation":
            self._losses.add(Loss.OTHER_KIND)
        class_id = self._class_id(properties.get("classification"))
        layer, extra = read_extra(feature, properties, self._losses)
        for number, shape in enumerate(shapes):
            yield Annotation(
                annotation_id=self._annotation_id(feature.get("id") if number == 0 else None),
                geometry=shape,
                class_id=class_id,
                layer=layer,
                name=self._name(properties.get("name")),
                is_locked=self._is_locked(properties.get("isLocked")),
                extra=extra,
            )

    def _is_locked(self, value: object) -> bool:
        if value is not None and not isinstance(value, bool):
            self._losses.add(Loss.OTHER_VALUE)
        return value is True

    def _annotation_id(self, value: object) -> str:
        if isinstance(value, str) and _UUID.fullmatch(value):
            annotation_id = value.lower()
            if annotation_id not in self._seen and annotation_id not in self._taken_ids:
                self._seen.add(annotation_id)
                return annotation_id
            self._losses.add(Loss.TAKEN_ID)
        elif value is not None and not (isinstance(value, str) and value in _KINDS):
            self._losses.add(Loss.NEW_ID)
        annotation_id = self._new_annotation_id()
        self._seen.add(annotation_id)
        return annotation_id

    def _class_id(self, value: object) -> str | None:
        try:
            classification = read_classification(value)
        except UnreadableClassificationError:
            self._losses.add(Loss.UNREADABLE_CLASS)
            return None
        return None if classification is None else self._classes.id_of(classification)

    def _name(self, value: object) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            self._losses.add(Loss.OTHER_VALUE)
            return ""
        name = value.replace("\0", "")
        if len(name) > DEFAULT_WIRE_LIMITS.max_name_length or name != value:
            self._losses.add(Loss.NAME)
        return name[: DEFAULT_WIRE_LIMITS.max_name_length]


class _Classes:
    """The classes of the ontology by name, and those that the file adds."""

    def __init__(self, ontology: Ontology, new_class_id: Callable[[], str]) -> None:
        self._ontology = ontology
        self._new_class_id = new_class_id
        self._by_name: dict[str, str] = {}
        self._first_position = max((c.position for c in ontology.classes), default=-1) + 1
        self.new: tuple[LabelClass, ...] = ()
        self.renamed = 0

    def id_of(self, classification: Classification) -> str | None:
        """The id of the class, which is made where the ontology has none of that name."""
        known = self._by_name.get(classification.name)
        if known is not None:
            return known
        name = _class_name(classification.name)
        self.renamed += name != classification.name
        existing = self._extended().named(name)
        if existing is None:
            if len(self._ontology.classes) + len(self.new) >= MAX_CLASSES:
                raise FormatError(f"With the classes of the file there would be more than {MAX_CLASSES:,}.")
            existing = LabelClass(
                class_id=self._new_class_id(),
                name=name,
                color=classification.color or default_color(name),
                position=self._first_position + len(self.new),
            )
            self.new = (*self.new, existing)
        self._by_name[classification.name] = existing.class_id
        return existing.class_id

    def _extended(self) -> Ontology:
        return Ontology(self._ontology.revision, (*self._ontology.classes, *self.new))


def _children(properties: dict[str, Any]) -> list[object] | None:
    for key in CHILDREN:
        if key in properties:
            value = properties[key]
            return value if isinstance(value, list) else None
    return None


def _kind(feature_id: object, properties: dict[str, Any]) -> str:
    """What the feature is; the properties that said so are taken out, other uses of their names are not."""
    kind = _KINDS.get(feature_id, "annotation") if isinstance(feature_id, str) else "annotation"
    said = "objectType" in properties
    if said and isinstance(properties["objectType"], str):
        return _KINDS.get(properties["objectType"], "annotation")
    for key in ("object_type", "type"):
        if not said and isinstance(properties.get(key), str) and properties[key] in _KINDS:
            return _KINDS[properties.pop(key)]
    return kind


def _class_name(name: str) -> str:
    printable = "".join(c if c.isprintable() else " " for c in name)
    return " ".join(printable.split())[:MAX_CLASS_NAME_LENGTH].strip() or "Class"
