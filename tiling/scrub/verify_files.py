"""Prove what the result consists of: no unknown tag, no unaccounted byte, each Deep Zoom tile in place."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tifffile
from numpy.typing import NDArray

from ground.source import ByteSource
from tiling.canonical.layout import IN_SERVED, IN_SLIDE, SERVED_MAGIC, Description
from tiling.errors import VerificationError
from tiling.geometry import Mpp, TileGrid, pyramid_sizes
from tiling.scrub.streams import walk
from tiling.tiff import tags

_ALIGNMENT_BYTES = 8
_TILES_PER_REPORT = 256
_UM_PER_CM = 10_000
_SCALE_TOLERANCE = 1e-9  # the closest fraction of 32-bit parts is nearer than this
_HEADER_BYTES = 16
_DIRECTORY_BYTES, _ENTRY_BYTES = 16, 20  # count and link of a BigTIFF directory; one entry
_PERMITTED_TAGS = {
    tags.NEW_SUBFILE_TYPE,
    tags.IMAGE_WIDTH,
    tags.IMAGE_LENGTH,
    tags.BITS_PER_SAMPLE,
    tags.COMPRESSION,
    tags.PHOTOMETRIC,
    tags.SAMPLES_PER_PIXEL,
    tags.PLANAR_CONFIGURATION,
    tags.TILE_WIDTH,
    tags.TILE_LENGTH,
    tags.TILE_OFFSETS,
    tags.TILE_BYTE_COUNTS,
    tags.YCBCR_SUBSAMPLING,
    tags.REFERENCE_BLACK_WHITE,
    tags.X_RESOLUTION,
    tags.Y_RESOLUTION,
    tags.RESOLUTION_UNIT,
    tags.IMAGE_DESCRIPTION,
    tags.ICC_PROFILE,
}


@dataclass(frozen=True, slots=True)
class FileProof:
    """levels: directories with the stated geometry; deepzoom_tiles: complete JPEGs of the right size."""

    levels: int
    accounted_bytes: int
    alignment_bytes: int
    deepzoom_tiles: int
    has_icc_profile: bool


def check_layout(
    pages: Sequence[tifffile.TiffPage],
    slide_file: ByteSource,
    description: Description,
    icc: bytes | None,
) -> tuple[int, int]:
    """Check tags, geometry and texts of slide.tif, and that nothing else is in it.

    Returns how many bytes are accounted for, and how many of them are padding. Raises VerificationError.
    """
    sizes = pyramid_sizes(description.size, description.tile_size_px)
    if len(pages) != len(sizes):
        raise VerificationError("the result does not have the levels it should have")
    spans = [np.array([[0, _HEADER_BYTES]], np.int64)]
    for number, (page, size) in enumerate(zip(pages, sizes, strict=True)):
        if not {tag.code for tag in page.tags} <= _PERMITTED_TAGS:
            raise VerificationError("the result has a TIFF tag that nobody asked for")
        grid = TileGrid(size, description.tile_size_px)
        shape = (size.height_px, size.width_px, 3)
        tile = (grid.tile_size_px, grid.tile_size_px)
        if page.shape != shape or page.tile != tile or len(page.dataoffsets) != grid.count:
            raise VerificationError("a level of the result is not of the size it should have")
        if page.description != ("" if number else description.tiff_text()):
            raise VerificationError("the result's description is not the one that was made for it")
        _check_scale(page, None if number else description.mpp)
        if page.iccprofile != icc:
            raise VerificationError("the result's colour profile is not the one that was made for it")
        end = page.offset + _DIRECTORY_BYTES + _ENTRY_BYTES * len(page.tags)
        spans.append(np.array([[page.offset, end]], np.int64))
        values = [(tag.valueoffset, tag.valueoffset + tag.valuebytecount) for tag in page.tags]
        spans.append(np.array(values, np.int64))
        starts = np.asarray(page.dataoffsets, np.int64)
        spans.append(np.stack([starts, starts + np.asarray(page.databytecounts, np.int64)], axis=1))
    padding = 0
    for start, end in _gaps(np.concatenate(spans), slide_file.size_bytes):
        if end - start >= _ALIGNMENT_BYTES or slide_file.read_at(start, end - start).strip(b"\0"):
            raise VerificationError("the result holds bytes that belong to nothing")
        padding += end - start
    return slide_file.size_bytes, padding


def _check_scale(page: tifffile.TiffPage, mpp: Mpp | None) -> None:
    """Raises VerificationError unless the resolution tags say `mpp`, or are absent with it."""
    for code, um in (
        (tags.X_RESOLUTION, mpp.x_um if mpp else None),
        (tags.Y_RESOLUTION, mpp.y_um if mpp else None),
    ):
        tag = page.tags.get(code)
        if (tag is None) != (um is None):
            raise VerificationError("the result's scale is not the source's")
        if tag is None or um is None:
            continue
        numerator, denominator = tag.value
        if abs(numerator * um / (denominator * _UM_PER_CM) - 1) > _SCALE_TOLERANCE:
            raise VerificationError("the result's scale is not the source's")


def _gaps(spans: NDArray[np.int64], size_bytes: int) -> Iterator[tuple[int, int]]:
    """The ranges of a file that no span covers. Raises VerificationError where a span leaves the file."""
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    reach = np.maximum.accumulate(spans[:, 1])
    if reach[-1] > size_bytes:
        raise VerificationError("the result points outside itself")
    starts = np.append(spans[1:, 0], size_bytes)
    for number in np.flatnonzero(starts > reach):
        yield int(reach[number]), int(starts[number])


def check_deepzoom(
    pages: Sequence[tifffile.TiffPage],
    slide_file: ByteSource,
    served_file: ByteSource,
    description: Description,
    advance: Callable[[int], None],
) -> int:
    """Check that each Deep Zoom tile is a complete JPEG of the right size, and the TIFF's where it is whole.

    Level 0's whole tiles are looked at elsewhere. Returns the number of tiles; raises VerificationError.
    """
    grids = description.grids()
    page_of = {len(grids) - 1 - number: page for number, page in enumerate(pages)}
    cursor = description.index_offset
    served_end = len(SERVED_MAGIC)
    count = 0
    for dz_level, grid in enumerate(grids):
        raw = served_file.read_at(cursor, grid.count * 16)
        records = np.frombuffer(raw, "<u8").reshape(-1, 2)
        cursor += len(raw)
        for index, place in enumerate(grid):
            if count % _TILES_PER_REPORT == 0:
                advance(count)
            count += 1
            word, length = int(records[index, 0]), int(records[index, 1])
            offset = word >> 1
            page = page_of.get(dz_level)
            if page is not None and grid.is_whole(place.x, place.y):
                if (word & 1, offset, length) != (
                    IN_SLIDE,
                    page.dataoffsets[index],
                    page.databytecounts[index],
                ):
                    raise VerificationError("a Deep Zoom tile is not the one that the TIFF has there")
                if dz_level == len(grids) - 1:
                    continue
            elif word & 1 != IN_SERVED:
                raise VerificationError("a cropped Deep Zoom tile is not where it should be")
            file = served_file if word & 1 else slide_file
            form = walk(file.read_at(offset, length))
            shown = grid.region(place.x, place.y).size
            if (form.width_px, form.height_px, form.foreign_bytes) != (shown.width_px, shown.height_px, 0):
                raise VerificationError("a Deep Zoom tile is not a plain JPEG of the right size")
            if word & 1:
                served_end += length
    thumbnail = walk(served_file.read_at(description.thumbnail_offset, description.thumbnail_bytes))
    if thumbnail.foreign_bytes or served_file.read_at(0, len(SERVED_MAGIC)) != SERVED_MAGIC:
        raise VerificationError("what stands beside the TIFF is not in the form it was made in")
    served_end += description.thumbnail_bytes
    if cursor != served_file.size_bytes or served_end != description.index_offset:
        raise VerificationError("the result holds bytes that belong to nothing")
    return count
