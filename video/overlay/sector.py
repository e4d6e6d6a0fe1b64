"""What of an ultrasound picture stays: where the probe looks, and what the file declares."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ground.finding import Box, Finding, Reason
from video.model import CalibrationRegion, Kept
from video.overlay.marks import colour_bars, rulers
from video.overlay.motion import moving_hull
from video.overlay.regions import declared_regions, is_bar
from video.overlay.sector_shapes import Bitmap, Polygon, painted
from video.overlay.sector_still import still_hull
from video.overlay.survey_model import Survey, Window
from video.scrub.rules import ScrubRules

_FLAT = 1
_SAME = 0.5
_FROZEN = 0.1
_COVERED = 0.5
_VISIBLE = 12
_LETTERS = (15, 7)
_MOST_FINDINGS = 40
_SPECK_PX = 6


def kept_polygons(
    survey: Survey, regions: Sequence[CalibrationRegion], rules: ScrubRules
) -> tuple[Kept | None, tuple[Finding, ...]]:
    """What stays of every frame of an ultrasound loop, and what is visible now and goes.

    Of declared two-dimensional regions stays what the sector covers; a region that holds no sector (frozen
    beside a moving one) stays whole, as do spectra, M-modes and traces. Without regions the sector alone
    stays, without a sector the regions; without both None: then nothing but text can be blanked.
    """
    width, height = survey.picture.width_px, survey.picture.height_px
    declared = declared_regions(regions, width, height) if rules.outside_regions else None
    hulls = sector_hulls(survey) if rules.outside_sector else ()
    flat = tuple(region for region in declared or () if region.spatial_format == _FLAT)
    if hulls and not _cover(flat, hulls, width, height):
        flat = ()
    image = _image(flat, hulls, width, height)
    if not image:
        return None, ()
    others = tuple(_rectangle(region) for region in declared or () if _stays_whole(region, rules))
    brightest = _brightest(survey)
    stays = painted(image + others, width, height)
    marks: tuple[Polygon, ...] = ()
    if rules.keep_colour_bars:
        marks += colour_bars(brightest, 1 - stays)
    if rules.keep_rulers:
        marks += rulers(brightest, 1 - stays)
    kept = Kept(image + others + marks)
    goes = 1 - painted(kept.polygons, width, height)
    declared_area = painted(tuple(_rectangle(region) for region in flat), width, height) if flat else None
    return kept, _findings(brightest, goes, declared_area)


def sector_hulls(survey: Survey) -> tuple[Polygon, ...]:
    """Where the probe looks in any part of a loop; several where the layout changes or shows two."""
    hulls: list[Polygon] = []
    for window in survey.windows:
        hull = _hull(window)
        if hull is not None:
            hulls = _merged(hulls, hull)
    return tuple(hulls)


def _hull(window: Window) -> Polygon | None:
    hull = moving_hull(window) if window.last_frame > window.first_frame else None
    return still_hull(window.median) if hull is None else hull


def _merged(hulls: list[Polygon], hull: Polygon) -> list[Polygon]:
    """With one more; those that show much the same place become one."""
    apart = []
    for other in hulls:
        if _shared(other, hull) >= _SAME * min(_area(other), _area(hull)):
            points = cv2.convexHull(np.array(other + hull, np.int32))
            hull = tuple((int(x), int(y)) for x, y in points[:, 0])
        else:
            apart.append(other)
    return [*apart, hull]


def _area(polygon: Polygon) -> float:
    return float(cv2.contourArea(np.array(polygon, np.int32)))


def _shared(one: Polygon, other: Polygon) -> float:
    area, _ = cv2.intersectConvexConvex(np.array(one, np.float32), np.array(other, np.float32))
    return float(area)


def _rectangle(region: CalibrationRegion) -> Polygon:
    x1, y1 = region.x1 - 1, region.y1 - 1
    return ((region.x0, region.y0), (x1, region.y0), (x1, y1), (region.x0, y1))


def _stays_whole(region: CalibrationRegion, rules: ScrubRules) -> bool:
    if is_bar(region):
        return rules.keep_colour_bars
    return region.spatial_format != _FLAT


def _cover(
    flat: Sequence[CalibrationRegion], hulls: Sequence[Polygon], width_px: int, height_px: int
) -> bool:
    """Whether regions hold at least half of the sector that is seen; else they are not of this frame."""
    if not flat:
        return False
    inside = painted(tuple(_rectangle(region) for region in flat), width_px, height_px)
    sector = painted(tuple(hulls), width_px, height_px)
    return bool(np.count_nonzero(inside & sector) >= _COVERED * np.count_nonzero(sector))


def _image(
    flat: Sequence[CalibrationRegion], hulls: Sequence[Polygon], width_px: int, height_px: int
) -> tuple[Polygon, ...]:
    if not flat or not hulls:
        return tuple(_rectangle(region) for region in flat) or tuple(hulls)
    pieces: list[Polygon] = []
    for region in flat:
        rectangle = _rectangle(region)
        inside = [piece for hull in hulls if (piece := _intersection(rectangle, hull)) is not None]
        covered = sum(_area(piece) for piece in inside)
        pieces += inside if covered >= _FROZEN * _area(rectangle) else [rectangle]
    return tuple(dict.fromkeys(pieces))


def _intersection(rectangle: Polygon, hull: Polygon) -> Polygon | None:
    area, points = cv2.intersectConvexConvex(np.array(rectangle, np.float32), np.array(hull, np.float32))
    if area <= 0 or points is None or len(points) < 3:
        return None
    (x0, y0), _, (x1, y1), _ = rectangle
    rounded = np.clip(np.rint(points[:, 0]), (x0, y0), (x1, y1)).astype(np.int32)
    return tuple((int(x), int(y)) for x, y in cv2.convexHull(rounded)[:, 0])


def _brightest(survey: Survey) -> NDArray[np.uint8]:
    brightest = survey.windows[0].maximum
    for window in survey.windows[1:]:
        brightest = np.maximum(brightest, window.maximum)
    return brightest


def _findings(brightest: NDArray[np.uint8], goes: Bitmap, declared: Bitmap | None) -> tuple[Finding, ...]:
    """Rectangles around what can be seen and goes; letters of a line in one."""
    levels = brightest.max(axis=2)
    visible = (levels > int(np.percentile(levels, 2)) + _VISIBLE).astype(np.uint8) & goes
    columns, rows = _LETTERS
    while True:
        joined = np.asarray(cv2.dilate(visible, np.ones((rows, columns), np.uint8)), np.uint8) & goes
        count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        if count - 1 <= _MOST_FINDINGS:
            break
        columns, rows = columns * 2 + 1, rows * 2 + 1
    seen = np.bincount(labels.ravel(), visible.ravel(), minlength=count)
    findings = []
    for number in range(1, count):
        if seen[number] < _SPECK_PX:
            continue
        x, y, width, height, _ = (int(value) for value in stats[number])
        box = Box(x, y, x + width, y + height)
        is_declared = declared is not None and bool(declared[y : y + height, x : x + width].mean() >= _SAME)
        reason = Reason.OUTSIDE_REGIONS if declared is not None and not is_declared else Reason.OUTSIDE_SECTOR
        findings.append(Finding(reason, box, is_masked=True))
    return tuple(findings)
