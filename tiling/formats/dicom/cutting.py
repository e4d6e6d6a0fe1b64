"""Frames of another shape than square, cut into square tiles without loss."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tiling.errors import MalformedJpegError, UncroppableJpegError
from tiling.formats.dicom.mosaic import Mosaic
from tiling.tiff.chunk_table import ChunkTable
from tiling.tiff.jpeg_cutter import JpegCutter
from tiling.tiff.region_reader import RegionReader


@dataclass(frozen=True, slots=True)
class _NoTables:
    jpeg_tables: bytes = b""


class _Frames:
    """What `JpegCutter` asks of an image: frames are to it what a TIFF's tiles are."""

    image = _NoTables()

    def __init__(self, table: ChunkTable, read: Callable[[int], bytes], *, is_rgb: bool) -> None:
        self.table = table
        self.jpeg_is_rgb = is_rgb
        self.stored = read


def frame_cutter(
    mosaic: Mosaic,
    byte_counts: NDArray[np.int64],
    read: Callable[[int], bytes],
    *,
    tile_side_px: int,
    is_rgb: bool,
) -> JpegCutter | None:
    """None where the frames cannot be cut, or where some are missing: a tile that shows only a part of
    the picture has no lossless form. byte_counts: of all frames. `read` gives one by number.
    """
    numbers = mosaic.frame_table().ravel()
    if (numbers < 0).any():
        return None
    table = ChunkTable(
        size=mosaic.size,
        width_px=mosaic.frame_size.width_px,
        height_px=mosaic.frame_size.height_px,
        samples=3,
        planes=1,
        is_tiled=True,
        offsets=numbers.astype(np.uint64),
        byte_counts=byte_counts[numbers].astype(np.uint64),
    )
    frames = _Frames(table, lambda place: read(int(numbers[place])), is_rgb=is_rgb)
    try:
        return JpegCutter(cast(RegionReader, frames), tile_side_px)
    except (UncroppableJpegError, MalformedJpegError):
        return None
