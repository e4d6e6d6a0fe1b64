"""Tell patterns of plain squares from writing: test charts, checkerboards and counting codes are no text.

A detector takes rows of light and dark squares for lines of letters. Writing is made of strokes, and no
stroke is as thick as a sixteenth of the picture: the letters would be as high as half of it. Here nothing is
thinner, neither what is light nor what is dark. A bar code is no pattern in this sense: it may say a name.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox
from video.overlay.survey_model import Window

PLAIN_RANGE = 24
"""Grey levels: where a picture has no more between its darkest and lightest, nothing can be read."""
LEAST_SIDE_PX = 3
SIDE_SHARE = 0.0625
"""Of the picture's shorter side: what is thinner than such a square is a stroke."""
THIN_LEVEL = 12
"""Grey levels by which something thin stands out from what is around it; compression rings by less."""
MOST_THIN = 0.02
"""Of the box's pixels. Compression frays corners."""


def is_blocks(window: Window, box: TextBox) -> bool:
    """Whether every picture of the window has plain squares in the box, and nothing else."""
    height_px, width_px = window.median.shape[:2]
    side_px = max(LEAST_SIDE_PX, int(SIDE_SHARE * min(height_px, width_px))) // 2 * 2 + 1
    top, left = max(0, box.y0 - side_px), max(0, box.x0 - side_px)
    around = np.s_[top : box.y1 + side_px, left : box.x1 + side_px]
    inside = np.s_[box.y0 - top : box.y1 - top, box.x0 - left : box.x1 - left]
    pictures = (window.minimum, window.maximum, window.median, *(rgb for _, rgb in window.samples))
    crops = [_grey(rgb[around]) for rgb in pictures]
    if all(_is_plain(crop[inside]) for crop in crops):
        return False  # where there are no squares either, it was taken for text for another reason
    return all(_is_plain(crop[inside]) or _thin(crop, side_px)[inside].mean() <= MOST_THIN for crop in crops)


def _grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY), np.uint8)


def _is_plain(grey: NDArray[np.uint8]) -> bool:
    return int(grey.max()) - int(grey.min()) <= PLAIN_RANGE


def _thin(grey: NDArray[np.uint8], side_px: int) -> NDArray[np.bool_]:
    """(h, w): what is thinner than a square, lighter or darker than what is around it: what an opening and a
    closing with that square leave out (Serra, 1982)."""
    square = np.ones((side_px, side_px), np.uint8)
    light = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, square)
    dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, square)
    return np.asarray(np.maximum(light, dark) > THIN_LEVEL, np.bool_)
