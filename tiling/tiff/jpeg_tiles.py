"""JPEG streams of level 0 without decoding: the file's own tiles, or tiles cut from what the file has."""

from collections.abc import Callable
from dataclasses import dataclass

from tiling.errors import MalformedJpegError, UncroppableJpegError
from tiling.geometry import TileGrid
from tiling.jpeg import TileCompleter
from tiling.model import Carriage
from tiling.tiff.edge_tiles import EdgeTiles
from tiling.tiff.jpeg_cutter import JpegCutter, JpegPieces
from tiling.tiff.page_witness import Carried
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

    def carried(self, *, is_rgb: bool) -> Carried | None:
        """What the proof has to know of tiles that are carried over."""
        return Carried(self.read, is_rgb) if self.carriage is Carriage.CARRIED else None


def jpeg_tiles(reader: RegionReader, largest_side_px: int) -> JpegTiles | None:
    """None where level 0 must be decoded. Square tiles up to a size are carried over, all else is cut.

    Raises CorruptSlideError.
    """
    image = reader.image
    is_colour = image.photometric in (Photometric.RGB, Photometric.YCBCR) and image.samples_per_pixel == 3
    if image.compression != Compression.JPEG or not is_colour or image.planar_configuration != 1:
        return None
    pieces = JpegPieces(reader.table, reader.stored, image.jpeg_tables, reader.jpeg_is_rgb)
    side = image.tile_width_px
    try:
        if side == image.tile_height_px and 0 < side <= largest_side_px and side % 16 == 0:
            carried = CarriedTiles(pieces)
            return JpegTiles(Carriage.CARRIED, carried.grid, carried.tile)
        cutter = JpegCutter(pieces, OWN_TILE_SIDE_PX)
    except (UncroppableJpegError, MalformedJpegError):
        return None
    return JpegTiles(Carriage.CUT, TileGrid(image.size, OWN_TILE_SIDE_PX), cutter.tile)


class CarriedTiles:
    """The file's own tiles, complete; those of the edge without what lies beyond the image. Thread-safe."""

    def __init__(self, pieces: JpegPieces) -> None:
        """Raises UncroppableJpegError where nothing can be cut off the tiles of the edge."""
        self.grid = TileGrid(pieces.table.size, pieces.table.width_px)
        self._stored = pieces.stored
        self._complete = TileCompleter(pieces.tables, pieces.is_rgb)
        self._edge = EdgeTiles(pieces)

    def tile(self, col: int, row: int) -> bytes | None:
        """None where the file leaves it out."""
        data = self._stored(row * self.grid.cols + col)
        if data is None:
            return None
        return self._complete(data) if self.grid.is_whole(col, row) else self._edge.tile(col, row)
