"""Rectangles in frames, and how much they share."""

from collections.abc import Iterable

from ground.finding import Box

_LAST_FRAME = 2**62
_FUSED_SHARE = 1.25


def area_px(box: Box) -> int:
    return max(0, box.x1 - box.x0) * max(0, box.y1 - box.y0)


def share_within(box: Box, mask: Box) -> float:
    """Which part of a box, its frames counted, lies within a mask: 0 to 1."""
    width = min(box.x1, mask.x1) - max(box.x0, mask.x0)
    height = min(box.y1, mask.y1) - max(box.y0, mask.y0)
    first, last = _frames(box)
    mask_first, mask_last = _frames(mask)
    frames = min(last, mask_last) - max(first, mask_first) + 1
    if min(width, height, frames) <= 0:
        return 0.0
    return width * height / area_px(box) * (frames / (last - first + 1))


def widened(box: Box, by_px: int, width_px: int, height_px: int) -> Box:
    return Box(
        max(0, box.x0 - by_px),
        max(0, box.y0 - by_px),
        min(width_px, box.x1 + by_px),
        min(height_px, box.y1 + by_px),
        box.first_frame,
        box.last_frame,
    )


def fused(boxes: Iterable[tuple[Box, float]]) -> list[tuple[Box, float]]:
    """Boxes of the same frames with their scores; those become one that are hardly smaller together than
    apart. The higher score stays."""
    waiting = sorted(boxes, key=lambda one: (-area_px(one[0]), one[0].y0, one[0].x0))
    found: list[tuple[Box, float]] = []
    while waiting:
        box, score = waiting.pop(0)
        for place, (other, other_score) in enumerate(found):
            around = _around(box, other)
            if area_px(around) <= _FUSED_SHARE * (area_px(box) + area_px(other) - _shared_px(box, other)):
                del found[place]
                waiting.insert(0, (around, max(score, other_score)))
                break
        else:
            found.append((box, score))
    return sorted(found, key=lambda one: (one[0].y0, one[0].x0, one[0].y1, one[0].x1))


def _around(one: Box, other: Box) -> Box:
    return Box(
        min(one.x0, other.x0),
        min(one.y0, other.y0),
        max(one.x1, other.x1),
        max(one.y1, other.y1),
        one.first_frame,
        one.last_frame,
    )


def _shared_px(one: Box, other: Box) -> int:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(0, width) * max(0, height)


def _frames(box: Box) -> tuple[int, int]:
    return box.first_frame or 0, _LAST_FRAME if box.last_frame is None else box.last_frame
