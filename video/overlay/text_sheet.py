"""Several pictures side by side, which a finder sees as one: quicker, and each is judged beside others."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox, TextFinder, highest_text_px

GAP_PX = 32


def find_side_by_side(
    pictures: Sequence[NDArray[np.uint8]], finder: TextFinder, ground: int
) -> list[list[TextBox]]:
    """The boxes in each of several (h, w, 3) uint8 pictures, on a ground of this grey level."""
    origins, (height_px, width_px) = _shelves([picture.shape[:2] for picture in pictures])
    sheet = np.full((height_px, width_px, 3), ground, np.uint8)
    for picture, (x, y) in zip(pictures, origins, strict=True):
        sheet[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    found: list[list[TextBox]] = [[] for _ in pictures]
    highest_px = max((highest_text_px(*picture.shape[:2]) for picture in pictures), default=None)
    for box in finder.find(sheet, highest_px=highest_px):
        middle_x, middle_y = (box.x0 + box.x1) // 2, (box.y0 + box.y1) // 2
        for boxes, picture, (x, y) in zip(found, pictures, origins, strict=True):
            height, width = picture.shape[:2]
            # Half the gap is each neighbour's: a box may reach beyond its picture.
            is_near = -GAP_PX // 2 <= middle_x - x < width + GAP_PX // 2
            if not is_near or not -GAP_PX // 2 <= middle_y - y < height + GAP_PX // 2:
                continue
            x0, y0 = max(0, box.x0 - x), max(0, box.y0 - y)
            x1, y1 = min(width, box.x1 - x), min(height, box.y1 - y)
            if x0 < x1 and y0 < y1:
                boxes.append(TextBox(x0, y0, x1, y1, box.score))
    return found


def _shelves(sizes: Sequence[tuple[int, ...]]) -> tuple[list[tuple[int, int]], tuple[int, int]]:
    """Where each (h, w) has its corner (x, y): the highest first, in rows of about equal length. And (h, w)
    of all of them, which is about square."""
    area = sum((height + GAP_PX) * (width + GAP_PX) for height, width in sizes)
    most = max(*(width for _, width in sizes), round(area**0.5))
    places: dict[int, tuple[int, int]] = {}
    x = y = row_px = width_px = 0
    for place in sorted(range(len(sizes)), key=lambda place: -sizes[place][0]):
        height, width = sizes[place]
        if x and x + width > most:
            x, y, row_px = 0, y + row_px + GAP_PX, 0
        places[place] = x, y
        row_px, width_px = max(row_px, height), max(width_px, x + width)
        x += width + GAP_PX
    return [places[place] for place in range(len(sizes))], (y + row_px, width_px)
