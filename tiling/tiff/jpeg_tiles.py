"""JPEG streams of level 0 without decoding: the file's own tiles, or tiles cut from what the file has."""

from collections.abc import Callable
from dataclasses import dataclass

from tiling.errors import MalformedJpegError, UncroppableJpegError
from tiling.geometry import TileGrid
from tiling.jpeg import TileCompleter
from tiling.model import Carriage
from tiling.tiff.jpeg_cutter import JpegCutter
from tiling.tiff.region_reader import RegionReader
from tiling.tiff.tags import Compression, Photometric

OWN_TILE_SIDE_PX = 256
ENCODED_AGAIN = "The slide's JPEG data cannot be cut into tiles without loss; it is decoded and encoded once."


@dataclass(frozen=True, slots=True)
class JpegTiles:
    """carriage: CARRIED or CUT. read: a tile by column and row; None where the file leaves it out."""

    carriage: Carriage
    grid: TileGrid
    read: Callable[[int, int], bytes | None]


def jpeg_tiles(reader: RegionReader, largest_side_px: int) -> JpegTiles | None:
    """None where level 0 must be decoded. Square tiles up to a size are carried over, all else is cut.

    Raises CorruptSlideError.
    """
    image = reader.image
    is_colour = image.photometric in (Photometric.RGB, Photometric.YCBCR) and image.samples_per_pixel == 3
    if image.compression != Compression.JPEG or not is_colour or image.planar_configuration != 1:
        return None
    side = image.tile_width_px
    if side == image.tile_height_px and 0 < side <= largest_side_px and side % 16 == 0:
        complete = TileCompleter(image.jpeg_tables, reader.jpeg_is_rgb)
        grid = TileGrid(image.size, side)

        def carried(col: int, row: int) -> bytes | None:
            data = reader.stored(row * grid.cols + col)
            return None if data is None else complete(data)

        return JpegTiles(Carriage.CARRIED, grid, carried)
    try:
        cutter = JpegCutter(reader, OWN_TILE_SIDE_PX)
    except (UncroppableJpegError, MalformedJpegError):
        return None
    return JpegTiles(Carriage.CUT, TileGrid(image.size, OWN_TILE_SIDE_PX), cutter.tile)
