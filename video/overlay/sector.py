"""What of an ultrasound picture stays: where the probe looks, and what the file declares."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ground.finding import Finding
from video.model import CalibrationRegion, Kept
from video.overlay.marks import colour_bars, rulers
from video.overlay.regions import declared_regions, is_bar
from video.overlay.sector_findings import findings_of
from video.overlay.sector_hulls import Sector, area_of, intersection, sector_of
from video.overlay.sector_shapes import Bitmap, Polygon, grey, painted, widened
from video.overlay.survey_model import Survey
from video.scrub.rules import ScrubRules

_FLAT = 1
_COVERED = 0.5
_FROZEN, _FILLED = 0.1, 0.85
_FAINT, _BRIGHT, _GLOW_PX = 2, 60, 6
_MOST_FAINT = 0.002
_NO_SECTOR = Sector((), moves=False)


def kept_polygons(
    survey: Survey, regions: Sequence[CalibrationRegion], rules: ScrubRules
) -> tuple[Kept | None, tuple[Finding, ...]]:
    """What stays of every frame of an ultrasound loop, and what can be seen now and goes.

    Of declared two-dimensional regions stays what the sector covers, or all where that fills the region, as
    a linear probe's picture does, or holds no sector, frozen beside one that moves. Spectra, M-modes and
    traces stay whole. Without regions the sector alone stays; without a sector, the regions; without both
    the answer is None: then nothing but text can be blanked.
    """
    width, height = survey.picture.width_px, survey.picture.height_px
    declared = declared_regions(regions, width, height) if rules.outside_regions else None
    pictures = tuple(region for region in declared or () if not is_bar(region))
    sector = sector_of(survey) if rules.outside_sector else _NO_SECTOR
    if sector.hulls and not _cover(pictures, sector, width, height):
        pictures = ()
    flat = tuple(region for region in pictures if region.spatial_format == _FLAT)
    image = _image(flat, sector, survey)
    if not image:
        return None, ()
    whole = tuple(rectangle_of(region) for region in pictures if region.spatial_format != _FLAT)
    brightest = _brightest(survey)
    marks = _marks(brightest, declared or (), painted(image + whole, width, height), rules)
    kept = Kept(image + whole + marks)
    inside = painted(tuple(map(rectangle_of, pictures)), width, height) if flat else None
    return kept, findings_of(brightest, painted(kept.polygons, width, height), inside)


def rectangle_of(region: CalibrationRegion) -> Polygon:
    x1, y1 = region.x1 - 1, region.y1 - 1
    return ((region.x0, region.y0), (x1, region.y0), (x1, y1), (region.x0, y1))


def _cover(pictures: Sequence[CalibrationRegion], sector: Sector, width_px: int, height_px: int) -> bool:
    """Whether regions hold at least half of the sector that is seen; else they are not of this frame."""
    inside = painted(tuple(map(rectangle_of, pictures)), width_px, height_px)
    seen = painted(sector.hulls, width_px, height_px)
    return bool(np.count_nonzero(inside & seen) >= _COVERED * np.count_nonzero(seen))


def _image(flat: Sequence[CalibrationRegion], sector: Sector, survey: Survey) -> tuple[Polygon, ...]:
    if not flat:
        return sector.hulls
    pieces: list[Polygon] = []
    for region in flat:
        rectangle = rectangle_of(region)
        inside = [piece for hull in sector.hulls if (piece := intersection(rectangle, hull)) is not None]
        share = sum(map(area_of, inside)) / area_of(rectangle)
        is_sure = sector.moves or not _is_faint_beyond(survey, region, sector.hulls)
        pieces += inside if _FROZEN <= share < _FILLED and is_sure else [rectangle]
    return tuple(dict.fromkeys(pieces))


def _is_faint_beyond(survey: Survey, region: CalibrationRegion, hulls: tuple[Polygon, ...]) -> bool:
    """Whether a still picture has weak echoes in the region that its outline by brightness leaves out."""
    there = (slice(region.y0, region.y1), slice(region.x0, region.x1))
    levels = grey(survey.windows[0].median)
    beyond = painted(hulls, survey.picture.width_px, survey.picture.height_px)[there] == 0
    if not beyond.any():
        return False
    empty = float(np.percentile(levels[there][beyond], 5))
    # Letters glow where they were coded, and are no echo.
    glow = widened((levels > _BRIGHT).astype(np.uint8), _GLOW_PX)[there] > 0
    faint = (levels[there] > empty + _FAINT) & beyond & ~glow
    return bool(np.count_nonzero(faint) > _MOST_FAINT * np.count_nonzero(beyond))


def _marks(
    brightest: NDArray[np.uint8], declared: Sequence[CalibrationRegion], stays: Bitmap, rules: ScrubRules
) -> tuple[Polygon, ...]:
    marks: tuple[Polygon, ...] = ()
    if rules.keep_colour_bars:
        marks += tuple(rectangle_of(region) for region in declared if is_bar(region))
        marks += colour_bars(brightest, 1 - stays)
    if rules.keep_rulers:
        marks += rulers(brightest, 1 - stays)
    return marks


def _brightest(survey: Survey) -> NDArray[np.uint8]:
    brightest = survey.windows[0].maximum
    for window in survey.windows[1:]:
        brightest = np.maximum(brightest, window.maximum)
    return brightest
