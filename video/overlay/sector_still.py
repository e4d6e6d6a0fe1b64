"""The sector of a picture that does not move: by its brightness alone, and only where that is plain."""

import numpy as np
from numpy.typing import NDArray

from video.overlay.sector_shapes import (
    Bitmap,
    Polygon,
    blurred,
    filled_hull,
    grey,
    is_tissue,
    opened,
    outline,
    parts_of,
    reduced,
    widened,
)

_LIT, _FILLED = 2.5, 0.6
_WRITING_PX = 13
_SMALLEST_SHARE = 0.12
_RIVAL = 0.25
_SOLID = 0.85
_RING_PX = 6
_DARK_RING = 0.9
_MARGIN = 0.02


def still_hull(picture: NDArray[np.uint8]) -> Polygon | None:
    """The outline of the one large lit shape of an (h, w, 3) RGB picture, if it is convex, has the grain of
    tissue, stands on darkness, and nothing else comes near its size. Frame px; None where in doubt.
    """
    levels = reduced(grey(picture))
    smooth = blurred(levels, 5)
    empty = float(np.percentile(smooth, 2))
    is_lit = (smooth > empty + _LIT).astype(np.uint8)
    # Between letters the screen is dark, however closely lines are set; so it is between sparse echoes.
    is_filled = (blurred((levels > empty + _LIT).astype(np.float32), 9) > _FILLED).astype(np.uint8)
    height, width = picture.shape[:2]
    for shape in (is_lit, is_lit & is_filled):
        hull = _plain_hull(shape, is_lit, levels)
        if hull is not None:
            return outline(hull, width, height, _MARGIN)
    return None


def _plain_hull(shape: Bitmap, lit: Bitmap, levels: NDArray[np.float32]) -> Bitmap | None:
    parts = parts_of(opened(shape, _WRITING_PX), levels)
    if not parts or parts[0].area < _SMALLEST_SHARE * levels.size:
        return None
    if len(parts) > 1 and parts[1].area > _RIVAL * parts[0].area:
        return None
    hull = filled_hull(parts[0].bitmap)
    if parts[0].area < _SOLID * np.count_nonzero(hull) or not is_tissue(levels, hull > 0):
        return None
    around = (widened(hull, 2 * _RING_PX) & (1 - widened(hull, _RING_PX))) > 0
    return hull if not around.any() or float((lit[around] == 0).mean()) >= _DARK_RING else None
