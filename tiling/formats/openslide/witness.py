"""The second reader: tifffile where it can be, and OpenSlide again, opened anew."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np

from tiling.errors import CorruptSlideError, VerificationError
from tiling.formats.openslide.blocks import BlockReader
from tiling.formats.openslide.facts import read_facts
from tiling.formats.openslide.handle import Handle
from tiling.geometry import Mpp, TileGrid
from tiling.model import Pixels
from tiling.tiff.page_witness import PageWitness

_SHIFT_PX = 97  # no multiple of any tile's side, so that no block meets the same tiles in the same way


class SecondHandle:
    """Implements `tiling.model.Witness`: the same library, opened anew, reading other blocks.

    It shows that nothing was mixed up on the way; it cannot show that the library is right.
    """

    jpeg_tables = b""

    def __init__(self, blocks: BlockReader, grid: TileGrid, mpp: Mpp | None) -> None:
        self._blocks = blocks
        self.grid = grid
        self.mpp = mpp

    def stored_tile(self, index: int) -> bytes | None:
        """A tile that cannot be decoded is there all the same."""
        try:
            return None if self._tile(index) is None else b""
        except CorruptSlideError:
            return b""

    def tile_pixels(self, index: int) -> Pixels:
        try:
            tile = self._tile(index)
        except CorruptSlideError as error:
            raise VerificationError("a tile of the source could not be decoded a second time") from error
        side = self.grid.tile_size_px
        return np.full((side, side, 3), 255, np.uint8) if tile is None else tile

    def plain_pixels(self, index: int) -> Pixels:
        """Not to be had: no tile of these formats is cut."""
        raise VerificationError("this source's tiles are not cut")

    def _tile(self, index: int) -> Pixels | None:
        return self._blocks.tile(index % self.grid.cols, index // self.grid.cols)


@contextmanager
def open_second_handle(path: Path, tile_size_px: int) -> Iterator[SecondHandle]:
    handle = Handle(path)
    try:
        size, _ = handle.levels()[0]
        facts = read_facts(handle.properties, size)
        grid = TileGrid(size, tile_size_px)
        blocks = BlockReader(handle, grid, facts.ground, facts.tile_size, _SHIFT_PX)
        yield SecondHandle(blocks, grid, facts.mpp)
    finally:
        handle.close()


class StoredWitness:
    """Of tiles that are carried over or cut: their bytes by tifffile, what they show by OpenSlide."""

    def __init__(self, page: PageWitness, shown: SecondHandle) -> None:
        self._page = page
        self._shown = shown
        self.grid = page.grid
        self.mpp = shown.mpp
        self.jpeg_tables = page.jpeg_tables
        self.holds_jpeg = page.holds_jpeg

    def stored_tile(self, index: int) -> bytes | None:
        return self._page.stored_tile(index)

    def tile_pixels(self, index: int) -> Pixels:
        return self._shown.tile_pixels(index)

    def plain_pixels(self, index: int) -> Pixels:
        return self._page.plain_pixels(index)


@contextmanager
def open_stored_witness(
    path: Path, page: AbstractContextManager[PageWitness], tile_size_px: int
) -> Iterator[StoredWitness]:
    with page as opened, open_second_handle(path, tile_size_px) as shown:
        yield StoredWitness(opened, shown)
