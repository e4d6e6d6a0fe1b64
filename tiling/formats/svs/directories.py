"""The images of an SVS, read from their directories and told apart by their geometry."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError, SlideTooLargeError
from tiling.geometry import Size, ceil_div
from tiling.limits import Limits
from tiling.model import ImageRole
from tiling.tiff import tags
from tiling.tiff.reader import Directory, TiffFile
from tiling.tiff.tags import Compression

_KNOWN_SUBFILE_ROLES = {1: ImageRole.LABEL, 9: ImageRole.MACRO}  # NewSubfileType as Aperio uses it


@dataclass(frozen=True, slots=True)
class Chunks:
    """Where the pieces of an image lie: tiles or strips, row by row."""

    offsets: NDArray[np.uint64]
    byte_counts: NDArray[np.uint64]

    @property
    def total_bytes(self) -> int:
        return int(self.byte_counts.sum(dtype=np.uint64))


@dataclass(frozen=True, slots=True)
class ImageDirectory:
    """One directory as an image. tiles and strips: one of them, or neither in a directory without pixels."""

    directory: Directory
    size: Size
    tile_width_px: int
    tile_height_px: int
    tiles: Chunks | None
    strips: Chunks | None
    compression: int
    photometric: int
    predictor: int
    samples_per_pixel: int
    bits_per_sample: int
    subfile_type: int
    jpeg_tables: bytes
    description: bytes


def read_image_directory(tiff: TiffFile, directory: Directory, limits: Limits) -> ImageDirectory:
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
    bits = tiff.integers(directory, tags.BITS_PER_SAMPLE)
    if bits is not None and len(set(bits.tolist())) != 1:
        raise CorruptSlideError("an image of the file mixes sample sizes")
    tables = directory.entries.get(tags.JPEG_TABLES)
    description = directory.entries.get(tags.IMAGE_DESCRIPTION)
    return ImageDirectory(
        directory=directory,
        size=size,
        tile_width_px=tile_width_px,
        tile_height_px=tile_height_px,
        tiles=_read_chunks(tiff, directory, tags.TILE_OFFSETS, tags.TILE_BYTE_COUNTS, limits),
        strips=_read_chunks(tiff, directory, tags.STRIP_OFFSETS, tags.STRIP_BYTE_COUNTS, limits),
        compression=tiff.integer(directory, tags.COMPRESSION, Compression.NONE),
        photometric=tiff.integer(directory, tags.PHOTOMETRIC, 0),
        predictor=tiff.integer(directory, tags.PREDICTOR, 1),
        samples_per_pixel=tiff.integer(directory, tags.SAMPLES_PER_PIXEL, 1),
        bits_per_sample=1 if bits is None else int(bits[0]),
        subfile_type=tiff.integer(directory, tags.NEW_SUBFILE_TYPE, 0),
        jpeg_tables=b"" if tables is None else tiff.raw(tables, limits.text_bytes),
        description=b"" if description is None else tiff.raw(description, limits.text_bytes),
    )


def _read_chunks(
    tiff: TiffFile, directory: Directory, offsets_tag: int, counts_tag: int, limits: Limits
) -> Chunks | None:
    offsets = tiff.integers(directory, offsets_tag)
    byte_counts = tiff.integers(directory, counts_tag)
    if offsets is None or byte_counts is None:
        return None
    if len(offsets) != len(byte_counts) or len(offsets) == 0:
        raise CorruptSlideError("an image of the file has a tile table that contradicts itself")
    if int(byte_counts.max()) > limits.tile_bytes:
        raise SlideTooLargeError("an image of the file has a tile larger than is supported")
    present = byte_counts > 0
    # Compared one by one: unsigned sums and differences of hostile numbers wrap around.
    is_outside = (byte_counts > tiff.size_bytes) | (offsets > tiff.size_bytes)
    is_outside |= ~is_outside & (offsets + byte_counts > tiff.size_bytes)
    if bool(is_outside[present].any()):
        raise CorruptSlideError("an image of the file lies partly outside the file; it may be cut short")
    return Chunks(offsets, byte_counts)


def classify(images: Sequence[ImageDirectory]) -> tuple[ImageRole, ...]:
    """Tell levels from everything else, by what the pictures are rather than by what they are called.

    A level is tiled and has level 0's proportions. ImageDePHI #141 and our own leak tests show files whose
    label carries no description, or another one: so a directory that is nothing provable is UNKNOWN, and
    left behind.
    """
    base = images[0]
    return tuple(
        ImageRole.LEVEL if index == 0 else _role(image, base, index) for index, image in enumerate(images)
    )


def _role(image: ImageDirectory, base: ImageDirectory, index: int) -> ImageRole:
    if image.tiles is not None:
        return ImageRole.LEVEL if _is_same_view(image.size, base.size) else ImageRole.UNKNOWN
    if image.subfile_type in _KNOWN_SUBFILE_ROLES:
        return _KNOWN_SUBFILE_ROLES[image.subfile_type]
    if index == 1 and _is_same_view(image.size, base.size):
        return ImageRole.THUMBNAIL
    return ImageRole.UNKNOWN


def _is_same_view(size: Size, base: Size) -> bool:
    """Whether `size` is `base` scaled down by one factor; sides may be rounded by a pixel."""
    if size.width_px > base.width_px or size.height_px > base.height_px:
        return False
    factor = base.width_px / size.width_px
    return abs(base.height_px / factor - size.height_px) <= 1 + size.height_px / size.width_px
