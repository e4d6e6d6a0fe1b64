"""Tiles of one level, cut from its restart segments some rows at a time and kept for a while."""

import threading
from collections import OrderedDict
from concurrent.futures import Future

from tiling.errors import CorruptSlideError
from tiling.formats.ndpi.directories import NdpiFile
from tiling.formats.ndpi.images import NdpiImage
from tiling.formats.ndpi.restarts import RestartTable
from tiling.formats.ndpi.unmarked import UnmarkedScan
from tiling.geometry import TileGrid, ceil_div
from tiling.jpeg.grid import TileRange
from tiling.jpeg.regrid import Regridder

# Measured: 1,024 at once 145 Mpx/s, 2,048 200, 4,096 245. More bytes take memory: about twelve times as much.
_ENOUGH_SEGMENTS = 4096
_BATCH_BYTES = 12 << 20
_KEPT_BYTES = 64 << 20

_Tiles = list[bytes | None]


class TileCutter:
    """Gives tiles by column and row; thread-safe.

    Tiles are cut in batches of whole rows, since neighbours are read one after the other, and rows from top
    to bottom. A thread that finds its batch being cut by another one cuts the next batch meanwhile.
    """

    def __init__(self, file: NdpiFile, image: NdpiImage, regridder: Regridder, image_data: int) -> None:
        self._regridder = regridder
        self._tiles = TileGrid(image.size, regridder.tile_side_px)
        self._grid = regridder.mcu_grid(image.size.width_px, image.size.height_px)
        self._tile_row_mcus = regridder.tile_side_px // regridder.mcu_height_px * self._grid.columns
        interval_mcu = regridder.restart_interval_mcu or self._grid.columns * self._grid.rows
        self._source: RestartTable | UnmarkedScan
        if interval_mcu < self._grid.columns * self._grid.rows:
            self._source = RestartTable(file, image, image_data, interval_mcu, self._grid)
            segments_per_row = max(1, self._tile_row_mcus // interval_mcu)
        else:
            self._source = UnmarkedScan(file, image, image_data, regridder.blocks, self._grid)
            segments_per_row = 1
        bytes_per_row = max(1, image.strip_bytes // self._tiles.rows)
        self._rows_per_batch = max(
            1,
            min(
                ceil_div(_ENOUGH_SEGMENTS, segments_per_row), _BATCH_BYTES // bytes_per_row, self._tiles.rows
            ),
        )
        self._batch_count = ceil_div(self._tiles.rows, self._rows_per_batch)
        # A single row of a very wide slide takes memory enough.
        self._may_look_ahead = bytes_per_row <= _BATCH_BYTES
        self._lock = threading.Lock()
        self._batches: OrderedDict[int, Future[_Tiles]] = OrderedDict()

    def tile(self, col: int, row: int) -> bytes:
        """A complete JPEG stream of a whole tile. Raises CorruptSlideError where the source is damaged."""
        number = row // self._rows_per_batch
        tile = self._batch(number)[(row - number * self._rows_per_batch) * self._tiles.cols + col]
        if tile is None:
            raise CorruptSlideError("a part of the slide's image is damaged")
        return tile

    def _batch(self, number: int) -> _Tiles:
        batch, is_ours = self._claim(number)
        if is_ours:
            self._cut_into(batch, number)
        elif self._may_look_ahead and not batch.done() and number + 1 < self._batch_count:
            following, is_ours = self._claim(number + 1)
            if is_ours:
                self._cut_into(following, number + 1)
        return batch.result()

    def _claim(self, number: int) -> tuple[Future[_Tiles], bool]:
        with self._lock:
            known = self._batches.get(number)
            if known is not None:
                self._batches.move_to_end(number)
                return known, False
            new: Future[_Tiles] = Future()
            self._batches[number] = new
            return new, True

    def _cut_into(self, batch: Future[_Tiles], number: int) -> None:
        try:
            batch.set_result(self._cut(number))
        except BaseException as error:  # noqa: BLE001 - raised where the batch is asked for
            with self._lock:
                self._batches.pop(number, None)
            batch.set_exception(error)
        self._forget_some()

    def _cut(self, number: int) -> _Tiles:
        first_row = number * self._rows_per_batch
        rows = min(self._rows_per_batch, self._tiles.rows - first_row)
        end_mcu = min((first_row + rows) * self._tile_row_mcus, self._grid.columns * self._grid.rows)
        segments = self._source.segments(first_row * self._tile_row_mcus, end_mcu)
        return self._regridder.cut(segments, self._grid, TileRange(0, first_row, self._tiles.cols, rows))

    def _forget_some(self) -> None:
        """Drop what was not asked for the longest time, but never what is being cut, nor the last two."""
        with self._lock:
            done = [number for number, batch in self._batches.items() if batch.done()]
            sizes = {n: sum(len(t) for t in self._batches[n].result() if t is not None) for n in done}
            total = sum(sizes.values())
            for number in done[:-2]:
                if total <= _KEPT_BYTES:
                    break
                del self._batches[number]
                total -= sizes[number]
