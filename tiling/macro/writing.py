"""Writing in pictures of slides: pen on the glass, printed frames, labels.

A detector that was taught on documents sees signs in bright, nearly empty glass: a hundred in a picture
without any, some with a score of 0.85. They are not in the same places when the picture is shown in another
way; real writing is. So each picture is shown twice, as it is and as a negative turned by a right angle, and
what is seen in both counts; of what is seen once, only what is nearly certain.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ground.picture_text import TextBox, TextFinder
from tiling.macro.sheet import lay_out
from tiling.model import Pixels

_SURE = 0.92
_SCORE_TOGETHER = 1.2  # of both views
_SHARED = 0.4  # intersection over union
_LEAST_SIDE_PX = 7
_LEAST_LENGTH_PX = 12


def find_writing(
    pictures: Sequence[Pixels], finder: TextFinder, stop: Callable[[], None] = lambda: None
) -> tuple[tuple[TextBox, ...], ...]:
    """Of each picture what is written in it, in its px. Raises TextFinderError, and what `stop` raises.

    pictures: (height, width, 3) uint8. They are looked at together, which takes far less than one by one.
    `stop` is called now and then.
    """
    negatives = [np.ascontiguousarray(np.rot90(255 - pixels)) for pixels in pictures]
    seen: list[list[TextBox]] = [[] for _ in range(2 * len(pictures))]
    for sheet in lay_out([*pictures, *negatives]):
        stop()
        for box in finder.find(sheet.pixels):
            for placed in sheet.placed:
                own = placed.own(box)
                if own is not None and _is_large_enough(own):
                    seen[placed.number].append(own)
    return tuple(
        _believed(plain, [_turned_back(box, pixels.shape[1]) for box in turned])
        for pixels, plain, turned in zip(pictures, seen, seen[len(pictures) :], strict=False)
    )


def _believed(plain: Sequence[TextBox], turned: Sequence[TextBox]) -> tuple[TextBox, ...]:
    found = [box for box in (*plain, *turned) if box.score >= _SURE]
    found += [
        _around(box, other)
        for box in plain
        for other in turned
        if box.score + other.score >= _SCORE_TOGETHER and _overlap(box, other) >= _SHARED
    ]
    return tuple(_distinct(found))


def _is_large_enough(box: TextBox) -> bool:
    """Two letters of the smallest height that anybody can read."""
    sides = (box.x1 - box.x0, box.y1 - box.y0)
    return min(sides) >= _LEAST_SIDE_PX and max(sides) >= _LEAST_LENGTH_PX


def _turned_back(box: TextBox, width_px: int) -> TextBox:
    """Turned to the left, the picture's last column becomes the first row."""
    return TextBox(width_px - box.y1, box.x0, width_px - box.y0, box.x1, box.score)


def _overlap(one: TextBox, other: TextBox) -> float:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (_area(one) + _area(other) - shared)


def _area(box: TextBox) -> int:
    return (box.x1 - box.x0) * (box.y1 - box.y0)


def _around(one: TextBox, other: TextBox) -> TextBox:
    return TextBox(
        min(one.x0, other.x0),
        min(one.y0, other.y0),
        max(one.x1, other.x1),
        max(one.y1, other.y1),
        max(one.score, other.score),
    )


def _distinct(boxes: list[TextBox]) -> list[TextBox]:
    """Each place once, as the box around all that was seen of it."""
    distinct: list[TextBox] = []
    for box in sorted(boxes, key=lambda box: (-_area(box), box.y0, box.x0)):
        for number, kept in enumerate(distinct):
            if _overlap(box, kept) >= _SHARED or _is_inside(box, kept):
                distinct[number] = _around(kept, box)
                break
        else:
            distinct.append(box)
    return sorted(distinct, key=lambda box: (box.y0, box.x0))


def _is_inside(box: TextBox, other: TextBox) -> bool:
    return box.x0 >= other.x0 and box.y0 >= other.y0 and box.x1 <= other.x1 and box.y1 <= other.y1
