"""From boxes around pieces of text to boxes around lines."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox

END_PER_HEIGHT = 0.5
"""The step by which a line is lengthened where its strokes go on beyond what was seen of it."""
MOST_STEPS = 1
END_PAD_PER_HEIGHT = 0.25
STRONG_PERCENTILE = 85
LIKE_STRENGTH, LIKE_SHARE = 0.6, 0.35
"""Strokes go on where so much of a line's strength is reached in so much of the share of samples."""
GAP_PER_HEIGHT = 0.8
"""Words of one line stand no further apart."""
SAME_LINE = 0.6
"""Of the lower one's height, as far as two pieces have to stand beside one another."""


def lines(boxes: Iterable[TextBox], strokes: NDArray[np.uint8]) -> tuple[TextBox, ...]:
    """Pieces of a line made one, lengthened as far as its strokes go on: faint first and last letters.

    strokes : (h, w) uint8, how strong; of the picture that the boxes are of.
    """
    height_px, width_px = strokes.shape
    pieces = [_clipped(box, width_px, height_px) for box in boxes]
    pieces = [box for box in pieces if box.x0 < box.x1 and box.y0 < box.y1]
    while True:
        joined = _joined_once(pieces)
        if len(joined) == len(pieces):
            break
        pieces = joined
    return without_inner(_lengthened(box, strokes) for box in pieces)


def with_ends(boxes: Iterable[TextBox], width_px: int, height_px: int) -> tuple[TextBox, ...]:
    """Each line somewhat longer, as far as the picture goes: half of a last letter is often not seen."""
    return tuple(_clipped(_with_ends(box), width_px, height_px) for box in boxes)


def without_inner(boxes: Iterable[TextBox]) -> tuple[TextBox, ...]:
    """Without those that lie wholly in another, which keeps the higher score. From top to bottom."""
    kept: list[TextBox] = []
    for box in sorted(boxes, key=lambda box: (-area(box), box.y0, box.x0)):
        for number, larger in enumerate(kept):
            if share_inside(box, larger) == 1.0:
                kept[number] = _around(larger, larger, max(larger.score, box.score))
                break
        else:
            kept.append(box)
    return tuple(sorted(kept, key=lambda box: (box.y0, box.x0, box.y1, box.x1)))


def area(box: TextBox) -> int:
    return (box.x1 - box.x0) * (box.y1 - box.y0)


def share_inside(box: TextBox, other: TextBox) -> float:
    """How much of a box another one covers, 0 to 1."""
    across = min(box.x1, other.x1) - max(box.x0, other.x0)
    down = min(box.y1, other.y1) - max(box.y0, other.y0)
    return max(0, across) * max(0, down) / max(1, area(box))


def hull(one: TextBox, other: TextBox) -> TextBox:
    return _around(one, other, max(one.score, other.score))


def _joined_once(pieces: list[TextBox]) -> list[TextBox]:
    joined: list[TextBox] = []
    for box in sorted(pieces, key=lambda box: (box.x0, box.y0, box.x1, box.y1)):
        for number, before in enumerate(joined):
            if _is_same_line(before, box):
                joined[number] = hull(before, box)
                break
        else:
            joined.append(box)
    return joined


def _is_same_line(one: TextBox, other: TextBox) -> bool:
    heights = one.y1 - one.y0, other.y1 - other.y0
    beside = min(one.y1, other.y1) - max(one.y0, other.y0)
    gap = max(one.x0, other.x0) - min(one.x1, other.x1)
    is_alike = max(heights) <= 2 * min(heights)
    return is_alike and beside >= SAME_LINE * max(heights) and gap <= GAP_PER_HEIGHT * min(heights)


def _lengthened(box: TextBox, strokes: NDArray[np.uint8]) -> TextBox:
    if box.x1 - box.x0 < box.y1 - box.y0:
        turned = TextBox(box.y0, box.x0, box.y1, box.x1, box.score)
        long = _lengthened_across(turned, strokes.T)
        return TextBox(long.y0, long.x0, long.y1, long.x1, long.score)
    return _lengthened_across(box, strokes)


def _lengthened_across(box: TextBox, strokes: NDArray[np.uint8]) -> TextBox:
    row = strokes[box.y0 : box.y1]
    inside = row[:, box.x0 : box.x1]
    strong = max(1.0, LIKE_STRENGTH * float(np.percentile(inside, STRONG_PERCENTILE)))
    share = LIKE_SHARE * float((inside >= strong).mean())
    if share == 0.0:
        return box  # no strokes, nothing that could go on
    step = max(1, round(END_PER_HEIGHT * (box.y1 - box.y0)))
    x0, x1 = box.x0, box.x1
    for _ in range(MOST_STEPS):
        before, after = row[:, max(0, x0 - step) : x0], row[:, x1 : x1 + step]
        x0 -= before.shape[1] if before.size and (before >= strong).mean() >= share else 0
        x1 += after.shape[1] if after.size and (after >= strong).mean() >= share else 0
    return TextBox(x0, box.y0, x1, box.y1, box.score)


def _with_ends(box: TextBox) -> TextBox:
    height, width = box.y1 - box.y0, box.x1 - box.x0
    pad = round(END_PAD_PER_HEIGHT * min(height, width))
    across, down = (pad, 0) if width >= height else (0, pad)
    return TextBox(box.x0 - across, box.y0 - down, box.x1 + across, box.y1 + down, box.score)


def _clipped(box: TextBox, width_px: int, height_px: int) -> TextBox:
    x0, y0 = max(0, box.x0), max(0, box.y0)
    return TextBox(x0, y0, min(width_px, box.x1), min(height_px, box.y1), box.score)


def _around(one: TextBox, other: TextBox, score: float) -> TextBox:
    x0, y0 = min(one.x0, other.x0), min(one.y0, other.y0)
    return TextBox(x0, y0, max(one.x1, other.x1), max(one.y1, other.y1), score)
