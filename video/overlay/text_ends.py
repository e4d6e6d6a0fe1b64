"""Look once more at what was seen of a text, alone and with room around it: the rest of the line shows there.

A detector that judges by the picture as a whole often takes the middle of a faint line, and leaves its ends.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox, TextFinder
from ground.ppocr_lines import hull, share_inside
from video.overlay.text_sheet import find_side_by_side

ENDS_PER_HEIGHT, SIDES_PER_HEIGHT = 4.0, 1.0
MOST_HEIGHT_SHARE = 2.0
"""Of the box's own: what is higher is another thing."""
SURE_SCORE = 0.9
"""From here on a text was seen as a whole."""
MOST_LOOKS = 24


def to_their_ends(
    boxes: Sequence[TextBox], pictures: Sequence[NDArray[np.uint8]], finder: TextFinder
) -> list[TextBox]:
    """The boxes, the doubtful ones widened by what is seen around them in cuts of the (h, w, 3) pictures."""
    doubtful = sorted((box for box in boxes if box.score < SURE_SCORE), key=lambda box: box.score)
    doubtful = doubtful[-MOST_LOOKS:]
    if not doubtful:
        return list(boxes)
    height_px, width_px = pictures[0].shape[:2]
    rooms = [_room(box, width_px, height_px) for box in doubtful]
    cuts = [picture[room.y0 : room.y1, room.x0 : room.x1] for room in rooms for picture in pictures]
    seen = find_side_by_side(cuts, finder, 0)
    widened = [box for box in boxes if box not in doubtful]
    for number, (box, room) in enumerate(zip(doubtful, rooms, strict=True)):
        whole = box
        for found in seen[number * len(pictures) : (number + 1) * len(pictures)]:
            for cut in found:
                there = TextBox(
                    cut.x0 + room.x0, cut.y0 + room.y0, cut.x1 + room.x0, cut.y1 + room.y0, cut.score
                )
                if share_inside(there, box) > 0 and _is_line_of(there, box):
                    whole = hull(whole, there)
        widened.append(whole)
    return widened


def _room(box: TextBox, width_px: int, height_px: int) -> TextBox:
    height, width = box.y1 - box.y0, box.x1 - box.x0
    ends, sides = (round(share * min(height, width)) for share in (ENDS_PER_HEIGHT, SIDES_PER_HEIGHT))
    across, down = (ends, sides) if width >= height else (sides, ends)
    return TextBox(
        max(0, box.x0 - across),
        max(0, box.y0 - down),
        min(width_px, box.x1 + across),
        min(height_px, box.y1 + down),
        box.score,
    )


def _is_line_of(found: TextBox, box: TextBox) -> bool:
    lower = min(box.y1 - box.y0, box.x1 - box.x0)
    return min(found.y1 - found.y0, found.x1 - found.x0) <= MOST_HEIGHT_SHARE * lower
