"""Sizes, places and scales of a slide. All integers are pixels of the level they belong to."""

from collections.abc import Iterator
from dataclasses import dataclass, field


def ceil_div(value: int, divisor: int) -> int:
    return -(-value // divisor)


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """A pixel position, or the (col, row) of a tile."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Size:
    width_px: int
    height_px: int

    @property
    def pixel_count(self) -> int:
        return self.width_px * self.height_px

    def halved(self) -> "Size":
        """The next smaller Deep Zoom level: half of each side, rounded up."""
        return Size(ceil_div(self.width_px, 2), ceil_div(self.height_px, 2))

    def fits_in(self, side_px: int) -> bool:
        return self.width_px <= side_px and self.height_px <= side_px


@dataclass(frozen=True, slots=True)
class Region:
    """The pixels [x, x + width) × [y, y + height) of a level."""

    origin: Point
    size: Size


@dataclass(frozen=True, slots=True)
class Mpp:
    """Physical size of a level-0 pixel in micrometres."""

    x_um: float
    y_um: float


@dataclass(frozen=True, slots=True)
class TileGrid:
    """Square tiles over a level, row by row, starting at its upper left corner."""

    size: Size
    tile_size_px: int
    cols: int = field(init=False, compare=False, repr=False)
    rows: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Kept: they are asked for with each tile.
        object.__setattr__(self, "cols", ceil_div(self.size.width_px, self.tile_size_px))
        object.__setattr__(self, "rows", ceil_div(self.size.height_px, self.tile_size_px))

    @property
    def count(self) -> int:
        return self.cols * self.rows

    def region(self, col: int, row: int) -> Region:
        """The part of the level that this tile shows; cropped on the right and lower edge."""
        side = self.tile_size_px
        x, y = col * side, row * side
        return Region(
            Point(x, y),
            Size(min(side, self.size.width_px - x), min(side, self.size.height_px - y)),
        )

    def is_whole(self, col: int, row: int) -> bool:
        """Whether the level fills this tile, so that its TIFF form and its Deep Zoom form are the same."""
        side = self.tile_size_px
        return (col + 1) * side <= self.size.width_px and (row + 1) * side <= self.size.height_px

    def __iter__(self) -> Iterator[Point]:
        return (Point(col, row) for row in range(self.rows) for col in range(self.cols))


def deepzoom_sizes(size: Size) -> tuple[Size, ...]:
    """The size of each Deep Zoom level: index 0 is 1×1, the last one is `size` itself."""
    sizes = [size]
    while not sizes[-1].fits_in(1):
        sizes.append(sizes[-1].halved())
    return tuple(reversed(sizes))


def pyramid_sizes(size: Size, tile_size_px: int) -> tuple[Size, ...]:
    """The levels that the TIFF stores: full size first, down to the first that fits in one tile."""
    sizes = [size]
    while not sizes[-1].fits_in(tile_size_px):
        sizes.append(sizes[-1].halved())
    return tuple(sizes)
