"""How a slide is cut into vertical stripes, so that the memory to convert it does not grow with its width.

A stripe is as wide as one tile of the level up to which it is reduced by itself. At each level it holds a few
columns of its neighbours besides, as many as the filter will need further down, so that its pixels are those
that the whole slide would give. Most slides are one stripe.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tiling.canonical.bands import REACH_PX
from tiling.geometry import Size, TileGrid, ceil_div, pyramid_sizes

# Slides of up to 200,000 px at our own tile size are one stripe: what some formats keep of a row of tiles is
# then asked for once.
_MOST_BYTES = 512 << 20
_BYTES_PER_PX = 3
# Two rows of tiles of level 0, and at each level below one, and the part of another that one step adds.
_TILE_ROWS = 3.4


@dataclass(frozen=True, slots=True)
class Stripe:
    """tile_size_px and number from the left; top_level: the last that it makes; level_0: the slide's size."""

    number: int
    top_level: int
    tile_size_px: int
    l0_size: Size

    def own_tiles(self, level: int) -> range:
        """Columns of tiles that this stripe, and no other, makes."""
        span = 1 << (self.top_level - level)
        cols = TileGrid(self._size(level), self.tile_size_px).cols
        return range(min(cols, self.number * span), min(cols, (self.number + 1) * span))

    def own_columns(self, level: int) -> range:
        """Columns of pixels of the same."""
        tiles, side = self.own_tiles(level), self.tile_size_px
        return range(tiles.start * side, min(self._size(level).width_px, tiles.stop * side))

    def held_columns(self, level: int) -> range:
        """Those that it needs at this level to make its own at all others."""
        margin = REACH_PX * ((1 << (self.top_level - level)) - 1)
        own = self.own_columns(level)
        held = range(max(0, own.start - margin), min(self._size(level).width_px, own.stop + margin))
        if level:
            return held
        tiles, side = self.read_tiles(held), self.tile_size_px
        return range(tiles.start * side, min(self.l0_size.width_px, tiles.stop * side))

    def read_tiles(self, columns: range) -> range:
        """The level-0 tiles that show these columns."""
        return range(columns.start // self.tile_size_px, ceil_div(columns.stop, self.tile_size_px))

    def _size(self, level: int) -> Size:
        return pyramid_sizes(self.l0_size, self.tile_size_px)[level]


def plan_stripes(size: Size, tile_size_px: int, most_bytes: int = _MOST_BYTES) -> Sequence[Stripe]:
    """As few as keep the memory within `most_bytes`; where none do, those that need the least."""
    last = len(pyramid_sizes(size, tile_size_px)) - 1
    top = last
    if _band_bytes(size.width_px, tile_size_px) > most_bytes:
        needed = {level: _bytes(size, tile_size_px, level) for level in range(1, last)}
        fitting = [level for level in needed if needed[level] <= most_bytes]
        top = max(fitting) if fitting else min(needed, key=needed.__getitem__, default=last)
    count = ceil_div(size.width_px, tile_size_px << top)
    return [Stripe(number, top, tile_size_px, size) for number in range(count)]


def _band_bytes(width_px: int, tile_size_px: int) -> float:
    return _TILE_ROWS * tile_size_px * width_px * _BYTES_PER_PX


def _bytes(size: Size, tile_size_px: int, top_level: int) -> float:
    """A stripe's bands, and the picture of the whole slide from which the levels below are made."""
    width_px = min(size.width_px, tile_size_px << top_level)
    picture_px = size.pixel_count / 4.0**top_level
    return _band_bytes(width_px, tile_size_px) + _BYTES_PER_PX * picture_px
