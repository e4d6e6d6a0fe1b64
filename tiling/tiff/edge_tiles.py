"""Tiles of the right and lower edge without what they hold beyond the image.

TIFF and DICOM fill these tiles up to their full size, with whatever the writer likes: more of the glass, or a
picture of something else. No viewer shows it, but whoever decodes the tile itself sees it. Here its coded
units are replaced by empty ones, without decoding; what belongs to the image stays coefficient for
coefficient. A unit (8 or 16 px) that the image ends in cannot be divided, and stays whole.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from threading import Lock

import numpy as np
import simplejpeg

from tiling.errors import (
    CorruptSlideError,
    MalformedJpegError,
    UncroppableJpegError,
    UnsupportedSlideError,
    VerificationError,
)
from tiling.geometry import Size, TileGrid
from tiling.model import Pixels
from tiling.tiff.jpeg_cutter import JpegCutter, JpegPieces

_LOOKED_AT = 32


class EdgeTiles:
    """Of square tiles that are carried over. Thread-safe."""

    def __init__(self, pieces: JpegPieces) -> None:
        """Raises UncroppableJpegError where nothing can be cut off these tiles, CorruptSlideError."""
        self._pieces = pieces
        table = pieces.table
        self._grid = TileGrid(table.size, table.width_px)
        self._lock = Lock()
        self._lines: dict[bool, JpegCutter | None] = {}
        if not self._grid.is_whole(self._grid.cols - 1, self._grid.rows - 1):
            self._try_some(np.flatnonzero(table.byte_counts)[:_LOOKED_AT].tolist())

    def _try_some(self, numbers: Sequence[int]) -> None:
        """The first tile that can be read says how all are coded: one that is damaged does not spoil them."""
        for number in numbers:
            with suppress(MalformedJpegError):
                self._alone(number, self._grid.size)
                return

    def tile(self, col: int, row: int) -> bytes:
        """A tile that is there, a complete JPEG stream. Raises CorruptSlideError, UnsupportedSlideError."""
        is_last = col == self._grid.cols - 1 and not self._grid.is_whole(col, 0)
        line = self._line(is_last)
        try:
            tile = None if line is None else line.tile(*((0, row) if is_last else (col, 0)))
        except CorruptSlideError:
            tile = None
        # Tiles that are not coded as their neighbours are cut one by one, which takes far longer.
        return tile or self._cut_alone(row * self._grid.cols + col, self._grid.region(col, row).size)

    def _line(self, is_column: bool) -> JpegCutter | None:
        """The tiles of the last column, or those of the last row, as an image of their own."""
        with self._lock:
            if is_column not in self._lines:
                self._lines[is_column] = self._open_line(is_column)
            return self._lines[is_column]

    def _open_line(self, is_column: bool) -> JpegCutter | None:
        grid, side = self._grid, self._grid.tile_size_px
        whole_cols = grid.size.width_px // side
        corner = grid.region(grid.cols - 1, grid.rows - 1).size
        if is_column:
            numbers: Sequence[int] = range(grid.cols - 1, grid.count, grid.cols)
            size = Size(corner.width_px, grid.size.height_px)
        else:
            first = (grid.rows - 1) * grid.cols
            numbers = range(first, first + whole_cols)
            size = Size(whole_cols * side, corner.height_px)
        try:
            return self._cutter(numbers, size)
        except (UncroppableJpegError, MalformedJpegError):
            return None

    def _cut_alone(self, number: int, shown: Size) -> bytes:
        try:
            tile = self._alone(number, shown).tile(0, 0)
        except MalformedJpegError as error:
            raise CorruptSlideError("a tile of the slide's edge is damaged") from error
        except UncroppableJpegError as error:
            raise UnsupportedSlideError("the slide's tiles are coded in more than one way") from error
        if tile is None:
            raise CorruptSlideError("a tile of the slide's edge is damaged")
        return tile

    def _alone(self, number: int, shown: Size) -> JpegCutter:
        side = self._grid.tile_size_px
        return self._cutter([number], Size(min(side, shown.width_px), min(side, shown.height_px)))

    def _cutter(self, numbers: Sequence[int], size: Size) -> JpegCutter:
        """Of some of the tiles, as an image of their own."""
        table, stored = self._pieces.table, self._pieces.stored
        chosen = replace(
            table, size=size, offsets=table.offsets[numbers], byte_counts=table.byte_counts[numbers]
        )
        pieces = replace(self._pieces, table=chosen, stored=lambda place: stored(numbers[place]))
        return JpegCutter(pieces, self._grid.tile_size_px)


def shown_alike(cleared: bytes | None, source: Pixels, shown: Size) -> bytes:
    """The tile, once it is proved to show what the source's does, as far as that belongs to the image.

    source: decoded by libjpeg, chroma samples repeated. Raises VerificationError.
    """
    here = np.s_[: shown.height_px, : shown.width_px]
    if cleared is None or not np.array_equal(_decoded(cleared, is_plain=True)[here], source[here]):
        raise VerificationError("a tile of the slide's edge does not show what the source shows")
    return cleared


def smoothly_decoded(cleared: bytes | None, shown: Size) -> Pixels:
    """What viewers make of a tile, (height, width, 3): next to the edge they mix in colours from beyond it,
    and so would not see what they see in the source's. Raises VerificationError.
    """
    return _decoded(cleared or b"", is_plain=False)[: shown.height_px, : shown.width_px]


def _decoded(jpeg: bytes, *, is_plain: bool) -> Pixels:
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(jpeg, colorspace="RGB", fastupsample=is_plain)
    except (ValueError, MemoryError) as error:
        raise VerificationError("a tile of the slide's edge cannot be decoded") from error
    return pixels
