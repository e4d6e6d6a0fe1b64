"""Level 0 carried over, where OpenSlide says that one page of a TIFF is it, tile for tile."""

from dataclasses import dataclass

from ground.source import ByteSource
from tiling.errors import CorruptSlideError, UnsupportedSlideError
from tiling.formats.openslide.facts import Facts
from tiling.geometry import Size
from tiling.limits import Limits
from tiling.tiff.chunk_cache import ChunkCache
from tiling.tiff.images import TiffImage
from tiling.tiff.jpeg_tiles import JpegTiles, jpeg_tiles
from tiling.tiff.reader import TiffFile
from tiling.tiff.region_reader import RegionReader

_CACHE_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class StoredTiles:
    """jpegs: complete streams. is_rgb: whether they hold RGB samples."""

    jpegs: JpegTiles
    is_rgb: bool


def stored_tiles(
    source: ByteSource, tiff: TiffFile, image: TiffImage, facts: Facts, limits: Limits
) -> StoredTiles | None:
    """None where the tiles overlap, hold no JPEG, or lie on a ground other than glass."""
    # OpenSlide states a tile's size only where tiles lie side by side, as they do in the page.
    is_plain = facts.tile_size == Size(image.tile_width_px, image.tile_height_px)
    if not is_plain or not facts.is_on_glass:
        return None
    try:
        reader = RegionReader(source, tiff, image, ChunkCache(_CACHE_BYTES))
        jpegs = jpeg_tiles(reader, limits.tile_side_px)
    except (CorruptSlideError, UnsupportedSlideError):
        return None  # OpenSlide may make more of it
    return None if jpegs is None else StoredTiles(jpegs, reader.jpeg_is_rgb)
