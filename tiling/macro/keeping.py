"""Decide what of the picture of the whole glass may be kept.

The glass around the middle is kept, as far as straight edges bound it; what lies beyond them at either end
is blank. One of these ends must show itself to be the label's: it is unlike the glass (paper, or blackened by
the scanner), or has writing, or the file's own picture of the label is seen there. What is kept must have no
writing and no bar code. Where any of this is in doubt, nothing is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ground.finding import Box
from ground.picture_text import TextBox
from tiling.errors import CorruptSlideError
from tiling.geometry import ceil_div
from tiling.macro.codes import has_code
from tiling.macro.glass import Glass, find_glass, is_drawn_block, is_unlike_glass
from tiling.macro.likeness import find_label
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


@dataclass(frozen=True, slots=True)
class CutMacro:
    """A macro of which, by its shapes, all but the label may be kept. What is written has yet to be seen.

    kept: what is kept unless there is writing in it. glass: what of that, decoded, is not blank. ends: what
    was cut off, where only writing can tell that it was the label. Both (height, width, 3) uint8.
    """

    kept: KeptMacro
    glass: Pixels
    ends: tuple[Pixels, ...]

    @property
    def pictures(self) -> tuple[Pixels, ...]:
        """What writing has to be looked for in."""
        return self.glass, *self.ends

    def decide(self, writing: Sequence[Sequence[TextBox]]) -> KeptMacro | Dropped:
        """writing: what was found in each of the pictures."""
        in_glass, *in_ends = writing
        in_glass = [
            box for box in in_glass if not is_drawn_block(self.glass[box.y0 : box.y1, box.x0 : box.x1])
        ]
        if self.ends and not any(in_ends):
            return Dropped("neither end of the glass plainly is the label")
        if in_glass:
            return Dropped("something like writing is left beside the label")
        return self.kept


def cut_macro(macro: Pixels, label: Pixels | None) -> CutMacro | Dropped:
    """macro, label: (height, width, 3) uint8."""
    scale = max(1.0, max(macro.shape[:2]) / _LONGEST_SIDE_PX)
    if scale > 1:
        macro = shrink(macro, round(macro.shape[1] / scale), round(macro.shape[0] / scale))
    is_upright = macro.shape[0] > macro.shape[1]
    across = _turned(macro, is_upright=is_upright)
    glass = find_glass(across)
    if glass is None:
        return Dropped("where the glass ends and the label begins cannot be told")
    width = across.shape[1]
    # In whole blocks of the JPEG, so that what is blank is exactly so.
    left = min(ceil_div(glass.left_px, _BLOCK_PX) * _BLOCK_PX, width)
    right = width if glass.right_px >= width else glass.right_px // _BLOCK_PX * _BLOCK_PX
    ends = [range(0, left)] * glass.is_left_cut + [range(right, width)] * glass.is_right_cut
    sighting = (
        _sighting(across, _turned(label, is_upright=is_upright), glass, ends) if label is not None else None
    )
    if sighting is False:
        return Dropped("the label is seen where the glass should be")
    is_plain = sighting or any(is_unlike_glass(across, glass, end) for end in ends)
    kept = across.copy()
    kept[:, :left] = kept[:, right:] = BLANK
    picture = _turned(kept, is_upright=is_upright)
    jpeg = encode_jpeg(picture, L0_CODING)
    height_px, width_px = picture.shape[:2]
    written = decode_jpeg(jpeg, width_px, height_px)
    if has_code(written):
        return Dropped("something like a bar code is left beside the label")
    blank = tuple(
        _box(columns, across.shape[0], is_upright=is_upright)
        for columns in (range(0, left), range(right, width))
        if columns
    )
    return CutMacro(
        KeptMacro(jpeg, width_px, height_px, blank, scale),
        _columns(written, range(left, right), is_upright=is_upright),
        () if is_plain else tuple(_columns(macro, end, is_upright=is_upright) for end in ends),
    )


def _sighting(across: Pixels, label: Pixels, glass: Glass, ends: Sequence[range]) -> bool | None:
    """Where the file's picture of the label is seen again: True, at an end; False, in the glass; or None."""
    seen = find_label(across, label)
    if seen is None or seen.score < _IS_SEEN:
        return None
    if any(seen.x0_px >= end.start and seen.x1_px <= end.stop for end in ends):
        return True
    return False if seen.x0_px >= glass.left_px and seen.x1_px <= glass.right_px else None


def _turned(pixels: Pixels, *, is_upright: bool) -> Pixels:
    return np.ascontiguousarray(pixels.swapaxes(0, 1)) if is_upright else pixels


def _columns(pixels: Pixels, columns: range, *, is_upright: bool) -> Pixels:
    here = slice(columns.start, columns.stop)
    return pixels[here] if is_upright else pixels[:, here]


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
