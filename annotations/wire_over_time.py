"""The `track` and the `segment` of a feature as JSON, strictly, both ways. Their form is in `wire`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from annotations.errors import InvalidGeometryError, InvalidTimeError, WireError
from annotations.geometry import from_geojson, to_geojson
from annotations.model import DEFAULT_TIER, Keyframe, Segment, Track, TrackShape
from annotations.over_time import check_segment, check_track
from annotations.strict_json import DEFAULT_WIRE_LIMITS, WireLimits, check_json, decode


class WireKeyframe(msgspec.Struct, forbid_unknown_fields=True):
    frame: int
    geometry: dict[str, Any]
    is_outside: bool = False
    is_occluded: bool = False
    attributes: dict[str, Any] = msgspec.field(default_factory=dict)


class WireTrack(msgspec.Struct, forbid_unknown_fields=True):
    shape: TrackShape
    keyframes: list[WireKeyframe]
    ended_frame: int | None = None


class WireSegment(msgspec.Struct, forbid_unknown_fields=True):
    start_frame: int
    end_frame: int | None = None
    tier: str = DEFAULT_TIER


def over_time_from_wire(
    track: WireTrack | None, segment: WireSegment | None, limits: WireLimits
) -> Track | Segment | None:
    """What a feature is over time; None where it is still.

    Raises
    ------
    WireError, InvalidTimeError, InvalidGeometryError : it is not of the agreed form; the sentence says why.
    """
    if track is not None and segment is not None:
        raise WireError("A feature cannot have both a track and a segment.")
    if track is not None:
        return _track(track, limits)
    if segment is None:
        return None
    read = Segment(segment.start_frame, segment.end_frame, segment.tier)
    check_segment(read, limits.time)
    return read


def _track(wire: WireTrack, limits: WireLimits) -> Track:
    if len(wire.keyframes) > limits.time.max_keyframes:
        # Said before its shapes are made: they may be very many.
        raise InvalidTimeError(
            f"The track has {len(wire.keyframes):,} key frames; "
            f"at most {limits.time.max_keyframes:,} are possible."
        )
    track = Track(
        wire.shape, tuple(_keyframe(keyframe, limits) for keyframe in wire.keyframes), wire.ended_frame
    )
    check_track(track, limits.time)
    return track


def _keyframe(wire: WireKeyframe, limits: WireLimits) -> Keyframe:
    place = f"The key frame at frame {wire.frame}"
    check_json(wire.attributes, f"{place}: attributes", limits.max_extra_depth, limits.max_attributes_bytes)
    try:
        geometry = from_geojson(wire.geometry, limits.geometry)
    except InvalidGeometryError as error:
        raise InvalidGeometryError(f"{place}: {error}", error.where) from None
    return Keyframe(wire.frame, geometry, wire.is_outside, wire.is_occluded, wire.attributes)


def over_time_to_json(over_time: Track | Segment | None) -> dict[str, Any]:
    """The members that a feature's properties have for it; none where it is still."""
    match over_time:
        case None:
            return {}
        case Track():
            return {"track": track_to_json(over_time)}
        case Segment():
            return {
                "segment": {
                    "start_frame": over_time.start_frame,
                    "end_frame": over_time.end_frame,
                    "tier": over_time.tier,
                }
            }


def track_to_json(track: Track) -> dict[str, Any]:
    """The `track` of a feature, as JSON types; `track_from_json` gives the same track back."""
    return {
        "shape": track.shape.value,
        "keyframes": [
            {
                "frame": keyframe.frame,
                "geometry": to_geojson(keyframe.geometry),
                "is_outside": keyframe.is_outside,
                "is_occluded": keyframe.is_occluded,
                "attributes": dict(keyframe.attributes),
            }
            for keyframe in track.keyframes
        ],
        "ended_frame": track.ended_frame,
    }


def track_from_json(
    document: bytes | str | Mapping[str, Any], limits: WireLimits = DEFAULT_WIRE_LIMITS
) -> Track:
    """The track that JSON (text, or decoded already) describes.

    Raises
    ------
    WireError, InvalidTimeError, InvalidGeometryError : as for `feature_from_json`.
    """
    return _track(decode(document, WireTrack), limits)
