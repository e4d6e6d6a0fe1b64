"""Decide what of the picture of the whole glass may be kept.

The glass around the middle is kept, as far as straight edges bound it; what lies beyond them at either end
is blank. One of these ends must show itself to be the label's: it is unlike the glass (paper, or blackened by
the scanner), or has writing, or the file's own picture of the label is seen there. What is kept must have no
writing and no bar code. Where any of this is in doubt, nothing is kept.
"""

from dataclasses import dataclass

import numpy as np

from ground.finding import Box
from ground.picture_text import TextBox, TextFinder
from tiling.errors import CorruptSlideError
from tiling.geometry import ceil_div
from tiling.macro.codes import has_code
from tiling.macro.glass import Glass, find_glass, is_unlike_glass
from tiling.macro.likeness import find_label
from tiling.macro.writing import find_writing
from tiling.model import Pixels
from tiling.pixels import L0_CODING, decode_jpeg, encode_jpeg, shrink

BLANK = 255
_LONGEST_SIDE_PX = 1_600
# Correlation. What straddles the border is no sighting: any dark and bright halves are alike there.
_IS_SEEN = 0.6
_BLOCK_PX = 8


@dataclass(frozen=True, slots=True)
class KeptMacro:
    """jpeg: the picture to keep, in which, decoded, no writing was found. blank: what of it is blank, in its
    px. scale: source px per px of it.
    """

    jpeg: bytes
    width_px: int
    height_px: int
    blank: tuple[Box, ...]
    scale: float


@dataclass(frozen=True, slots=True)
class Dropped:
    """reason: a sentence for people."""

    reason: str


def keep_macro(macro: Pixels, label: Pixels | None, finder: TextFinder) -> KeptMacro | Dropped:
    """macro, label: (height, width, 3) uint8. Raises TextFinderError."""
    scale = max(1.0, max(macro.shape[:2]) / _LONGEST_SIDE_PX)
    if scale > 1:
        macro = shrink(macro, round(macro.shape[1] / scale), round(macro.shape[0] / scale))
    is_upright = macro.shape[0] > macro.shape[1]
    across = np.ascontiguousarray(macro.swapaxes(0, 1)) if is_upright else macro
    glass = find_glass(across)
    if glass is None:
        return Dropped("where the glass ends and the label begins cannot be told")
    width = across.shape[1]
    # In whole blocks of the JPEG, so that what is blank is exactly so.
    left = min(ceil_div(glass.left_px, _BLOCK_PX) * _BLOCK_PX, width)
    right = width if glass.right_px >= width else glass.right_px // _BLOCK_PX * _BLOCK_PX
    ends = [range(0, left)] * glass.is_left_cut + [range(right, width)] * glass.is_right_cut
    doubt = _doubt(across, macro, label, glass, ends, finder, is_upright=is_upright)
    if doubt is not None:
        return Dropped(doubt)
    kept = across.copy()
    kept[:, :left] = kept[:, right:] = BLANK
    picture = np.ascontiguousarray(kept.swapaxes(0, 1)) if is_upright else kept
    jpeg = encode_jpeg(picture, L0_CODING)
    height_px, width_px = picture.shape[:2]
    written = decode_jpeg(jpeg, width_px, height_px)
    if has_code(written):
        return Dropped("something like a bar code is left beside the label")
    if find_writing(written, finder):
        return Dropped("something like writing is left beside the label")
    blank = tuple(
        _box(columns, across.shape[0], is_upright=is_upright)
        for columns in (range(0, left), range(right, width))
        if columns
    )
    return KeptMacro(jpeg, width_px, height_px, blank, scale)


def _doubt(
    across: Pixels,
    macro: Pixels,
    label: Pixels | None,
    glass: Glass,
    ends: list[range],
    finder: TextFinder,
    *,
    is_upright: bool,
) -> str | None:
    """What speaks against keeping anything; None where one end plainly holds the label."""
    if label is not None:
        upright = np.ascontiguousarray(label.swapaxes(0, 1)) if is_upright else label
        seen = find_label(across, upright)
        if seen is not None and seen.score >= _IS_SEEN:
            if any(seen.x0_px >= end.start and seen.x1_px <= end.stop for end in ends):
                return None
            if seen.x0_px >= glass.left_px and seen.x1_px <= glass.right_px:
                return "the label is seen where the glass should be"
    if any(is_unlike_glass(across, glass, end) for end in ends):
        return None
    writing = find_writing(macro, finder)
    if any(_is_in(box, end, is_upright=is_upright) for box in writing for end in ends):
        return None
    return "neither end of the glass plainly is the label"


def _is_in(box: TextBox, columns: range, *, is_upright: bool) -> bool:
    start, stop = (box.y0, box.y1) if is_upright else (box.x0, box.x1)
    return start >= columns.start and stop <= columns.stop


def _box(columns: range, height_px: int, *, is_upright: bool) -> Box:
    if is_upright:
        return Box(0, columns.start, height_px, columns.stop)
    return Box(columns.start, 0, columns.stop, height_px)


def wrong_with(jpeg: bytes, kept: KeptMacro) -> str | None:
    """Look at a macro as it was written; what is wrong with it, None if nothing is.

    Writing was looked for in exactly these bytes.
    """
    if jpeg != kept.jpeg:
        return "the kept picture of the glass is not the one that was searched for writing"
    try:
        pixels = decode_jpeg(jpeg, kept.width_px, kept.height_px)
    except CorruptSlideError:
        return "the kept picture of the glass cannot be decoded"
    if any((pixels[box.y0 : box.y1, box.x0 : box.x1] != BLANK).any() for box in kept.blank):
        return "the label's place in the picture of the glass is not blank"
    return None
