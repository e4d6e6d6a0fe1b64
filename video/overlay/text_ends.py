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
ALONE_SCORE_LEAST, ALONE_SHARE_LEAST = 0.5, 0.4
"""Of what is seen alone: its score, and how much of the box it covers."""
MOST_LOOKS = 24

Look = tuple[TextBox, Sequence[NDArray[np.uint8]]]
"""A box, and (h, w, 3) pictures of one size in which it is looked at."""


def to_their_ends(
    boxes: Sequence[TextBox], pictures: Sequence[NDArray[np.uint8]], finder: TextFinder
) -> list[TextBox]:
    """The boxes, the doubtful ones widened by what is seen around them in cuts of the (h, w, 3) pictures."""
    doubtful = sorted((box for box in boxes if box.score < SURE_SCORE), key=lambda box: -box.score)
    widened = [box for box in boxes if box.score >= SURE_SCORE] + doubtful[MOST_LOOKS:]
    looks = [(box, pictures) for box in doubtful[:MOST_LOOKS]]
    for (box, _), seen in zip(looks, _alone(looks, finder), strict=True):
        whole = box
        for one in (one for there in seen for one in there):
            whole = hull(whole, one)
        widened.append(whole)
    return widened


def legible_alone(looks: Sequence[Look], finder: TextFinder) -> list[TextBox]:
    """Those boxes that look like text in each of their pictures also where nothing else is beside them: wet
    tissue and instruments, which do so in company, do not."""
    most = sorted(looks, key=lambda look: -look[0].score)[:MOST_LOOKS]
    found = []
    for (box, _), seen in zip(most, _alone(most, finder), strict=True):
        sure = [[one for one in there if _confirms(one, box)] for there in seen]
        if all(sure):
            found += [box, *(one for there in sure for one in there)]
    return found


def _alone(looks: Sequence[Look], finder: TextFinder) -> list[list[list[TextBox]]]:
    """For each box what belongs to it in the cuts of each of its pictures; px of the whole pictures."""
    rooms = [_room(box, pictures[0].shape) for box, pictures in looks]
    cuts = [
        picture[room.y0 : room.y1, room.x0 : room.x1]
        for room, (_, pictures) in zip(rooms, looks, strict=True)
        for picture in pictures
    ]
    seen = iter(find_side_by_side(cuts, finder, 0) if cuts else ())
    found = []
    for room, (box, pictures) in zip(rooms, looks, strict=True):
        seen_here = ([_moved(cut, room) for cut in next(seen)] for _ in pictures)
        found.append([[one for one in there if _is_line_of(one, box)] for there in seen_here])
    return found


def _moved(cut: TextBox, room: TextBox) -> TextBox:
    return TextBox(cut.x0 + room.x0, cut.y0 + room.y0, cut.x1 + room.x0, cut.y1 + room.y0, cut.score)


def _room(box: TextBox, shape: tuple[int, ...]) -> TextBox:
    height_px, width_px = shape[:2]
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


def _confirms(found: TextBox, box: TextBox) -> bool:
    return found.score >= ALONE_SCORE_LEAST and share_inside(box, found) >= ALONE_SHARE_LEAST


def _is_line_of(found: TextBox, box: TextBox) -> bool:
    lower = min(box.y1 - box.y0, box.x1 - box.x0)
    is_low = min(found.y1 - found.y0, found.x1 - found.x0) <= MOST_HEIGHT_SHARE * lower
    return is_low and share_inside(found, box) > 0
