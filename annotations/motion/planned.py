"""The motion from one key frame's shape to the next, planned once and remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from annotations.model import TrackShape
from annotations.motion.boxes import BoxMotion
from annotations.motion.cache import MotionCache
from annotations.motion.line_motion import plan_line
from annotations.motion.outline_motion import OutlineMotion, outlines_at, plan_outlines
from annotations.motion.points import PointsMotion

CACHE_BYTES = 64 * 1024 * 1024


class Motion(Protocol):
    """How a shape gets from a key frame to the next."""

    @property
    def byte_count(self) -> int:
        """What it takes in memory, about."""
        ...

    def at(self, t: float) -> BaseGeometry | None:
        """The valid shape at a part of the way, 0 < t < 1; None where nothing is left of it."""
        ...


@dataclass(frozen=True, slots=True)
class Ends:
    """Two successive key frames' shapes, as WKB: what is known already need not be read."""

    shape: TrackShape
    left: bytes
    right: bytes


_cache: MotionCache[Motion] = MotionCache(CACHE_BYTES)


def motions_between(ends: Sequence[Ends]) -> list[Motion]:
    """The motion of each; many at once cost far less than one by one."""
    found = {one: motion for one in ends if (motion := _cache.get(one)) is not None}
    unknown = list(dict.fromkeys(one for one in ends if one not in found))
    if unknown:
        lefts = shapely.from_wkb([one.left for one in unknown])
        rights = shapely.from_wkb([one.right for one in unknown])
        for one, motion in zip(unknown, _plan(unknown, lefts, rights), strict=True):
            _cache.put(one, motion)
            found[one] = motion
    return [found[one] for one in ends]


def shapes_at(motions: Sequence[Motion], ts: Sequence[float]) -> list[BaseGeometry | None]:
    """The shape of each motion at its part of the way."""
    shapes: list[BaseGeometry | None] = [None] * len(motions)
    outlines: list[int] = []
    for index, motion in enumerate(motions):
        if isinstance(motion, OutlineMotion):
            outlines.append(index)
        else:
            shapes[index] = motion.at(ts[index])
    chosen = [motion for motion in motions if isinstance(motion, OutlineMotion)]
    for index, shape in zip(outlines, outlines_at(chosen, [ts[index] for index in outlines]), strict=True):
        shapes[index] = shape
    return shapes


_Shapes: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.object_]]"


def _plan(ends: Sequence[Ends], lefts: _Shapes, rights: _Shapes) -> list[Motion]:
    pairs = list(zip(lefts, rights, strict=True))
    outlines = [pair for one, pair in zip(ends, pairs, strict=True) if one.shape is TrackShape.POLYGON]
    planned = iter(plan_outlines(outlines))
    motions: list[Motion] = []
    for one, (left, right) in zip(ends, pairs, strict=True):
        match one.shape:
            case TrackShape.POLYGON:
                motions.append(next(planned))
            case TrackShape.POLYLINE:
                motions.append(plan_line(left, right))
            case TrackShape.BOX:
                motions.append(BoxMotion(left, right))
            case TrackShape.POINT:
                motions.append(PointsMotion(left, right))
    return motions
