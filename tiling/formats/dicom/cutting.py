"""Frames as what is carried over, or cut into square tiles without loss."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tiling.errors import MalformedJpegError, UncroppableJpegError
from tiling.formats.dicom.mosaic import Mosaic
from tiling.tiff.chunk_table import ChunkTable
from tiling.tiff.jpeg_cutter import JpegCutter, JpegPieces


def frame_pieces(
    mosaic: Mosaic, byte_counts: NDArray[np.int64], read: Callable[[int], bytes], *, is_rgb: bool
) -> JpegPieces:
    """Frames are what a TIFF's tiles are. byte_counts: of all frames. `read` gives one by number."""
    numbers = mosaic.frame_table().ravel()
    is_there = numbers >= 0
    table = ChunkTable(
        size=mosaic.size,
        width_px=mosaic.frame_size.width_px,
        height_px=mosaic.frame_size.height_px,
        samples=3,
        planes=1,
        is_tiled=True,
        offsets=np.where(is_there, numbers, 0).astype(np.uint64),
        byte_counts=np.where(is_there, byte_counts[numbers], 0).astype(np.uint64),
    )
    return JpegPieces(
        table, lambda place: read(int(numbers[place])) if is_there[place] else None, b"", is_rgb
    )


def frame_cutter(pieces: JpegPieces, tile_side_px: int) -> JpegCutter | None:
    """None where the frames cannot be cut, or where some are missing: a tile that shows only a part of
    the picture has no lossless form.
    """
    if not pieces.table.byte_counts.all():
        return None
    try:
        return JpegCutter(pieces, tile_side_px)
    except (UncroppableJpegError, MalformedJpegError):
        return None
