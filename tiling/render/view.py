"""What is to be seen: a rectangle of level 0, at a size in pixels."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """The rectangle [l0_x, l0_x + l0_width) × [l0_y, l0_y + l0_height) shown as width_px × height_px.

    Level-0 pixel i covers [i, i + 1): coordinates name pixels' upper left corners, fractions are places
    within a pixel. The rectangle may leave the slide. Raises ValueError where a number is not finite or a
    side is not positive.
    """

    l0_x: float
    l0_y: float
    l0_width: float
    l0_height: float
    width_px: int
    height_px: int

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.l0_x, self.l0_y, self.l0_width, self.l0_height))):
            raise ValueError("a view has finite coordinates")
        if min(self.l0_width, self.l0_height, self.width_px, self.height_px) <= 0:
            raise ValueError("a view has a positive width and height")

    @property
    def axes(self) -> "tuple[Axis, Axis]":
        """The two directions, x first: each is worked out by itself."""
        return (
            Axis(self.l0_x, self.l0_width, self.width_px),
            Axis(self.l0_y, self.l0_height, self.height_px),
        )


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of a view."""

    l0_start: float
    l0_length: float
    count_px: int

    @property
    def downsample(self) -> float:
        """Level-0 pixels per pixel of the view; below 1 where it magnifies."""
        return self.l0_length / self.count_px

    def inside(self, l0_end: int) -> tuple[int, int]:
        """The pixels [first, end) of the view whose centres lie in a slide that reaches from 0 to l0_end."""
        first = math.ceil(-self.l0_start / self.downsample - 0.5)
        end = math.ceil((l0_end - self.l0_start) / self.downsample - 0.5)
        return min(max(first, 0), self.count_px), min(max(end, 0), self.count_px)
