"""Where the probe looks in a whole loop: the hulls of its stretches, joined where they show one place."""

from dataclasses import dataclass

import cv2
import numpy as np

from video.overlay.motion import moving_hull
from video.overlay.sector_shapes import Polygon, few_vertices
from video.overlay.sector_still import still_hull
from video.overlay.survey_model import Survey

_SAME = 0.5


@dataclass(frozen=True, slots=True)
class Sector:
    """Convex polygons, frame px; none where nothing is plain. moves: by motion, not by brightness alone."""

    hulls: tuple[Polygon, ...]
    moves: bool


def sector_of(survey: Survey) -> Sector:
    """Several hulls where the layout changes from stretch to stretch."""
    hulls: list[Polygon] = []
    moves = False
    for window in survey.windows:
        hull = moving_hull(window) if window.last_frame > window.first_frame else None
        moves |= hull is not None
        if hull is None:
            hull = still_hull(window.median)
        if hull is not None:
            hulls = _merged(hulls, hull)
    return Sector(tuple(hulls), moves)


def area_of(polygon: Polygon) -> float:
    return float(cv2.contourArea(np.array(polygon, np.int32)))


def intersection(one: Polygon, other: Polygon) -> Polygon | None:
    """Of two convex polygons, to whole px; None where they share no area."""
    area, points = cv2.intersectConvexConvex(np.array(one, np.float32), np.array(other, np.float32))
    if area <= 0 or points is None or len(points) < 3:
        return None
    corners = np.array(one)
    rounded = np.clip(np.rint(points[:, 0]), corners.min(axis=0), corners.max(axis=0))
    return few_vertices(rounded.astype(np.int32))


def _merged(hulls: list[Polygon], hull: Polygon) -> list[Polygon]:
    """With one more; those that show much the same place become one."""
    apart = []
    for other in hulls:
        shared = intersection(other, hull)
        if shared is not None and area_of(shared) >= _SAME * min(area_of(other), area_of(hull)):
            hull = few_vertices(np.array(other + hull, np.int32))
        else:
            apart.append(other)
    return [*apart, hull]
