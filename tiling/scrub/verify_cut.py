"""Prove of tiles that were cut losslessly that they show what the source shows: every pixel of every tile.

Both sides are decoded with chroma samples repeated instead of smoothed. Then a pixel depends on its own
blocks alone, equal coefficients give equal pixels wherever the tiles' borders are, and the comparison can
demand equality. (Smoothing looks at neighbours that a cut tile does not have.)
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass

import numpy as np
import simplejpeg

from ground.source import ByteSource
from tiling.errors import VerificationError
from tiling.geometry import Size, TileGrid
from tiling.model import Pixels, Witness
from tiling.scrub.streams import walk
from tiling.scrub.verify_masks import require_white

NOT_LEFT_OUT = "the result shows something where the source leaves a tile out"
_TILES_PER_TASK = 16
_TASKS_AHEAD = 8


@dataclass(frozen=True, slots=True)
class CutTile:
    """What was found out about one tile."""

    index: int
    is_missing: bool
    is_equal: bool


def compare_cut_tiles(
    grid: TileGrid,
    witness: Witness,
    read_written: Callable[[int], bytes],
    pool: Executor,
    indices: Sequence[int],
) -> Iterator[CutTile]:
    """Each of these tiles in turn, compared on the pool's threads. Raises VerificationError, TilingError."""
    starts = iter(range(0, len(indices), _TILES_PER_TASK))
    pending: deque[Future[Sequence[CutTile]]] = deque()

    def submit() -> None:
        if (start := next(starts, None)) is not None:
            some = indices[start : start + _TILES_PER_TASK]
            pending.append(pool.submit(_compare, grid, witness, read_written, some))

    try:
        for _ in range(_TASKS_AHEAD):
            submit()
        while pending:
            done = pending.popleft().result()
            submit()
            yield from done
    finally:
        for future in pending:
            future.cancel()


def _compare(
    grid: TileGrid, witness: Witness, read_written: Callable[[int], bytes], indices: Sequence[int]
) -> Sequence[CutTile]:
    return [_compare_one(grid, witness, index, read_written(index)) for index in indices]


def _compare_one(grid: TileGrid, witness: Witness, index: int, written: bytes) -> CutTile:
    form = walk(written)
    side = grid.tile_size_px
    if (form.width_px, form.height_px) != (side, side) or form.foreign_bytes:
        raise VerificationError("a level-0 tile of the result is not a plain JPEG of the tile's size")
    if witness.stored_tile(index) is None:
        require_white(written, Size(side, side), otherwise=NOT_LEFT_OUT)
        return CutTile(index, is_missing=True, is_equal=False)
    shown = grid.region(index % grid.cols, index // grid.cols).size
    here = np.s_[: shown.height_px, : shown.width_px]
    is_equal = np.array_equal(_decode_plainly(written)[here], witness.plain_pixels(index)[here])
    return CutTile(index, is_missing=False, is_equal=is_equal)


def _decode_plainly(jpeg: bytes) -> Pixels:
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(jpeg, colorspace="RGB", fastupsample=True)
    except (ValueError, MemoryError) as error:
        raise VerificationError("a tile of the result cannot be decoded") from error
    return pixels


def reader(file: ByteSource, offsets: Sequence[int], lengths: Sequence[int]) -> Callable[[int], bytes]:
    """The stored tiles of a page by their number."""
    return lambda index: file.read_at(offsets[index], lengths[index])
