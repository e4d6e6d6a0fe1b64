"""Any rectangle of a TIFF image as samples, however the file has cut the image up."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ground.source import ByteSource
from tiling.errors import CorruptSlideError, UnsupportedSlideError
from tiling.geometry import Point, Region
from tiling.model import Pixels
from tiling.pixels import require_picture
from tiling.tiff.chunk_cache import ChunkCache
from tiling.tiff.chunk_decoder import ChunkDecoder
from tiling.tiff.chunk_table import chunk_table
from tiling.tiff.images import TiffImage
from tiling.tiff.jpeg_colours import holds_rgb
from tiling.tiff.reader import TiffFile
from tiling.tiff.tags import Compression

_WHITE = 255


class RegionReader:
    """Reads one image. Thread-safe. Raises TilingError where the image cannot be read at all."""

    def __init__(
        self,
        source: ByteSource,
        tiff: TiffFile,
        image: TiffImage,
        cache: ChunkCache[NDArray[Any]],
        *,
        jpeg_is_rgb: bool | None = None,
    ) -> None:
        """`jpeg_is_rgb`: what JPEG pieces hold; None to find out."""
        self._source = source
        self._cache = cache
        self.image = image
        self.table = chunk_table(image)
        if jpeg_is_rgb is None:
            is_jpeg = image.compression == Compression.JPEG
            jpeg_is_rgb = is_jpeg and holds_rgb(image.photometric, self._first_stored())
        self.jpeg_is_rgb = jpeg_is_rgb
        self._decode = ChunkDecoder(image, self.table.samples, tiff.byte_order, jpeg_is_rgb=self.jpeg_is_rgb)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._decode.dtype

    @property
    def piece_bytes(self) -> int:
        """How much memory a decoded piece takes."""
        table = self.table
        return table.width_px * table.height_px * table.samples * self.dtype.itemsize

    def read(self, region: Region, fill: float) -> NDArray[Any] | None:
        """(height, width, samples); `fill` where the file leaves pieces out, None where it leaves out all.

        The region lies inside the image. Raises CorruptSlideError.
        """
        table = self.table
        left, top = region.origin.x, region.origin.y
        right, lower = left + region.size.width_px, top + region.size.height_px
        out: NDArray[Any] | None = None
        for plane in range(table.planes):
            bands = slice(plane * table.samples, (plane + 1) * table.samples)
            for row in range(top // table.height_px, (lower - 1) // table.height_px + 1):
                for col in range(left // table.width_px, (right - 1) // table.width_px + 1):
                    index = table.index(plane, col, row)
                    if table.is_missing(index):
                        continue
                    if out is None:
                        out = self.empty(region, fill)
                    x, y = col * table.width_px, row * table.height_px
                    x0, x1 = max(left, x), min(right, x + table.width_px)
                    y0, y1 = max(top, y), min(lower, y + table.height_px)
                    is_ours = (x0, y0) == (x, y) and self._ends_at(x1, y1, col, row)
                    piece = self._piece(index, row, keep=not is_ours)[y0 - y : y1 - y, x0 - x : x1 - x]
                    out[y0 - top : y1 - top, x0 - left : x1 - left, bands] = piece
        return out

    def empty(self, region: Region, fill: float) -> NDArray[Any]:
        """What such a region is where the file leaves out all of it."""
        samples = self.table.samples * self.table.planes
        return np.full((region.size.height_px, region.size.width_px, samples), fill, self.dtype)

    def stored(self, index: int) -> bytes | None:
        """A piece as it stands in the file; None where it is left out."""
        length = int(self.table.byte_counts[index])
        if length == 0:
            return None
        data = self._source.read_at(int(self.table.offsets[index]), length)
        if len(data) != length:
            raise CorruptSlideError("the file ended while it was being read")
        return data

    def _first_stored(self) -> bytes:
        present = np.flatnonzero(self.table.byte_counts)
        data = self.stored(int(present[0])) if len(present) else None
        if data is None:
            raise CorruptSlideError("the slide has no image: all of its tiles are missing")
        return data

    def _ends_at(self, x: int, y: int, col: int, row: int) -> bool:
        """Whether nothing of a piece is shown right of x or below y."""
        table = self.table
        right, lower = (col + 1) * table.width_px, (row + 1) * table.height_px
        return x == min(right, table.size.width_px) and y == min(lower, table.size.height_px)

    def _piece(self, index: int, row: int, *, keep: bool) -> NDArray[Any]:
        """keep: for the next region that shows a part of it."""
        table = self.table
        lines = table.rows_in(row)
        size_bytes = lines * table.width_px * table.samples * self.dtype.itemsize

        def decode() -> NDArray[Any]:
            data = self.stored(index)
            if data is None:
                raise CorruptSlideError("a tile of the slide is not there")
            return self._decode(data, lines, table.width_px)

        if not keep:
            return decode()
        return self._cache.get((self.image.directory.offset, index), size_bytes, decode)


def whole_picture(source: ByteSource, tiff: TiffFile, image: TiffImage) -> Pixels:
    """An image in colour that is small enough to be held at once. Raises TilingError."""
    require_picture(image.size)
    reader = RegionReader(source, tiff, image, ChunkCache(0))
    pixels = reader.read(Region(Point(0, 0), image.size), _WHITE)
    if pixels is None or pixels.dtype != np.uint8 or pixels.shape[2] != 3:
        raise UnsupportedSlideError("a picture beside the slide is not of three 8-bit samples")
    return pixels


def padded(pixels: NDArray[Any], side_px: int) -> NDArray[Any]:
    """Repeat the last row and column until a tile is full: no hard edge for an encoder to ring at."""
    height, width = pixels.shape[:2]
    if (height, width) == (side_px, side_px):
        return pixels
    return np.pad(pixels, ((0, side_px - height), (0, side_px - width), (0, 0)), mode="edge")
