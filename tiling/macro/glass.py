"""Where the clear glass lies in a picture of the whole slide, found in its brightness and its edges.

All functions want the long side of the glass across the picture, (height, width, 3) uint8.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tiling.model import Pixels

# Of the picture's width: within how much of each end an edge may bound the label.
_END_SHARE = 0.45
# A label takes 20 to 35 % of a glass; less than this cut off at either end means that it was not found.
_LEAST_CUT = 0.12
_LEAST_KEPT = 0.3
_MARGIN = 0.012
_WINDOW = 0.008
_STEP_GREY = 24  # grey levels between the two sides of an edge
_STEP_ROWS = 0.6  # share of the rows in which it is seen
_DRAWN_LEAST, _DRAWN_MOST, _AROUND_PX = 200, 60, 15
_BLOCK_FILLED, _RINGING_PX = 0.9, 4
_UNLIKE_GREY = 25
_UNLIKE_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Glass:
    """Columns from left_px to right_px (exclusive) are bounded by straight edges, or by the picture's ends.

    is_left_cut, is_right_cut: whether enough lies beyond to be a label.
    """

    left_px: int
    right_px: int
    is_left_cut: bool
    is_right_cut: bool


def find_glass(pixels: Pixels) -> Glass | None:
    """None where no edge is far enough from either end to bound a label, or too little is between."""
    width = pixels.shape[1]
    edges = np.flatnonzero(_edge_strength(_without_drawing(pixels)) >= _STEP_ROWS)
    left = edges[edges < _END_SHARE * width]
    right = edges[edges > (1 - _END_SHARE) * width]
    margin = round(_MARGIN * width)
    start = int(left.max()) + 1 + margin if len(left) else 0
    end = int(right.min()) - margin if len(right) else width
    is_left_cut, is_right_cut = start >= _LEAST_CUT * width, width - end >= _LEAST_CUT * width
    if end - start < _LEAST_KEPT * width or not (is_left_cut or is_right_cut):
        return None
    return Glass(start, end, is_left_cut, is_right_cut)


def _without_drawing(pixels: Pixels) -> Pixels:
    """Aperio draws the scanned area into the picture, in pure green and blue: those are no edges of glass."""
    around = cv2.medianBlur(pixels, _AROUND_PX)
    return np.asarray(np.where(_drawn(pixels)[:, :, np.newaxis] > 0, around, pixels), np.uint8)


def _drawn(pixels: Pixels) -> NDArray[np.uint8]:
    """Where colours are purer than any stain or pen, and the rim of that: 1, elsewhere 0."""
    red, green, blue = (pixels[..., channel] for channel in range(3))
    least, most = np.minimum(np.minimum(red, green), blue), np.maximum(np.maximum(red, green), blue)
    drawn = ((most >= _DRAWN_LEAST) & (least <= _DRAWN_MOST)).astype(np.uint8)
    return np.asarray(cv2.dilate(drawn, np.ones((3, 3), np.uint8)), np.uint8)


def is_drawn_block(pixels: Pixels) -> bool:
    """Whether a piece of the picture shows a filled rectangle of pure colour, and nothing else.

    Aperio marks places of focus so, and a text detector takes them for letters.
    """
    drawn = _drawn(pixels)
    _, _, width, height = cv2.boundingRect(drawn)
    if np.count_nonzero(drawn) < _BLOCK_FILLED * max(1, width * height):
        return False
    beyond = cv2.dilate(drawn, np.ones((2 * _RINGING_PX + 1,) * 2, np.uint8)) == 0
    around = pixels[beyond].astype(np.int16)
    return bool(len(around)) and int(around.max() - around.min()) < _STEP_GREY


def _edge_strength(pixels: Pixels) -> NDArray[np.float64]:
    """For each column the share of rows whose brightness differs between its left and its right."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    height, width = grey.shape
    window = max(3, round(_WINDOW * width))
    sums = np.cumsum(np.pad(grey, ((0, 0), (window + 1, window)), mode="edge"), axis=1)
    means = (sums[:, window:] - sums[:, :-window]) / window
    steps = np.abs(means[:, window : window + width] - means[:, :width])
    share: NDArray[np.float64] = (steps >= _STEP_GREY).sum(axis=0) / height
    return share


def is_unlike_glass(pixels: Pixels, glass: Glass, columns: range) -> bool:
    """Whether what lies in `columns` plainly is not glass: paper, or what a scanner blackens."""
    inside = np.median(pixels[:, glass.left_px : glass.right_px].reshape(-1, 3), axis=0)
    there = pixels[:, columns.start : columns.stop].astype(np.int16)
    unlike = np.abs(there - inside).max(axis=2) >= _UNLIKE_GREY
    return bool(unlike.mean() >= _UNLIKE_SHARE)
