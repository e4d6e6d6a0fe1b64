"""Tell patterns of plain squares from writing: test charts, checkerboards and counting codes are no text.

A detector takes rows of light and dark squares for lines of letters. Writing is made of strokes, thin against
their own height; here nothing is thin, neither what is light nor what is dark.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox
from video.overlay.survey_model import Window

PLAIN_RANGE = 24
"""Grey levels: where a picture has no more between its darkest and lightest, nothing can be read."""
LEAST_SIDE_PX = 5
SIDE_SHARE = 0.2
"""Of the box's height. The strokes of bold capitals are about a seventh of their height."""
THIN_LEVEL = 12
"""Grey levels by which something thin stands out from what is around it; compression rings by less."""
MOST_THIN = 0.02
"""Of the box's pixels. Compression frays corners."""


def is_blocks(window: Window, box: TextBox) -> bool:
    """Whether every picture of the window has plain squares in the box, and nothing else."""
    pictures = (window.minimum, window.maximum, window.median, *(rgb for _, rgb in window.samples))
    crops = [_grey(rgb[box.y0 : box.y1, box.x0 : box.x1]) for rgb in pictures]
    if all(_is_plain(crop) for crop in crops):
        return False  # where there are no squares either, it was taken for text for another reason
    return all(_is_plain(crop) or _has_squares_only(crop) for crop in crops)


def _grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY), np.uint8)


def _is_plain(grey: NDArray[np.uint8]) -> bool:
    return int(grey.max()) - int(grey.min()) <= PLAIN_RANGE


def _has_squares_only(grey: NDArray[np.uint8]) -> bool:
    """Whether nothing is thinner than a square, neither lighter nor darker than what is around it: what an
    opening and a closing with that square leave out (Serra, 1982)."""
    side_px = max(LEAST_SIDE_PX, round(SIDE_SHARE * grey.shape[0])) | 1  # an even square would shift it
    square = np.ones((side_px, side_px), np.uint8)
    # What is cut off by the box's own edge is not thin for that.
    framed = cv2.copyMakeBorder(grey, side_px, side_px, side_px, side_px, cv2.BORDER_REPLICATE)
    light = cv2.morphologyEx(framed, cv2.MORPH_TOPHAT, square)
    dark = cv2.morphologyEx(framed, cv2.MORPH_BLACKHAT, square)
    thin = np.maximum(light, dark)[side_px:-side_px, side_px:-side_px] > THIN_LEVEL
    return float(thin.mean()) <= MOST_THIN
