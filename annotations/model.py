"""The annotation: one label on one image, as a value; still, or over the frames of a video."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from shapely.geometry.base import BaseGeometry

from annotations.errors import InvalidGeometryError

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"
"""Anything that JSON can say. Numbers are finite."""

DEFAULT_LAYER = "default"
DEFAULT_TIER = "default"

_CANONICAL_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in its canonical form: 36 lower-case characters with four hyphens.

    Only the canonical form is taken: an id that came back in another spelling would be a second id to its
    maker.
    """
    return _CANONICAL_UUID.fullmatch(text) is not None


class TrackShape(StrEnum):
    """What a track is throughout: the kind of shape decides how it moves between key frames."""

    BOX = "box"
    """A Polygon of exactly four corners, upper left, upper right, lower right, lower left *of its own frame*,
    with right angles; it is turned by the direction of its first side."""
    POINT = "point"
    """A Point or a MultiPoint, of one number of points in every key frame."""
    POLYLINE = "polyline"
    """A LineString."""
    POLYGON = "polygon"
    """A Polygon or a MultiPolygon, holes allowed; parts and holes may come and go."""


@dataclass(frozen=True, slots=True)
class Keyframe:
    """What a person said a track is on one frame. It is never altered by what is computed from it.

    Attributes
    ----------
    frame : from 0.
    geometry : frame px, exactly the doubles that were drawn; of a hidden one, where it would be.
    is_outside : the object is not to be seen from this frame on, until the next key frame that is not
        outside.
    is_occluded : something else covers it, from this frame until the next key frame.
    attributes : what else is so from this frame until the next key frame. Not to be modified.
    """

    frame: int
    geometry: BaseGeometry
    is_outside: bool = False
    is_occluded: bool = False
    attributes: Mapping[str, JSON] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Track:
    """One object over time. What lies between key frames is computed, see `interpolation`, and never stored.

    Attributes
    ----------
    keyframes : at least one; their frames rise strictly. Before the first one there is nothing.
    ended_frame : the first frame on which it is no more, after the last key frame; None for "to the end".
    """

    shape: TrackShape
    keyframes: tuple[Keyframe, ...]
    ended_frame: int | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time, such as a phase of an operation. (0, None) is a label of the whole video.

    Attributes
    ----------
    start_frame, end_frame : first and last frame, both within; None for "to the end".
    tier : segments of one purpose are kept apart from those of another by tier.
    """

    start_frame: int
    end_frame: int | None = None
    tier: str = DEFAULT_TIER


@dataclass(frozen=True, slots=True)
class Annotation:
    """One label: a shape, what it means, and what other tools said about it.

    Attributes
    ----------
    annotation_id : UUID in canonical form, made by whoever drew the label; it never changes.
    geometry : Point, MultiPoint, LineString, MultiLineString, Polygon or MultiPolygon in level-0 pixels of a
        slide or frame pixels of a video, x to the right, y down, (0, 0) the upper left corner of the upper
        left pixel. Exactly the doubles that were drawn. None exactly where `over_time` is given.
    class_id : a class of the ontology, or None for a label that has none yet.
    layer : labels of one purpose are kept apart from those of another by layer.
    name : free text of whoever drew it; may be empty.
    is_locked : its shape is not to be changed.
    extra : what other tools attached (measurements, metadata, …), carried through untouched. Not to be
        modified.
    over_time : what it is on which frames of a video. A still shape on a video (None here) is on all of them.
    """

    annotation_id: str
    geometry: BaseGeometry | None
    class_id: str | None = None
    layer: str = DEFAULT_LAYER
    name: str = ""
    is_locked: bool = False
    extra: Mapping[str, JSON] = field(default_factory=dict, hash=False)
    over_time: Track | Segment | None = None

    def __post_init__(self) -> None:
        if (self.geometry is None) == (self.over_time is None):
            raise InvalidGeometryError("A label has either one shape, or what it is over time.")

    def shapes(self) -> tuple[BaseGeometry, ...]:
        """Every shape that was drawn for it: the one of a still label, those of a track's key frames, none of
        a segment."""
        if self.geometry is not None:
            return (self.geometry,)
        if isinstance(self.over_time, Track):
            return tuple(keyframe.geometry for keyframe in self.over_time.keyframes)
        return ()


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
