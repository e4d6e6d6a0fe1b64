"""A view of a canonical slide as pixels."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tiling.canonical import CanonicalSlide
from tiling.geometry import Point, Region, Size
from tiling.model import Pixels
from tiling.render.levels import StoredLevel, next_finer, read_rectangle, stored_levels
from tiling.render.view import Axis, View

WHITE = 255
MOST_SOURCE_PX = 80_000_000
"""Pixels of a level that one view may take: what 16 million of twice the scale take, and a margin."""
_BAND_PX = 2_500_000
"""Of the level, or of the view: what is scaled at a time."""
_LANCZOS_REACH = 3
"""Lanczos 3 weighs three pixels to either side: of the source, or of the view where that is coarser."""
_TOLERANCE_PX = 1e-6


@dataclass(frozen=True, slots=True)
class _Span:
    """One direction of what is to be made: pixels [first, end) of the view, on a level's scale.

    start: where the first one begins, in pixels of the level. step: level pixels per pixel of the view.
    size_px: how long the level is.
    """

    first: int
    end: int
    start: float
    step: float
    size_px: int

    @property
    def exact_start(self) -> int | None:
        """The level's pixel that the first one is, where pixels of the view are pixels of the level."""
        nearest = round(self.start)
        drift = abs(self.step - 1) * (self.end - self.first)
        return nearest if max(abs(self.start - nearest), drift) < _TOLERANCE_PX else None

    def needed(self, first: int, end: int) -> tuple[int, int]:
        """The level's pixels that weigh in those of the view, counted from `self.first`."""
        reach = _LANCZOS_REACH * max(self.step, 1.0) + 1
        low = math.floor(self.start + first * self.step - reach)
        high = math.ceil(self.start + end * self.step + reach)
        return max(low, 0), min(high, self.size_px)


def render(slide: CanonicalSlide, view: View, cancelled: Callable[[], bool] = lambda: False) -> Pixels:
    """A view, (height_px, width_px, 3) uint8 RGB; white where its pixels' centres lie outside of the slide.

    Made from the next finer level by Lanczos 3, placed to fractions of a pixel; where the view's pixels
    are a level's own, they are that level's, bit for bit. Neighbouring views fit together without a seam:
    the filter sees the slide beyond the view, and nothing beyond the slide. Takes about 50 MB beyond the
    result, whatever the view. Raises CorruptSlideError, CanonicalError, RenderCancelled.
    """
    info = slide.info
    out = np.full((view.height_px, view.width_px, 3), WHITE, np.uint8)
    axis_x, axis_y = view.axes
    (left, right), (top, bottom) = axis_x.inside(info.width_px), axis_y.inside(info.height_px)
    if left == right or top == bottom:
        return out
    area_l0_px2 = (right - left) * axis_x.downsample * (bottom - top) * axis_y.downsample
    level = next_finer(stored_levels(info), axis_x.downsample, axis_y.downsample, MOST_SOURCE_PX, area_l0_px2)
    across = _span(axis_x, left, right, level.downsample_x, level.grid.size.width_px)
    down = _span(axis_y, top, bottom, level.downsample_y, level.grid.size.height_px)
    inner = out[top:bottom, left:right]
    if across.exact_start is not None and down.exact_start is not None:
        origin = Point(across.exact_start, down.exact_start)
        read_rectangle(slide, level, Region(origin, Size(right - left, bottom - top)), cancelled, inner)
    else:
        _resample(slide, level, across, down, cancelled, inner)
    return out


def _span(axis: Axis, first: int, end: int, downsample: float, size_px: int) -> _Span:
    start = (axis.l0_start + first * axis.downsample) / downsample
    return _Span(first, end, start, axis.downsample / downsample, size_px)


def _resample(
    slide: CanonicalSlide,
    level: StoredLevel,
    across: _Span,
    down: _Span,
    cancelled: Callable[[], bool],
    out: Pixels,
) -> None:
    """Scale band by band, each with the rows above and below that its filter sees."""
    height, width = out.shape[:2]
    left, right = across.needed(0, width)
    rows = max(1, int(_BAND_PX / max((right - left) * down.step, width)))
    for first in range(0, height, rows):
        end = min(first + rows, height)
        top, bottom = down.needed(first, end)
        part = Region(Point(left, top), Size(right - left, bottom - top))
        source = np.empty((bottom - top, right - left, 3), np.uint8)
        read_rectangle(slide, level, part, cancelled, source)
        out[first:end] = _scaled(
            source,
            (across.start - left, across.start + width * across.step - left),
            (down.start + first * down.step - top, down.start + end * down.step - top),
            Size(width, end - first),
        )


def _scaled(source: Pixels, across: tuple[float, float], down: tuple[float, float], size: Size) -> Pixels:
    """The part of `source` between these places, to a size.

    A view's first or last pixel may lie half beyond the slide: there the slide's border is repeated, so that
    nothing is shifted. Never by more than the slide itself, however coarse the view.
    """
    height, width = source.shape[:2]
    x_before, x_after = _missing(across, width)
    y_before, y_after = _missing(down, height)
    if x_before or x_after or y_before or y_after:
        source = np.pad(source, ((y_before, y_after), (x_before, x_after), (0, 0)), "edge")
        height, width = source.shape[:2]
    box = (
        max(across[0] + x_before, 0.0),
        max(down[0] + y_before, 0.0),
        min(across[1] + x_before, width),
        min(down[1] + y_before, height),
    )
    scaled = Image.fromarray(source).resize(
        (size.width_px, size.height_px), Image.Resampling.LANCZOS, box=box
    )
    return np.asarray(scaled)


def _missing(places: tuple[float, float], size_px: int) -> tuple[int, int]:
    before = min(max(math.ceil(-places[0]), 0), size_px)
    return before, min(max(math.ceil(places[1]) - size_px, 0), size_px)
