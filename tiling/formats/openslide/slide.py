"""A slide through OpenSlide: level 0 as that library lays it out, decoded and encoded once."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np

from tiling.errors import UnsupportedSlideError
from tiling.formats.openslide.handle import Handle
from tiling.geometry import Mpp, Point, Region, Size, TileGrid
from tiling.limits import Limits
from tiling.model import Action, AssociatedImage, Carriage, Level, Pixels, Place, Tile
from tiling.scratch import Scratch
from tiling.source import ByteSource

_TILE_SIDE_PX = 256
_CACHE_BYTES = 128 * 2**20


class OpenSlideSlide:
    """Implements `tiling.model.Slide`."""

    carriage = Carriage.ENCODED
    is_rgb = False

    def __init__(self, path: Path, source_bytes: int, limits: Limits) -> None:
        self._path = path
        self._handle = Handle(path, _CACHE_BYTES)
        self._properties = self._handle.properties
        width_px, height_px = self._handle.level_sizes[0]
        self.grid = TileGrid(Size(width_px, height_px), _TILE_SIDE_PX)
        self.l0_bytes = source_bytes
        self.format_name = "openslide"
        self.remarks: tuple[str, ...] = ("Read through OpenSlide, decoded and encoded once.",)
        self.mpp: Mpp | None = None
        self.objective_power: float | None = None
        self.icc_profile = self._handle.icc_profile()
        self.associated_images: tuple[AssociatedImage, ...] = ()
        self.levels = (Level(self.grid.size, 1.0),)

    def read_tile(self, col: int, row: int) -> Tile:
        pixels = _tile_pixels(self._handle, self.grid, col, row)
        return Tile() if pixels is None else Tile(pixels=pixels)

    def places(self) -> Sequence[Place]:
        return (Place("level 0", Action.KEPT, self.l0_bytes),)

    def texts(self) -> Sequence[bytes]:
        return [value.encode() for value in self._properties.values()]

    def witness(self) -> AbstractContextManager["SecondHandle"]:
        return _second(self._path, self.grid, self.mpp)


class SecondHandle:
    jpeg_tables = b""

    def __init__(self, handle: Handle, grid: TileGrid, mpp: Mpp | None) -> None:
        self._handle, self.grid, self.mpp = handle, grid, mpp

    def stored_tile(self, index: int) -> bytes | None:
        pixels = _tile_pixels(self._handle, self.grid, index % self.grid.cols, index // self.grid.cols)
        return None if pixels is None else b""

    def tile_pixels(self, index: int) -> Pixels:
        pixels = _tile_pixels(self._handle, self.grid, index % self.grid.cols, index // self.grid.cols)
        if pixels is None:
            return np.full((_TILE_SIDE_PX, _TILE_SIDE_PX, 3), 255, np.uint8)
        return pixels

    def plain_pixels(self, index: int) -> Pixels:
        return self.tile_pixels(index)


def _tile_pixels(handle: Handle, grid: TileGrid, col: int, row: int) -> Pixels | None:
    side = grid.tile_size_px
    bgra = handle.read(Region(Point(col * side, row * side), Size(side, side)))
    alpha = bgra[:, :, 3:]
    if not alpha.any():
        return None
    rgb: Pixels = bgra[:, :, 2::-1] + (255 - alpha)
    return np.ascontiguousarray(rgb)


@contextmanager
def _second(path: Path, grid: TileGrid, mpp: Mpp | None) -> Iterator[SecondHandle]:
    handle = Handle(path, _CACHE_BYTES)
    try:
        yield SecondHandle(handle, grid, mpp)
    finally:
        handle.close()


def open_with_openslide(
    files: Mapping[str, ByteSource] | ByteSource, limits: Limits, scratch: Scratch
) -> OpenSlideSlide:
    """Raises UnsupportedSlideError, CorruptSlideError, SlideTooLargeError; OSError where the disk is full."""
    if isinstance(files, Mapping):
        raise UnsupportedSlideError("slides of several files are not supported")
    return OpenSlideSlide(scratch.copy(files).path, files.size_bytes, limits)
