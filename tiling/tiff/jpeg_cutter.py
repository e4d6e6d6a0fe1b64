"""Square tiles cut without loss from a TIFF's JPEG strips, or from JPEG tiles of another shape.

Every strip or tile is a scan of its own. They are cut many together, since the engine walks them in
lockstep, and what was cut is kept until its neighbours have been read too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np

from tiling.errors import CorruptSlideError, MalformedJpegError, UncroppableJpegError
from tiling.geometry import TileGrid, ceil_div
from tiling.jpeg import TileCompleter, frame_info
from tiling.jpeg.grid import McuGrid, Segments, TileRange
from tiling.jpeg.headers import find_image_data, with_size
from tiling.jpeg.regrid import Regridder
from tiling.jpeg.resync import ScanIndex
from tiling.tiff.chunk_cache import ChunkCache
from tiling.tiff.region_reader import RegionReader

_ENOUGH_PIECES = 512
_BATCH_BYTES = 8 * 2**20
_KEPT_BYTES = 96 * 2**20
_HEADERS_LOOKED_AT = 32
_EOI_BYTES = 2
# Dividing a long piece takes as long as walking some of it does (10 kB where its blocks tell each other
# apart, 50 kB where all have the same tables, as in RGB), and others wait meanwhile.
_DIVIDING_BYTES = 40_000
_LARGEST_PIECE_BYTES = 24 * 2**20  # cutting takes about twelve times as much memory
_COLUMNS = tuple(field.name for field in fields(Segments) if field.name != "data")
_find_restarts = re.compile(rb"\xff[\xd0-\xd7]").finditer


@dataclass(frozen=True, slots=True)
class _Piece:
    """A strip or tile of the file. data: entropy-coded; col, row: its first MCU; shape: its MCUs."""

    data: bytes
    col: int
    row: int
    shape: McuGrid


class JpegCutter:
    """Gives tiles by column and row. Thread-safe.

    Raises UncroppableJpegError where the image cannot be cut, CorruptSlideError.
    """

    def __init__(self, reader: RegionReader, tile_side_px: int) -> None:
        self._reader = reader
        table = self._table = reader.table
        if table.planes != 1 or table.samples != 3:
            raise UncroppableJpegError("the samples of a pixel do not stand together")
        if int(table.byte_counts.max()) > _LARGEST_PIECE_BYTES:
            raise UncroppableJpegError("the pieces are too large to be cut")
        self._complete = TileCompleter(reader.image.jpeg_tables, reader.jpeg_is_rgb)
        present = np.flatnonzero(table.byte_counts)
        if not len(present):
            raise CorruptSlideError("the slide has no image: all of its tiles are missing")
        self._header = self._header_of(self._stream(int(present[0])))
        for number in present[:: max(1, len(present) // _HEADERS_LOOKED_AT)]:
            if self._header_of(self._stream(int(number))) != self._header:
                raise UncroppableJpegError("the pieces are coded in more than one way")
        self._regridder = Regridder(self._header, tile_side_px=tile_side_px, is_rgb=reader.jpeg_is_rgb)
        mcu_width_px, mcu_height_px = self._regridder.mcu_width_px, self._regridder.mcu_height_px
        if (table.cols > 1 and table.width_px % mcu_width_px) or (
            table.rows > 1 and table.height_px % mcu_height_px
        ):
            raise UncroppableJpegError("the pieces do not end with a coded unit")
        self._tiles = TileGrid(table.size, tile_side_px)
        self._grid = self._regridder.mcu_grid(table.size.width_px, table.size.height_px)
        self._batch_cols, self._batch_rows = self._batch_size()
        self._batches: ChunkCache[list[bytes | None]] = ChunkCache(_KEPT_BYTES)

    def tile(self, col: int, row: int) -> bytes | None:
        """A complete JPEG stream of a whole tile; None where the file leaves the tile out.

        Raises CorruptSlideError where the source is damaged.
        """
        across, down = col // self._batch_cols, row // self._batch_rows
        left, top = across * self._batch_cols, down * self._batch_rows
        wanted = TileRange(
            left,
            top,
            min(self._batch_cols, self._tiles.cols - left),
            min(self._batch_rows, self._tiles.rows - top),
        )
        numbers = list(self._numbers(wanted))
        size_bytes = int(self._table.byte_counts[numbers].sum())
        batch = self._batches.get((across, down), size_bytes, lambda: self._cut(wanted, numbers))
        tile = batch[(row - top) * wanted.cols + col - left]
        if tile is None and any(
            not self._table.is_missing(number) for number in self._numbers(TileRange(col, row, 1, 1))
        ):
            raise CorruptSlideError("a part of the slide's image is damaged")
        return tile

    def _batch_size(self) -> tuple[int, int]:
        """Tiles across and down: whole rows of pieces, and of those as many as are cut well together."""
        table, side = self._table, self._tiles.tile_size_px
        mean_bytes = max(1, int(table.byte_counts.sum()) // len(table.byte_counts))
        rows = max(1, table.height_px // side)
        pieces_down = ceil_div(rows * side, table.height_px)
        # Several rows of pieces where they are few, as strips are.
        most = min(_ENOUGH_PIECES // table.cols, _BATCH_BYTES // (mean_bytes * table.cols))
        rows *= max(1, most // pieces_down)
        pieces_across = max(1, _BATCH_BYTES // (mean_bytes * pieces_down))
        cols = self._tiles.cols
        if pieces_across < table.cols:
            cols = max(1, pieces_across * table.width_px // side)
        return min(cols, self._tiles.cols), min(rows, self._tiles.rows)

    def _numbers(self, tiles: TileRange) -> Iterator[int]:
        """The pieces that these tiles show a part of."""
        table, side = self._table, self._tiles.tile_size_px
        right = min((tiles.first_col + tiles.cols) * side, table.size.width_px)
        lower = min((tiles.first_row + tiles.rows) * side, table.size.height_px)
        for row in range(tiles.first_row * side // table.height_px, ceil_div(lower, table.height_px)):
            for col in range(tiles.first_col * side // table.width_px, ceil_div(right, table.width_px)):
                yield table.index(0, col, row)

    def _cut(self, tiles: TileRange, numbers: list[int]) -> list[bytes | None]:
        pieces = [piece for number in numbers if (piece := self._piece(number)) is not None]
        segments = self._segments(pieces)
        if segments is None:
            return [None] * tiles.count
        return self._regridder.cut(segments, self._grid, tiles)

    def _piece(self, number: int) -> _Piece | None:
        """None where the piece is left out, or is not coded as the others are."""
        table, regridder = self._table, self._regridder
        if table.is_missing(number):
            return None
        try:
            stream = self._stream(number)
            if self._header_of(stream) != self._header:
                return None
            frame = frame_info(stream)
        except MalformedJpegError:
            return None
        if frame.width_px != table.width_px or frame.height_px < table.rows_in(number // table.cols):
            return None
        return _Piece(
            stream[find_image_data(stream) : -_EOI_BYTES],
            number % table.cols * table.width_px // regridder.mcu_width_px,
            number // table.cols * table.height_px // regridder.mcu_height_px,
            regridder.mcu_grid(frame.width_px, frame.height_px),
        )

    def _segments(self, pieces: list[_Piece]) -> Segments | None:
        """What lies between two restart markers of a piece; of one without them, parts of it."""
        found = []
        offset = 0
        longest = max((len(piece.data) for piece in pieces), default=0)
        divide = longest > len(pieces) * _DIVIDING_BYTES
        for piece in pieces:
            try:
                segments = self._segments_of(piece, divide=divide)
            except MalformedJpegError:
                segments = None
            if segments is not None:
                found.append(
                    replace(
                        segments,
                        starts=segments.starts + offset,
                        ends=segments.ends + offset,
                        columns=segments.columns + piece.col,
                        rows=segments.rows + piece.row,
                    )
                )
            offset += len(piece.data)
        if not found:
            return None
        data = b"".join(piece.data for piece in pieces)
        return Segments(data, *(np.concatenate([getattr(one, name) for one in found]) for name in _COLUMNS))

    def _segments_of(self, piece: _Piece, *, divide: bool) -> Segments | None:
        """Placed as if the piece were the whole image. None where restart markers are missing."""
        interval_mcu = self._regridder.restart_interval_mcu
        end, total = len(piece.data), piece.shape.columns * piece.shape.rows
        if divide and not interval_mcu:
            index = ScanIndex(
                self._regridder.blocks, piece.shape, lambda at, size: piece.data[at : at + size], 0, end
            )
            return index.segments(0, total)
        marks = np.array([mark.start() for mark in _find_restarts(piece.data)], np.int64)
        if not interval_mcu:
            marks = marks[:0]
        if len(marks) + 1 != ceil_div(total, interval_mcu or total):
            return None
        starts, ends = np.append(0, marks + 2), np.append(marks, end)
        return Segments.of_scan(piece.data, starts, ends, interval_mcu or total, piece.shape)

    def _stream(self, number: int) -> bytes:
        stored = self._reader.stored(number)
        return b"" if stored is None else self._complete(stored)

    def _header_of(self, stream: bytes) -> bytes:
        """A complete stream up to its image data, without its size: the last strip is lower than others."""
        return with_size(stream[: find_image_data(stream)], 1, 1)
