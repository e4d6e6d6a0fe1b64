"""A look at some of a slide before it is converted: what its pixels cost, at every reduced level.

The sample follows the bytes: rows of tiles at even distances, and in each the places where most of the row's
bytes are, so that a slide that is mostly glass is judged by its tissue. It depends on nothing but the slide.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tiling.canonical.bands import reduced
from tiling.canonical.transform import coefficients
from tiling.errors import TilingError
from tiling.geometry import TileGrid, ceil_div
from tiling.model import Carriage, Pixels, Slide
from tiling.pixels import L0_CODING, decode_jpeg, encode_jpeg, pad_to

SAMPLED_LEVELS = 3
_BLOCK_TILES = 2  # along a side: one tile of level 1
_ROWS = 8
_CUT_ROWS = 4  # to look at one costs cutting all of it
_FEWEST_BLOCKS = 36
_MOST_BLOCKS = 64
_LARGEST_SHARE = 10  # at most a tenth of a large slide
_COMPARED_TILES = 32
_MOST_PX = 40_000_000
_MEAN_WEIGHT = 16  # weights are whole numbers
_WHITE = 255
_SOS = b"\xff\xda"
_SOS_BYTES = 14


@dataclass(frozen=True, slots=True)
class Block:
    """Two by two tiles of level 0.

    l0_bytes: what its tiles take as complete streams. levels: coefficients of the picture at level 1, 2, 3.
    weight: how much of the slide it stands for, in relation to the others.
    """

    l0_bytes: int
    weight: int
    levels: tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """header_bytes: of a level-0 tile, up to its scan.

    added_bytes: by which a level-0 tile grows, being made a complete stream.
    is_whole: nothing of the slide is missing in it.
    """

    blocks: tuple[Block, ...]
    header_bytes: int
    added_bytes: float
    is_whole: bool


def take_sample(slide: Slide, pool: Executor, stop: Callable[[], None]) -> Sample:
    """`stop` is called now and then, and may raise. Tiles that cannot be read are white."""
    rows, cols = (ceil_div(n, _BLOCK_TILES) for n in (slide.grid.rows, slide.grid.cols))
    block_px = (_BLOCK_TILES * slide.grid.tile_size_px) ** 2
    wanted = min(
        max(rows * cols // _LARGEST_SHARE, _FEWEST_BLOCKS), _MOST_BLOCKS, max(4, _MOST_PX // block_px)
    )
    is_whole = wanted >= rows * cols
    blocks: list[Block] = []
    headers: list[int] = []
    row_bytes: list[float] = []
    most_rows = _CUT_ROWS if slide.carriage is Carriage.CUT else _ROWS
    chosen_rows = range(rows) if is_whole else _spread(rows, min(most_rows, wanted))
    for row in chosen_rows:
        stop()
        share = cols if is_whole else ceil_div(wanted, len(chosen_rows))
        chosen, total = _columns(slide, row, cols, share, pool)
        places = [(col, row) for col in chosen]
        for block, header in pool.map(lambda place: _block(slide, *place), places):
            blocks.append(block)
            headers.append(header)
            row_bytes.append(total / len(places))
    header_bytes = max(headers, default=0)
    weighted = blocks if is_whole else _weighted(blocks, row_bytes)
    return Sample(tuple(weighted), header_bytes, _added_bytes(slide, header_bytes), is_whole)


def _weighted(blocks: list[Block], row_bytes: list[float]) -> list[Block]:
    """A block with many bytes was likelier to be taken: it stands for fewer others."""
    shares = np.array([row / max(1, block.l0_bytes) for block, row in zip(blocks, row_bytes, strict=True)])
    mean = shares.mean()
    if not mean:
        return blocks
    weights = np.maximum(1, np.rint(shares * _MEAN_WEIGHT / mean))
    return [replace(block, weight=int(weight)) for block, weight in zip(blocks, weights, strict=True)]


def _added_bytes(slide: Slide, header_bytes: int) -> float:
    if slide.carriage is not Carriage.CARRIED:
        return float(header_bytes)
    # Some files hold tiles that are complete as they are, others keep what tiles share in one place.
    grown = []
    with slide.witness() as witness:
        for index in _spread(slide.grid.count, _COMPARED_TILES):
            stored = witness.stored_tile(index)
            try:
                complete = slide.read_tile(index % slide.grid.cols, index // slide.grid.cols).jpeg
            except TilingError:
                continue
            if stored is not None and complete is not None:
                grown.append(len(complete) - len(stored))
    return sum(grown) / max(1, len(grown))


def _spread(count: int, wanted: int) -> list[int]:
    """Numbers below `count` at even distances, away from the ends."""
    return sorted({(2 * number + 1) * count // (2 * wanted) for number in range(wanted)})


def _columns(slide: Slide, row: int, cols: int, wanted: int, pool: Executor) -> tuple[list[int], int]:
    """Which blocks of a row are taken, spread over its bytes, not over its width; and how many these are.

    Where bytes are not asked for, they are 0.
    """
    if slide.carriage is Carriage.ENCODED:
        return _spread(cols, min(cols, wanted)), 0
    stored = np.fromiter(pool.map(lambda col: _stored_bytes(slide, col, row), range(cols)), np.int64, cols)
    ends = np.cumsum(stored)
    total = int(ends[-1])
    if wanted >= cols or not total:
        return _spread(cols, min(cols, wanted)), total
    at = [(2 * number + 1) * total // (2 * wanted) for number in range(wanted)]
    return sorted({int(col) for col in np.searchsorted(ends, at, side="right")}), total


def _tiles(slide: Slide, col: int, row: int) -> list[tuple[int, int]]:
    """The tiles of a block that are there."""
    grid = slide.grid
    return [
        (x, y)
        for y in range(_BLOCK_TILES * row, min(grid.rows, _BLOCK_TILES * (row + 1)))
        for x in range(_BLOCK_TILES * col, min(grid.cols, _BLOCK_TILES * (col + 1)))
    ]


def _stored_bytes(slide: Slide, col: int, row: int) -> int:
    total = 0
    for place in _tiles(slide, col, row):
        try:
            total += len(slide.read_tile(*place).jpeg or b"")
        except TilingError:
            continue
    return total


def _block(slide: Slide, col: int, row: int) -> tuple[Block, int]:
    """A block, and the bytes of a header in it."""
    grid, side = slide.grid, slide.grid.tile_size_px
    tiles = _tiles(slide, col, row)
    left, top = tiles[0]
    width, height = _extent(grid, col, row)
    pixels = np.full((height, width, 3), _WHITE, np.uint8)
    total = header = 0
    for x, y in tiles:
        shown = pixels[(y - top) * side : (y - top + 1) * side, (x - left) * side : (x - left + 1) * side]
        try:
            tile = slide.read_tile(x, y)
            if tile.jpeg is not None:
                full = decode_jpeg(tile.jpeg, side, side)
                total += len(tile.jpeg)
                header = max(header, tile.jpeg.find(_SOS) + _SOS_BYTES)
            elif tile.pixels is not None:
                full = tile.pixels
                total += len(
                    encode_jpeg(pad_to(full[: shown.shape[0], : shown.shape[1]], side, side), L0_CODING)
                )
            else:
                continue
        except TilingError:
            continue
        shown[:] = full[: shown.shape[0], : shown.shape[1]]
    return Block(total, 1, _levels(pixels)), header


def _extent(grid: TileGrid, col: int, row: int) -> tuple[int, int]:
    side = _BLOCK_TILES * grid.tile_size_px
    return min(side, grid.size.width_px - col * side), min(side, grid.size.height_px - row * side)


def _levels(pixels: Pixels) -> tuple[NDArray[np.float32], ...]:
    found = []
    for _ in range(SAMPLED_LEVELS):
        pixels = reduced(pixels)
        found.append(coefficients(pixels))
    return tuple(found)
