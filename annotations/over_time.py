"""What makes a track or a segment acceptable. Their values are in `model`.

Frames are numbered from 0. How many an asset has is not known here: `policy.check_frames` holds against that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from annotations.errors import InvalidGeometryError, InvalidTimeError
from annotations.model import Keyframe, Segment, Track, TrackShape

RIGHT_ANGLE_TOLERANCE = 1e-6
"""How far a box's corners may be from right angles, relative to its sides."""


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """What is still a label that somebody made.

    Attributes
    ----------
    max_frame : two weeks at 1,700 frames a second.
    max_keyframes : of one track; 55 minutes at 30 frames a second with one on each frame.
    max_tier_length : characters.
    """

    max_frame: int = 2**31 - 1
    max_keyframes: int = 100_000
    max_tier_length: int = 100


DEFAULT_TIME_LIMITS = TimeLimits()

_KINDS = {
    TrackShape.BOX: frozenset({"Polygon"}),
    TrackShape.POINT: frozenset({"Point", "MultiPoint"}),
    TrackShape.POLYLINE: frozenset({"LineString"}),
    TrackShape.POLYGON: frozenset({"Polygon", "MultiPolygon"}),
}


def check_track(track: Track, limits: TimeLimits = DEFAULT_TIME_LIMITS) -> None:
    """Refuse a track without key frames, with too many or out of order, or with a shape that is not of its
    kind. That each shape can be stored at all is `geometry.check`'s.

    Raises
    ------
    InvalidTimeError : the frames are wrong.
    InvalidGeometryError : a shape is; the sentence names its key frame.
    """
    if not track.keyframes:
        raise InvalidTimeError("A track must have at least one key frame.")
    if len(track.keyframes) > limits.max_keyframes:
        raise InvalidTimeError(
            f"The track has {len(track.keyframes):,} key frames; "
            f"at most {limits.max_keyframes:,} are possible."
        )
    last = -1
    for keyframe in track.keyframes:
        _check_frame(keyframe.frame, limits)
        if keyframe.frame <= last:
            raise InvalidTimeError(
                "The frames of a track's key frames must rise, each beyond the one before."
            )
        last = keyframe.frame
    if track.ended_frame is not None:
        if track.ended_frame <= last:
            raise InvalidTimeError("A track must end after its last key frame.")
        # It ends before this frame, which may be the one after the last that a video can have.
        _check_frame(track.ended_frame - 1, limits)
    _check_shapes(track)


def check_segment(segment: Segment, limits: TimeLimits = DEFAULT_TIME_LIMITS) -> None:
    """Refuse a segment that ends before it starts, or whose tier is no name.

    Raises
    ------
    InvalidTimeError
    """
    _check_frame(segment.start_frame, limits)
    if segment.end_frame is not None:
        _check_frame(segment.end_frame, limits)
        if segment.end_frame < segment.start_frame:
            raise InvalidTimeError("A segment must not end before it starts.")
    if not 0 < len(segment.tier) <= limits.max_tier_length or not segment.tier.isprintable():
        raise InvalidTimeError(f"tier must have 1 to {limits.max_tier_length} printable characters.")


def is_box(geometry: BaseGeometry) -> bool:
    """Whether it is a rectangle of four corners in the order of `TrackShape.BOX`, turned by any angle."""
    if geometry.geom_type != "Polygon" or shapely.get_num_interior_rings(geometry):
        return False
    corners: npt.NDArray[np.float64] = shapely.get_coordinates(geometry)
    if len(corners) != 5:
        return False
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners[:4].tolist()
    wide, high = (bx - ax, by - ay), (dx - ax, dy - ay)
    width, height = np.hypot(*wide), np.hypot(*high)
    # x to the right, y down: from the first side to the last it turns by +90°.
    area = wide[0] * high[1] - wide[1] * high[0]
    slack = RIGHT_ANGLE_TOLERANCE * float(max(width, height))
    return bool(
        area > 0
        and abs(wide[0] * high[0] + wide[1] * high[1]) <= RIGHT_ANGLE_TOLERANCE * width * height
        and abs(bx + dx - ax - cx) <= slack
        and abs(by + dy - ay - cy) <= slack
    )


def _check_frame(frame: int, limits: TimeLimits) -> None:
    if not 0 <= frame <= limits.max_frame:
        raise InvalidTimeError(f"A frame must be a number from 0 to {limits.max_frame:,}.")


def _check_shapes(track: Track) -> None:
    points = shapely.get_num_geometries(track.keyframes[0].geometry)
    for keyframe in track.keyframes:
        geometry = keyframe.geometry
        if geometry.geom_type not in _KINDS[track.shape]:
            kinds = " or a ".join(sorted(_KINDS[track.shape]))
            raise _wrong(keyframe, f"the geometry of a {track.shape} must be a {kinds}")
        if track.shape is TrackShape.BOX and not is_box(geometry):
            raise _wrong(
                keyframe,
                "a box must have four corners with right angles, in the order upper left, upper right, "
                "lower right, lower left of its own frame",
            )
        if track.shape is TrackShape.POINT and shapely.get_num_geometries(geometry) != points:
            raise _wrong(keyframe, "every key frame of a track must have the same number of points")


def _wrong(keyframe: Keyframe, what: str) -> InvalidGeometryError:
    return InvalidGeometryError(f"The key frame at frame {keyframe.frame}: {what}.")
