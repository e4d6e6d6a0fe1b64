"""What a track is on any frame. The rule is docs/interpolation.md; its steps are in `motion`.

Computed shapes are for showing, measuring and exporting. They are never stored as if somebody had drawn them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import shapely
from shapely.geometry.base import BaseGeometry

from annotations.model import JSON, Keyframe, Track, TrackShape
from annotations.motion.boxes import box_between
from annotations.motion.cache import MotionCache
from annotations.motion.line_motion import LineMotion, plan_line
from annotations.motion.outline_motion import OutlineMotion, plan_outlines

CACHE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Shown:
    """What is there on one frame.

    Attributes
    ----------
    geometry : frame px; exactly the key frame's own on a key frame. None where an outline has shrunk to
        nothing on its way to the next one.
    is_keyframe : somebody said so, rather than we.
    is_occluded, attributes : of the last key frame.
    """

    geometry: BaseGeometry | None
    is_keyframe: bool
    is_occluded: bool = False
    attributes: Mapping[str, JSON] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Span:
    """A frame with the key frames around it.

    Attributes
    ----------
    left : at or before `frame`, not outside.
    right : after `frame`; None after the last key frame.
    """

    shape: TrackShape
    frame: int
    left: Keyframe
    right: Keyframe | None


def shape_at(track: Track, frame: int) -> Shown | None:
    """What is there of the track on a frame, or None where it is not there: before its first key frame, while
    it is outside, or once it has ended."""
    if track.ended_frame is not None and frame >= track.ended_frame:
        return None
    keyframes = track.keyframes
    following = bisect_right(keyframes, frame, key=lambda keyframe: keyframe.frame)
    if following == 0 or keyframes[following - 1].is_outside:
        return None
    right = keyframes[following] if following < len(keyframes) else None
    return shapes_between([Span(track.shape, frame, keyframes[following - 1], right)])[0]


def shapes_between(spans: Sequence[Span]) -> list[Shown]:
    """What is there in each span; many at once cost less than one by one."""
    motions = _motions(spans)
    return [_shown(span, motion) for span, motion in zip(spans, motions, strict=True)]


_Motion: TypeAlias = LineMotion | OutlineMotion
_Key: TypeAlias = tuple[TrackShape, BaseGeometry, BaseGeometry]
_cache: MotionCache[_Motion] = MotionCache(CACHE_BYTES)


def _motions(spans: Sequence[Span]) -> list[_Motion | None]:
    """The planned motion of each span that needs one."""
    found: list[_Motion | None] = [None] * len(spans)
    unknown: dict[_Key, list[int]] = {}
    for index, span in enumerate(spans):
        if span.right is None or span.frame == span.left.frame:
            continue
        if span.shape in (TrackShape.POLYGON, TrackShape.POLYLINE):
            key: _Key = (span.shape, span.left.geometry, span.right.geometry)
            found[index] = _cache.get(key)
            if found[index] is None:
                unknown.setdefault(key, []).append(index)
    outlines = [key for key in unknown if key[0] is TrackShape.POLYGON]
    planned: dict[_Key, _Motion] = dict(
        zip(outlines, plan_outlines([(left, right) for _, left, right in outlines]), strict=True)
    )
    for known, indices in unknown.items():
        motion = planned[known] if known in planned else plan_line(known[1], known[2])
        _cache.put(known, motion)
        for index in indices:
            found[index] = motion
    return found


def _shown(span: Span, motion: _Motion | None) -> Shown:
    left = span.left
    is_keyframe = span.frame == left.frame
    return Shown(
        left.geometry if is_keyframe else _geometry(span, motion),
        is_keyframe,
        left.is_occluded,
        left.attributes,
    )


def _geometry(span: Span, motion: _Motion | None) -> BaseGeometry | None:
    left, right = span.left, span.right
    if right is None or left.geometry == right.geometry:
        return left.geometry
    t = (span.frame - left.frame) / (right.frame - left.frame)
    if motion is not None:
        return left.geometry if motion.is_still else motion.at(t)
    between = box_between if span.shape is TrackShape.BOX else _points_between
    return between(left.geometry, right.geometry, t)


def _points_between(left: BaseGeometry, right: BaseGeometry, t: float) -> BaseGeometry:
    start = shapely.get_coordinates(left)
    moved = start + (shapely.get_coordinates(right) - start) * t
    return shapely.Point(moved[0]) if left.geom_type == "Point" else shapely.MultiPoint(moved)
