"""Where minimum coded units (MCUs) lie: in segments of entropy-coded data, and in the tiles to be cut."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class McuGrid:
    """How many MCUs an image has across and down."""

    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class TileRange:
    """A rectangle of tiles."""

    first_col: int
    first_row: int
    cols: int
    rows: int

    @property
    def count(self) -> int:
        return self.cols * self.rows


@dataclass(frozen=True, slots=True)
class Segments:
    """Stretches of entropy-coded data, each with the place of its MCUs.

    Segment i are the bytes starts[i] to ends[i] of `data`, stuffing included, restart markers not. Its MCUs
    lie in the rectangle that begins at (columns[i], rows[i]) and is widths[i] wide, row by row, from MCU
    firsts[i] of the rectangle on; they are counts[i]. All but `data` are one-dimensional int64 arrays.

    A segment may also begin inside a byte and inside a scan: skipped_bits[i] bits behind the byte starts[i],
    and with predictors[i] as the DC values before it, shape (segments, 4). Behind a marker all are zero.
    """

    data: bytes
    starts: Numbers
    ends: Numbers
    columns: Numbers
    rows: Numbers
    widths: Numbers
    firsts: Numbers
    counts: Numbers
    skipped_bits: Numbers
    predictors: NDArray[np.int32]

    @classmethod
    def of_scan(
        cls, data: bytes, starts: Numbers, ends: Numbers, interval_mcu: int, grid: McuGrid, first: int = 0
    ) -> Self:
        """Successive restart segments of one scan; `first` is the number of the first one given."""
        zeros = np.zeros(len(starts), np.int64)
        firsts = interval_mcu * (first + np.arange(len(starts), dtype=np.int64))
        counts = np.clip(grid.columns * grid.rows - firsts, 0, interval_mcu)
        widths = zeros + grid.columns
        return cls(
            data, starts, ends, zeros, zeros, widths, firsts, counts, zeros, _no_predictors(len(starts))
        )

    @classmethod
    def of_rectangles(
        cls, data: bytes, starts: Numbers, ends: Numbers, columns: Numbers, rows: Numbers, shape: McuGrid
    ) -> Self:
        """Strips or tiles of `shape`, each a whole scan without restarts, whose first MCUs are given."""
        zeros = np.zeros(len(starts), np.int64)
        widths, counts = zeros + shape.columns, zeros + shape.columns * shape.rows
        none = _no_predictors(len(starts))
        return cls(data, starts, ends, columns, rows, widths, zeros, counts, zeros, none)

    @classmethod
    def of_checkpoints(
        cls,
        data: bytes,
        starts: Numbers,
        ends: Numbers,
        firsts: Numbers,
        counts: Numbers,
        skipped_bits: Numbers,
        predictors: NDArray[np.int32],
        grid: McuGrid,
    ) -> Self:
        """Parts of a scan without restarts, divided where its state is known (see `resync`)."""
        zeros = np.zeros(len(starts), np.int64)
        widths = zeros + grid.columns
        return cls(data, starts, ends, zeros, zeros, widths, firsts, counts, skipped_bits, predictors)


def _no_predictors(count: int) -> NDArray[np.int32]:
    return np.zeros((count, 4), np.int32)


@dataclass(frozen=True, slots=True)
class Pieces:
    """What one tile takes of one row of MCUs in one segment, in the order of the segments.

    All of shape (pieces,): which segment; which tile of the range, -1 outside; the MCU columns [lefts,
    rights) and the row, in the grid of the source.
    """

    segments: Numbers
    tiles: Numbers
    lefts: Numbers
    rights: Numbers
    rows: Numbers


def pieces_of(segments: Segments, grid: McuGrid, tile: McuGrid, tiles: TileRange) -> Pieces:
    """Divide segments at the ends of rows and at the borders of tiles of `tile` MCUs.

    MCUs beyond `grid`, as in the padding of a TIFF's tiles, belong to no tile.
    """
    lasts = segments.firsts + segments.counts - 1
    first_row, last_row = segments.firsts // segments.widths, lasts // segments.widths
    segment, row = _expanded(first_row, np.where(segments.counts > 0, last_row - first_row + 1, 0))
    width = segments.widths[segment]
    left = np.maximum(segments.firsts[segment] - row * width, 0)
    right = np.minimum(lasts[segment] + 1 - row * width, width)
    left, right = left + segments.columns[segment], right + segments.columns[segment]
    row = row + segments.rows[segment]

    first_tile = left // tile.columns
    stretch, col = _expanded(first_tile, (right - 1) // tile.columns - first_tile + 1)
    # The grid's right edge divides too: what follows it is padding.
    lefts = np.maximum(left[stretch], col * tile.columns)
    rights = np.minimum(right[stretch], (col + 1) * tile.columns)
    beyond = np.flatnonzero((lefts < grid.columns) & (rights > grid.columns))
    order = np.insert(np.arange(len(lefts)), beyond + 1, beyond)
    lefts, rights, rows, col = lefts[order], rights[order], row[stretch][order], col[order]
    at = beyond + np.arange(len(beyond))
    rights[at] = lefts[at + 1] = grid.columns

    in_range = (lefts < grid.columns) & (rows < grid.rows)
    tile_col, tile_row = col - tiles.first_col, rows // tile.rows - tiles.first_row
    in_range &= (tile_col >= 0) & (tile_col < tiles.cols) & (tile_row >= 0) & (tile_row < tiles.rows)
    number = np.where(in_range, tile_row * tiles.cols + tile_col, -1)
    return Pieces(segment[stretch][order], number, lefts, rights, rows)


def mcus_in_tiles(grid: McuGrid, tile: McuGrid, tiles: TileRange) -> Numbers:
    """How many MCUs of the source each tile of the range shows."""
    cols = np.arange(tiles.first_col, tiles.first_col + tiles.cols) * tile.columns
    rows = np.arange(tiles.first_row, tiles.first_row + tiles.rows) * tile.rows
    across = np.clip(grid.columns - cols, 0, tile.columns)
    down = np.clip(grid.rows - rows, 0, tile.rows)
    return (down[:, None] * across).ravel().astype(np.int64)


def _expanded(first: Numbers, counts: Numbers) -> tuple[Numbers, Numbers]:
    """For each i and each number from first[i], counts[i] many: i, and the number."""
    index = np.repeat(np.arange(len(counts)), counts)
    behind = np.cumsum(counts)
    return index, np.arange(len(index)) - np.repeat(behind - counts - first, counts)
