"""Bitmaps of a frame made smaller: their parts, their hulls, and outlines in px of the frame."""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Polygon: TypeAlias = tuple[tuple[int, int], ...]
"""Vertices as (x, y), pixels that themselves belong to it."""
Bitmap: TypeAlias = NDArray[np.uint8]
"""(h, w) uint8, 0 or 1."""

_WORKING_PX = 480
MARGIN = 0.006
_MOST_VERTICES = 40
_MOST_PARTS = 40
_GRAIN = 1.0
_AROUND = np.array(
    [(1.0, 0.0), (0.7, 0.7), (0.0, 1.0), (-0.7, 0.7), (-1.0, 0.0), (-0.7, -0.7), (0.0, -1.0), (0.7, -0.7)]
)


@dataclass(frozen=True, slots=True)
class Part:
    """A connected part of a bitmap. weight: the sum of what was weighed over it. x0 to y1: its rectangle."""

    bitmap: Bitmap
    area: int
    weight: float
    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        return self.y1 - self.y0


def reduced(plane: NDArray[np.uint8]) -> NDArray[np.float32]:
    """An (h, w) plane at the size where shapes are looked for; float32: dark sectors are of levels 1–3."""
    height, width = plane.shape
    scale = min(1.0, _WORKING_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(plane.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)


def grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luma of an (h, w, 3) picture."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def blurred(plane: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Each pixel the mean of the square around it."""
    return np.asarray(cv2.blur(plane, (side, side)), np.float32)


def is_tissue(levels: NDArray[np.float32], inside: NDArray[np.bool_]) -> bool:
    """Whether neighbouring pixels differ nearly everywhere, as speckle does and a painted area does not."""
    grain = blurred(np.abs(levels - blurred(levels, 3)), 9)
    return float(np.median(grain[inside])) >= _GRAIN


def opened(bitmap: Bitmap, diameter: int) -> Bitmap:
    """Without what is thinner than the diameter."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter))
    return np.asarray(cv2.morphologyEx(bitmap, cv2.MORPH_OPEN, kernel), np.uint8)


def widened(bitmap: Bitmap, radius: int) -> Bitmap:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(cv2.dilate(bitmap, kernel), np.uint8)


def parts_of(bitmap: Bitmap, weights: NDArray[np.float32], smallest_px: int = 1) -> list[Part]:
    """Its connected parts of at least that many pixels, largest first, and no more than 40."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(bitmap, connectivity=8)
    sums = np.bincount(labels.ravel(), weights.ravel(), minlength=count)
    areas = stats[1:, cv2.CC_STAT_AREA]
    parts = []
    for number in (np.argsort(-areas, kind="stable")[:_MOST_PARTS] + 1).tolist():
        x, y, width, height, area = (int(value) for value in stats[number])
        if area >= smallest_px:
            own = (labels == number).astype(np.uint8)
            parts.append(Part(own, area, float(sums[number]), x, y, x + width, y + height))
    return parts


def touched(bitmap: Bitmap, by: Bitmap) -> Bitmap:
    """The connected parts of a bitmap that share a pixel with the other."""
    count, labels = cv2.connectedComponents(bitmap, connectivity=8)
    named = np.zeros(count, np.uint8)
    named[np.unique(labels[by > 0])] = 1
    named[0] = 0
    return np.asarray(named[labels], np.uint8)


def filled_hull(bitmap: Bitmap) -> Bitmap:
    """Its convex hull. The bitmap must not be empty."""
    filled = np.zeros_like(bitmap)
    cv2.fillConvexPoly(filled, _hull_points(bitmap), 1)
    return filled


def outline(bitmap: Bitmap, width_px: int, height_px: int, margin: float = MARGIN) -> Polygon:
    """The convex hull of a bitmap in px of the frame that it is a smaller picture of, a little wider.

    margin: by which share of the longer side. At most 40 vertices, all within the frame. The bitmap must not
    be empty.
    """
    rows, columns = bitmap.shape
    scale = np.array([width_px / columns, height_px / rows])
    points = (_hull_points(bitmap) + 0.5) * scale - 0.5
    margin_px = round(margin * max(width_px, height_px)) + scale / 2
    around = points[:, None] + _AROUND * margin_px
    frame = np.array([width_px - 1, height_px - 1])
    return few_vertices(np.clip(np.rint(around.reshape(-1, 2)), 0, frame).astype(np.int32))


def few_vertices(points: NDArray[np.int32]) -> Polygon:
    """The convex hull of (n, 2) points, with at most 40 vertices."""
    hull = cv2.convexHull(points)
    tolerance_px = 0.5
    while len(hull) > _MOST_VERTICES:
        hull = cv2.convexHull(cv2.approxPolyDP(hull, tolerance_px, True))
        tolerance_px *= 1.5
    return tuple((int(x), int(y)) for x, y in hull[:, 0])


def painted(polygons: tuple[Polygon, ...], width_px: int, height_px: int) -> Bitmap:
    """Polygons as a bitmap of the frame, their edges included."""
    bitmap = np.zeros((height_px, width_px), np.uint8)
    for polygon in polygons:
        cv2.fillPoly(bitmap, [np.array(polygon, np.int32)], 1)
    return bitmap


def _hull_points(bitmap: Bitmap) -> NDArray[np.int32]:
    rows, columns = np.nonzero(bitmap)
    return cv2.convexHull(np.stack([columns, rows], axis=1).astype(np.int32))[:, 0].astype(np.int32)
