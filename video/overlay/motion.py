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
    is_tissue,
    opened,
    outline,
    parts_of,
    reduced,
    touched,
    widened,
)
from video.overlay.survey_model import Window

_MOVES, _DENSE = 1.2, 0.5
_FAINT_NOISE = 4.0
_LIT = 1.6
_WRITING, _FIGURES = 0.03, 0.055
"""Of the shorter side: what is thinner is taken for a line of text, or for the figures of a clock."""
_SMALLEST_SHARE = 0.02
_SIGNIFICANT = 0.15
_STRIP_HEIGHT, _STRIP_ASPECT = 0.2, 3.0
_ALL_OF_IT = 0.85
_SOLID = 0.68
_ARC_MOVES, _ARC_SOLID = 0.5, 0.45
_OFF_AXIS, _GAP = 0.15, 0.35
_ACROSS = 0.7
_RIVAL, _RIVAL_AT_LEAST = 0.2, 0.03
_BLUR_PX, _ENDS = 4, 0.25


def moving_hull(window: Window) -> Polygon | None:
    """The convex hull of what moves and of the tissue around it, a little wider; None if nothing does, or if
    more is lit elsewhere.

    Clocks, traces and blinking words move too: they are too thin, or apart from the rest and too small.
    Frame px, at most 40 vertices.
    """
    height, width = window.change.shape
    brightest = lit_parts(window.maximum)
    # A sector that is nearly black changes by less than coding noise does: it is asked for second.
    for change in (reduced(window.change), _faint_change(window)):
        dense = _dense(change)
        moving = _moving(_without_banners(dense, dense), change)
        if moving is not None:
            lit = _without_banners(brightest, dense)
            sector = _with_near_field(_with_still_tissue(moving, lit), blurred(change, 7), lit)
            if not _is_rivalled(sector, lit, window):
                return outline(sector, width, height)
    return None


def _is_rivalled(sector: Bitmap, lit: Bitmap, window: Window) -> bool:
    """Whether more is lit elsewhere, or something with the grain of tissue that is nearly as large: a picture
    that stands still while a spectrum runs below it."""
    beyond = lit & (1 - widened(sector, 3))
    area = np.count_nonzero(sector)
    if np.count_nonzero(beyond) > area:
        return True
    levels = reduced(grey(window.median))
    smallest_px = round(max(_RIVAL * area, _RIVAL_AT_LEAST * beyond.size))
    rivals = parts_of(beyond, levels, smallest_px)
    return any(is_tissue(levels, part.bitmap > 0) for part in rivals)


def lit_parts(brightest: NDArray[np.uint8]) -> Bitmap:
    """What is brighter than the empty screen, without what is as thin as writing; (h, w, 3) RGB."""
    levels = reduced(grey(brightest))
    empty = float(np.percentile(levels, 2))
    return opened((blurred(levels, 3) > empty + _LIT).astype(np.uint8), _thickness(levels, _WRITING))


def _faint_change(window: Window) -> NDArray[np.float32]:
    levels = reduced(grey(window.maximum)) - reduced(grey(window.minimum))
    return np.asarray(np.maximum(levels - _FAINT_NOISE, 0), np.float32)


def _thickness(plane: NDArray[np.float32] | Bitmap, share: float) -> int:
    return max(5, int(round(share * min(plane.shape)) | 1))


def _dense(change: NDArray[np.float32]) -> Bitmap:
    """What moves as tissue does: nearly each pixel of it, not strokes here and there."""
    is_moving = blurred(change, 7) > _MOVES
    is_dense = blurred((change > 0).astype(np.float32), 7) > _DENSE
    return opened((is_moving & is_dense).astype(np.uint8), _thickness(change, _FIGURES))


def _moving(dense: Bitmap, change: NDArray[np.float32]) -> Bitmap | None:
    """Its largest part, and others that come near it, unless all of that is next to nothing."""
    parts = parts_of(dense, change)
    broad = [part for part in parts if not _is_strip(part, change.shape)] or parts
    if not broad:
        return None
    largest = max(broad, key=lambda part: part.area)
    chosen = largest.bitmap.copy()
    for part in broad:
        if part.area >= _SIGNIFICANT * largest.area:
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
    whole = parts_of(sector, change)[0]
    for part in parts_of(opened(lit & (1 - sector), _thickness(lit, _FIGURES)), change):
        off_axis = abs(part.x0 + part.x1 - whole.x0 - whole.x1) / 2
        gap = max(whole.y0 - part.y1, part.y0 - whole.y1)
        is_near = off_axis <= _OFF_AXIS * whole.width and gap <= _GAP * whole.height
        is_moving = part.weight >= _ARC_MOVES * part.area
        is_solid = part.area >= _ARC_SOLID * np.count_nonzero(filled_hull(part.bitmap))
        if is_near and is_moving and is_solid:
            sector = filled_hull(sector | part.bitmap)
    return sector


def _without_banners(bitmap: Bitmap, dense: Bitmap) -> Bitmap:
    """Without what runs across the whole picture along its upper or lower edge, be it still or moving."""
    across = np.maximum((bitmap & (1 - dense)).mean(axis=1), dense.mean(axis=1))
    most = round(_STRIP_HEIGHT * len(across))
    cleared = bitmap.copy()
    for rows, share in ((cleared, across), (cleared[::-1], across[::-1])):
        wide = np.nonzero(share[:most] >= _ACROSS)[0]
        if not wide.size:
            continue
        end = int(wide[-1]) + 1 + _BLUR_PX
        beyond = share[end + 1 : end + 1 + _BLUR_PX]
        # A banner ends at once; a sector that reaches the frame's edge narrows.
        if beyond.size and float(share[wide].mean() - beyond.mean()) >= _ENDS:
            rows[:end] = 0
    return cleared
