"""One directory of a TIFF as an image: its size, coding, and where its pieces lie; checked, not decoded."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError, SlideTooLargeError
from tiling.geometry import Size, ceil_div
from tiling.limits import Limits
from tiling.tiff import tags
from tiling.tiff.reader import Directory, TiffFile
from tiling.tiff.tags import Compression, SampleFormat


@dataclass(frozen=True, slots=True)
class Chunks:
    """Where the pieces of an image lie: tiles or strips, row by row, one sample plane after the other."""

    offsets: NDArray[np.uint64]
    byte_counts: NDArray[np.uint64]

    @property
    def total_bytes(self) -> int:
        return int(self.byte_counts.sum(dtype=np.uint64))


@dataclass(frozen=True, slots=True)
class TiffImage:
    """One directory as an image. tiles and strips: one of them, or neither in a directory without pixels.

    rows_per_strip: never more than the image's height. planar_configuration: 1, samples of a pixel stand
    together; 2, each sample has pieces of its own. chroma_subsampling: luma samples per chroma sample.
    """

    directory: Directory
    size: Size
    tile_width_px: int
    tile_height_px: int
    rows_per_strip: int
    tiles: Chunks | None
    strips: Chunks | None
    compression: int
    photometric: int
    predictor: int
    planar_configuration: int
    fill_order: int
    samples_per_pixel: int
    bits_per_sample: int
    sample_format: int
    chroma_subsampling: tuple[int, int]
    subfile_type: int
    jpeg_tables: bytes
    description: bytes


def read_image(tiff: TiffFile, directory: Directory, limits: Limits) -> TiffImage:
    """Raises CorruptSlideError, SlideTooLargeError."""
    size = Size(tiff.integer(directory, tags.IMAGE_WIDTH, 0), tiff.integer(directory, tags.IMAGE_LENGTH, 0))
    if size.width_px == 0 or size.height_px == 0:
        raise CorruptSlideError("an image of the file has no pixels")
    if size.pixel_count > limits.pixels:
        raise SlideTooLargeError("the slide has more pixels than is supported")
    tile_width_px = tiff.integer(directory, tags.TILE_WIDTH, 0)
    tile_height_px = tiff.integer(directory, tags.TILE_LENGTH, 0)
    if bool(tile_width_px) != bool(tile_height_px):
        raise CorruptSlideError("an image of the file states only one side of its tiles")
    if tile_width_px:
        count = ceil_div(size.width_px, tile_width_px) * ceil_div(size.height_px, tile_height_px)
        if count > limits.tiles:
            raise SlideTooLargeError("the slide has more tiles than is supported")
    compression = tiff.integer(directory, tags.COMPRESSION, Compression.NONE)
    # A raw strip is never read as a whole, so its size is no matter: many programs write one for all.
    largest_bytes = tiff.size_bytes if compression == Compression.NONE else limits.tile_bytes
    tables = directory.entries.get(tags.JPEG_TABLES)
    description = directory.entries.get(tags.IMAGE_DESCRIPTION)
    return TiffImage(
        directory=directory,
        size=size,
        tile_width_px=tile_width_px,
        tile_height_px=tile_height_px,
        rows_per_strip=_rows_per_strip(tiff, directory, size),
        tiles=_read_chunks(tiff, directory, tags.TILE_OFFSETS, tags.TILE_BYTE_COUNTS, largest_bytes),
        strips=_read_chunks(tiff, directory, tags.STRIP_OFFSETS, tags.STRIP_BYTE_COUNTS, largest_bytes),
        compression=compression,
        photometric=tiff.integer(directory, tags.PHOTOMETRIC, 0),
        predictor=tiff.integer(directory, tags.PREDICTOR, 1),
        planar_configuration=tiff.integer(directory, tags.PLANAR_CONFIGURATION, 1),
        fill_order=tiff.integer(directory, tags.FILL_ORDER, 1),
        samples_per_pixel=tiff.integer(directory, tags.SAMPLES_PER_PIXEL, 1),
        bits_per_sample=_same_for_all(tiff, directory, tags.BITS_PER_SAMPLE, 1),
        sample_format=_same_for_all(tiff, directory, tags.SAMPLE_FORMAT, SampleFormat.UNSIGNED),
        chroma_subsampling=_chroma_subsampling(tiff, directory),
        subfile_type=tiff.integer(directory, tags.NEW_SUBFILE_TYPE, 0),
        jpeg_tables=b"" if tables is None else tiff.raw(tables, limits.text_bytes),
        description=b"" if description is None else tiff.raw(description, limits.text_bytes),
    )


def _rows_per_strip(tiff: TiffFile, directory: Directory, size: Size) -> int:
    stated = tiff.integer(directory, tags.ROWS_PER_STRIP, size.height_px)
    if stated == 0:
        raise CorruptSlideError("an image of the file states strips without rows")
    return min(stated, size.height_px)


def _same_for_all(tiff: TiffFile, directory: Directory, tag: int, default: int) -> int:
    """The value that a tag states for every sample of a pixel."""
    values = tiff.integers(directory, tag)
    if values is None or len(values) == 0:
        return default
    if len(set(values.tolist())) != 1:
        raise CorruptSlideError("an image of the file mixes kinds of samples")
    return int(values[0])


def _chroma_subsampling(tiff: TiffFile, directory: Directory) -> tuple[int, int]:
    values = tiff.integers(directory, tags.YCBCR_SUBSAMPLING)
    if values is None or len(values) != 2:
        return 2, 2  # TIFF 6.0, section 21: the default
    return int(values[0]), int(values[1])


def _read_chunks(
    tiff: TiffFile, directory: Directory, offsets_tag: int, counts_tag: int, largest_bytes: int
) -> Chunks | None:
    offsets = tiff.integers(directory, offsets_tag)
    byte_counts = tiff.integers(directory, counts_tag)
    if offsets is None or byte_counts is None:
        return None
    if len(offsets) != len(byte_counts) or len(offsets) == 0:
        raise CorruptSlideError("an image of the file has a tile table that contradicts itself")
    present = byte_counts > 0
    # Compared one by one: unsigned sums and differences of hostile numbers wrap around.
    is_outside = (byte_counts > tiff.size_bytes) | (offsets > tiff.size_bytes)
    is_outside |= ~is_outside & (offsets + byte_counts > tiff.size_bytes)
    if bool(is_outside[present].any()):
        raise CorruptSlideError("an image of the file lies partly outside the file; it may be cut short")
    if int(byte_counts.max()) > largest_bytes:
        raise SlideTooLargeError("an image of the file has a tile larger than is supported")
    return Chunks(offsets, byte_counts)


def is_same_view(size: Size, base: Size) -> bool:
    """Whether `size` is `base` scaled down by one factor; sides may be rounded by a pixel."""
    if size.width_px > base.width_px or size.height_px > base.height_px:
        return False
    factor = base.width_px / size.width_px
    return abs(base.height_px / factor - size.height_px) <= 1 + size.height_px / size.width_px
