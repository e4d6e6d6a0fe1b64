"""The annotation: one label on one image, as a value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from shapely.geometry.base import BaseGeometry

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"
"""Anything that JSON can say. Numbers are finite."""

DEFAULT_LAYER = "default"

_CANONICAL_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in its canonical form: 36 lower-case characters with four hyphens.

    Only the canonical form is taken: an id that came back in another spelling would be a second id to its
    maker.
    """
    return _CANONICAL_UUID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Annotation:
    """One label: a shape, what it means, and what other tools said about it.

    Attributes
    ----------
    annotation_id : UUID in canonical form, made by whoever drew the label; it never changes.
    geometry : Point, MultiPoint, LineString, MultiLineString, Polygon or MultiPolygon in level-0 pixels of a
        slide or frame pixels of a video, x to the right, y down, (0, 0) the upper left corner of the upper
        left pixel. Exactly the doubles that were drawn.
    class_id : a class of the ontology, or None for a label that has none yet.
    layer : labels of one purpose are kept apart from those of another by layer.
    name : free text of whoever drew it; may be empty.
    is_locked : its shape is not to be changed.
    extra : what other tools attached (measurements, metadata, …), carried through untouched. Not to be
        modified.
    """

    annotation_id: str
    geometry: BaseGeometry
    class_id: str | None = None
    layer: str = DEFAULT_LAYER
    name: str = ""
    is_locked: bool = False
    extra: Mapping[str, JSON] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class StoredAnnotation:
    """An annotation as a store holds it, with where it comes from.

    Attributes
    ----------
    revision : the revision in which it got its present value.
    author : who gave it its present value; an opaque account id.
    created_at, updated_at : UTC, time of the first and the newest commit that touched it.
    """

    annotation: Annotation
    revision: int
    author: str
    created_at: datetime
    updated_at: datetime
