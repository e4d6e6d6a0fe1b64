"""What a track is on any frame. The rule is docs/interpolation.md; its steps are in `motion`.

Computed shapes are for showing, measuring and exporting. They are never stored as if somebody had drawn them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

from annotations.geometry import to_wkb
from annotations.model import JSON, Keyframe, Track, TrackShape
from annotations.motion.planned import Ends, motions_between


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


def shape_at(track: Track, frame: int) -> Shown | None:
    """What is there of the track on a frame, or None where it is not there: before its first key frame, while
    it is outside, or once it has ended."""
    if track.ended_frame is not None and frame >= track.ended_frame:
        return None
    keyframes = track.keyframes
    following = bisect_right(keyframes, frame, key=lambda keyframe: keyframe.frame)
    if following == 0 or keyframes[following - 1].is_outside:
        return None
    left = keyframes[following - 1]
    right = keyframes[following] if following < len(keyframes) else None
    return Shown(
        _between(track.shape, left, right, frame), left.frame == frame, left.is_occluded, left.attributes
    )


def _between(shape: TrackShape, left: Keyframe, right: Keyframe | None, frame: int) -> BaseGeometry | None:
    if right is None or left.frame == frame or left.geometry == right.geometry:
        return left.geometry
    (motion,) = motions_between([Ends(shape, to_wkb(left.geometry), to_wkb(right.geometry))])
    return motion.at(way_gone(left.frame, right.frame, frame))


def way_gone(left_frame: int, right_frame: int, frame: int) -> float:
    """What part of the way from one key frame to the next is behind, 0 to 1."""
    return (frame - left_frame) / (right_frame - left_frame)
