"""Several pictures on one sheet, so that a detector that takes its time looks once."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ground.picture_text import TextBox
from tiling.model import Pixels

_WIDTH_PX = 1_280
_MOST_PX = 3_000_000  # looking at so much takes a second, and cannot be interrupted
_GAP_PX = 32
_GROUND = 128  # as far from light pictures as from their negatives


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a picture lies on its sheet. number: of the picture."""

    number: int
    x0: int
    y0: int
    width_px: int
    height_px: int

    def own(self, box: TextBox) -> TextBox | None:
        """What of a box on the sheet lies in the picture, in the picture's px; None where nothing does."""
        x0, y0 = max(0, box.x0 - self.x0), max(0, box.y0 - self.y0)
        x1, y1 = min(self.width_px, box.x1 - self.x0), min(self.height_px, box.y1 - self.y0)
        return TextBox(x0, y0, x1, y1, box.score) if x0 < x1 and y0 < y1 else None


@dataclass(frozen=True, slots=True)
class Sheet:
    """pixels: (height, width, 3) uint8."""

    pixels: Pixels
    placed: tuple[Placed, ...]


def lay_out(pictures: Sequence[Pixels]) -> tuple[Sheet, ...]:
    """Each picture once, as it is, in rows from the highest to the lowest; several sheets where it is much.

    pictures: (height, width, 3) uint8.
    """
    width_px = max([_WIDTH_PX, *(picture.shape[1] for picture in pictures)])
    sheets: list[list[_Row]] = []
    for number in sorted(range(len(pictures)), key=lambda number: -pictures[number].shape[0]):
        height, width = pictures[number].shape[:2]
        for row in itertools.chain.from_iterable(sheets):
            if row.end_x + width <= width_px:
                break
        else:
            y = sheets[-1][-1].y0 + sheets[-1][-1].height_px + _GAP_PX if sheets else 0
            if not sheets or y + height > _MOST_PX // width_px:
                sheets.append([])
                y = 0
            row = _Row(y, height, [])
            sheets[-1].append(row)
        row.placed.append(Placed(number, row.end_x, row.y0, width, height))
    return tuple(_drawn(pictures, [one for row in rows for one in row.placed]) for rows in sheets)


@dataclass(frozen=True, slots=True)
class _Row:
    """Pictures side by side, the highest first."""

    y0: int
    height_px: int
    placed: list[Placed]

    @property
    def end_x(self) -> int:
        return self.placed[-1].x0 + self.placed[-1].width_px + _GAP_PX if self.placed else 0


def _drawn(pictures: Sequence[Pixels], placed: Sequence[Placed]) -> Sheet:
    height = max(one.y0 + one.height_px for one in placed)
    width = max(one.x0 + one.width_px for one in placed)
    pixels = np.full((height, width, 3), _GROUND, np.uint8)
    for one in placed:
        pixels[one.y0 : one.y0 + one.height_px, one.x0 : one.x0 + one.width_px] = pictures[one.number]
    return Sheet(pixels, tuple(placed))
