"""The part of the picture that moves: where the probe looks, whatever is written around it."""

import numpy as np
from numpy.typing import NDArray

from video.overlay.sector_shapes import (
    Bitmap,
    Part,
    Polygon,
    blurred,
    filled_hull,
    grey,
    opened,
    outline,
    parts_of,
    reduced,
    touched,
    widened,
)
from video.overlay.survey_model import Window

_MOVES = 1.2
_FAINT_NOISE = 4.0
_LIT = 1.6
_SMALLEST_SHARE = 0.02
_SIGNIFICANT = 0.08
_NO_CLOCK = 0.0025
_STRIP_HEIGHT, _STRIP_ASPECT = 0.14, 3.0
_ALL_OF_IT = 0.85
_SOLID = 0.75
_ARC_MOVES, _ARC_SOLID, _NEAR_AXIS = 0.5, 0.45, 0.15
_ACROSS = 0.7


def moving_hull(window: Window) -> Polygon | None:
    """The convex hull of what moves and of the tissue around it, a little wider; None if nothing does.

    Clocks, traces and blinking words move too: they are too thin, or apart from the rest and too small.
    Frame px, at most 40 vertices.
    """
    lit = _without_banners(lit_parts(window.maximum))
    # A sector that is nearly black changes by less than coding noise does: it is asked for second.
    for change in (blurred(reduced(window.change), 7), _faint_change(window)):
        moving = _moving(change)
        if moving is not None:
            height, width = window.change.shape
            return outline(_with_near_field(_with_still_tissue(moving, lit), change, lit), width, height)
    return None


def _faint_change(window: Window) -> NDArray[np.float32]:
    levels = reduced(grey(window.maximum)) - reduced(grey(window.minimum)) - _FAINT_NOISE
    return blurred(np.maximum(levels, 0), 7)


def lit_parts(brightest: NDArray[np.uint8]) -> Bitmap:
    """What is brighter than the empty screen, without what is as thin as writing; (h, w, 3) RGB."""
    levels = reduced(grey(brightest))
    empty = float(np.percentile(levels, 2))
    return opened((blurred(levels, 3) > empty + _LIT).astype(np.uint8), 9)


def _moving(change: NDArray[np.float32]) -> Bitmap | None:
    diameter = max(5, round(0.035 * min(change.shape)) | 1)
    parts = parts_of(_without_banners(opened((change > _MOVES).astype(np.uint8), diameter)), change)
    if not parts:
        return None
    largest = max(parts, key=lambda part: part.weight)
    chosen = largest.bitmap.copy()
    for part in parts:
        is_significant = (
            part.area >= _SIGNIFICANT * largest.area and part.weight >= _SIGNIFICANT * largest.weight
        )
        if is_significant and not _is_strip(part, change.shape):
            chosen |= part.bitmap
    return chosen if np.count_nonzero(chosen) >= _SMALLEST_SHARE * chosen.size else None


def _is_strip(part: Part, shape: tuple[int, ...]) -> bool:
    """As an ECG that runs across, or a line of text that changes."""
    return part.height < _STRIP_HEIGHT * shape[0] and part.width > _STRIP_ASPECT * part.height


def _with_still_tissue(moving: Bitmap, lit: Bitmap) -> Bitmap:
    """The hull of what moves and of what is lit around it, where that is of one piece as tissue is.

    A banner that touches the sector is lit too; it is a strip along the frame's edge.
    """
    hull = filled_hull(moving)
    near = touched(lit, hull)
    beyond = near & (1 - widened(hull, 3))
    weights = np.zeros(beyond.shape, np.float32)
    for part in parts_of(beyond, weights):
        is_at_edge = part.y0 == 0 or part.y1 == beyond.shape[0]
        if is_at_edge and _is_strip(part, beyond.shape):
            near &= 1 - part.bitmap
    grown = filled_hull(hull | near)
    area = np.count_nonzero(grown)
    is_solid = np.count_nonzero(hull | near) >= _SOLID * area
    # A screen whose empty parts are not dark is lit as a whole, and says nothing.
    is_screen = area >= _ALL_OF_IT * grown.size and np.count_nonzero(hull) < area / 2
    return grown if is_solid and not is_screen else hull


def _with_near_field(sector: Bitmap, change: NDArray[np.float32], lit: Bitmap) -> Bitmap:
    """With small moving pieces above or below its middle: what the probe's skin shows, beyond a dark gap.

    A clock's figures are smaller than these.
    """
    columns = np.nonzero(sector.any(axis=0))[0]
    left, right = int(columns[0]), int(columns[-1]) + 1
    reach = _NEAR_AXIS * (right - left)
    for part in parts_of(lit & (1 - sector), change, smallest_px=round(_NO_CLOCK * sector.size)):
        is_near_axis = left + reach <= part.x0 and part.x1 <= right - reach
        is_moving = part.weight >= _ARC_MOVES * part.area
        if (
            is_near_axis
            and is_moving
            and part.area >= _ARC_SOLID * np.count_nonzero(filled_hull(part.bitmap))
        ):
            sector = filled_hull(sector | part.bitmap)
    return sector


def _without_banners(lit: Bitmap) -> Bitmap:
    """Without what runs across the whole picture along its upper or lower edge."""
    is_across = lit.mean(axis=1) >= _ACROSS
    most = round(_STRIP_HEIGHT * len(is_across))
    cleared = lit.copy()
    for rows, flags in ((cleared, is_across), (cleared[::-1], is_across[::-1])):
        across = np.nonzero(flags[:most])[0]
        # What goes on below is no banner, but a picture as wide as the frame.
        if across.size and not flags[across[-1] + 1 : most + 1].any() and across[-1] + 1 < most:
            rows[: across[-1] + 1] = 0
    return cleared
