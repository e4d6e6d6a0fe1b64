"""Which piece of a TIFF image shows which pixels: tiles and strips as one kind of thing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError, SlideTooLargeError, UnsupportedSlideError
from tiling.geometry import Size, ceil_div
from tiling.tiff.images import TiffImage
from tiling.tiff.tags import Compression

MAX_CHUNK_BYTES = 512 * 2**20  # decoded; a strip must be decoded as a whole
_BAND_BYTES = 2 * 2**20
_BITS_PER_BYTE = 8
_MOST_SAMPLES, _MOST_BITS = 64, 64


@dataclass(frozen=True, slots=True)
class ChunkTable:
    """Pieces of equal size over an image, row by row, one plane of samples after the other.

    samples: how many samples of a pixel stand in one piece. Strips end with the image, tiles are padded.
    """

    size: Size
    width_px: int
    height_px: int
    samples: int
    planes: int
    is_tiled: bool
    offsets: NDArray[np.uint64]
    byte_counts: NDArray[np.uint64]

    @property
    def cols(self) -> int:
        return ceil_div(self.size.width_px, self.width_px)

    @property
    def rows(self) -> int:
        return ceil_div(self.size.height_px, self.height_px)

    def rows_in(self, row: int) -> int:
        """How many lines of pixels a piece of this row of pieces holds."""
        if self.is_tiled:
            return self.height_px
        return min(self.height_px, self.size.height_px - row * self.height_px)

    def index(self, plane: int, col: int, row: int) -> int:
        return (plane * self.rows + row) * self.cols + col

    def is_missing(self, index: int) -> bool:
        """Whether the writer left this piece out, as sparse files have it."""
        return int(self.byte_counts[index]) == 0


def chunk_table(image: TiffImage) -> ChunkTable:
    """Raises UnsupportedSlideError, CorruptSlideError, SlideTooLargeError."""
    if image.planar_configuration not in (1, 2):
        raise CorruptSlideError("an image of the file states an impossible arrangement of its samples")
    if not 0 < image.samples_per_pixel <= _MOST_SAMPLES or not 0 < image.bits_per_sample <= _MOST_BITS:
        raise CorruptSlideError("an image of the file states an impossible number of samples")
    samples = 1 if image.planar_configuration == 2 else image.samples_per_pixel
    planes = image.samples_per_pixel // samples
    if image.tile_width_px:
        chunks = image.tiles
        width_px, height_px = image.tile_width_px, image.tile_height_px
    else:
        chunks = image.strips
        width_px, height_px = image.size.width_px, image.rows_per_strip
    if chunks is None:
        raise UnsupportedSlideError("the slide's image has neither tiles nor strips")
    table = ChunkTable(
        size=image.size,
        width_px=width_px,
        height_px=height_px,
        samples=samples,
        planes=planes,
        is_tiled=bool(image.tile_width_px),
        offsets=chunks.offsets,
        byte_counts=chunks.byte_counts,
    )
    if len(table.offsets) != table.cols * table.rows * planes:
        raise CorruptSlideError("the slide's tile table does not fit its size")
    if image.compression == Compression.NONE and not table.is_tiled:
        table = _in_bands(table, ceil_div(width_px * samples * image.bits_per_sample, _BITS_PER_BYTE))
    chunk_bytes = table.width_px * table.height_px * samples * ceil_div(image.bits_per_sample, _BITS_PER_BYTE)
    if chunk_bytes > MAX_CHUNK_BYTES:
        raise SlideTooLargeError("the slide's tiles or strips are larger than is supported")
    return table


def _in_bands(table: ChunkTable, row_bytes: int) -> ChunkTable:
    """Uncompressed strips cut into lower ones: many programs write one strip for the whole image."""
    lines = max(1, _BAND_BYTES // row_bytes)
    if table.height_px <= lines:
        return table
    # Only where bands do not cross the borders of strips is a table of equal bands possible.
    if table.rows > 1:
        lines = next(height for height in range(lines, 0, -1) if table.height_px % height == 0)
    offsets: list[int] = []
    byte_counts: list[int] = []
    for index in range(len(table.offsets)):
        offset, stored_bytes = int(table.offsets[index]), int(table.byte_counts[index])
        strip_lines = table.rows_in(index % table.rows)
        for first in range(0, strip_lines, lines):
            start = first * row_bytes
            wanted = min(lines, strip_lines - first) * row_bytes
            offsets.append(offset + start)
            byte_counts.append(max(0, min(wanted, stored_bytes - start)))
            if stored_bytes and byte_counts[-1] < wanted:
                raise CorruptSlideError("the slide's strips are shorter than its size demands")
    return ChunkTable(
        size=table.size,
        width_px=table.width_px,
        height_px=lines,
        samples=table.samples,
        planes=table.planes,
        is_tiled=False,
        offsets=np.array(offsets, np.uint64),
        byte_counts=np.array(byte_counts, np.uint64),
    )
