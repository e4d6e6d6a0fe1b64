"""Write a canonical slide's files, front to back, in whatever order the tiles come."""

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from tiling.canonical.layout import (
    IN_SERVED,
    IN_SLIDE,
    SERVED_FILE,
    SERVED_MAGIC,
    SLIDE_FILE,
    Description,
)
from tiling.canonical.pyramid import EncodedTile
from tiling.geometry import Mpp, Size, TileGrid, deepzoom_sizes, pyramid_sizes
from tiling.model import Carriage
from tiling.tiff.tags import Photometric
from tiling.tiff.writer import LevelDirectory, PyramidWriter

_BYTES_PER_SYNC = 32 * 2**20


@dataclass(frozen=True, slots=True)
class Facts:
    """What the result states about the slide: all of it, and nothing that is not here."""

    size: Size
    tile_size_px: int
    mpp: Mpp | None
    objective_power: float | None
    icc_profile: bytes | None
    l0_photometric: Photometric
    l0_sampling: tuple[int, int]
    l0_carriage: Carriage
    l0_quality: int | None
    reduced_qualities: tuple[int, ...]
    source_format: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Level:
    grid: TileGrid
    offsets: NDArray[np.uint64]
    byte_counts: NDArray[np.uint64]


class CanonicalWriter:
    """Implements `pyramid.TileSink`. Not thread-safe; a context manager."""

    def __init__(self, directory: Path, size: Size, tile_size_px: int) -> None:
        self._slide_file: BinaryIO = (directory / SLIDE_FILE).open("xb")
        self._served_file: BinaryIO = (directory / SERVED_FILE).open("xb")
        self._tiff = PyramidWriter(self._slide_file)
        self._served_position = self._served_file.write(SERVED_MAGIC)
        self._levels = []
        for level_size in pyramid_sizes(size, tile_size_px):
            grid = TileGrid(level_size, tile_size_px)
            self._levels.append(
                _Level(grid, np.zeros(grid.count, np.uint64), np.zeros(grid.count, np.uint64))
            )
        self._dz_grids = [TileGrid(dz_size, tile_size_px) for dz_size in deepzoom_sizes(size)]
        # One record a tile, per Deep Zoom level: (offset << 1 | file, length)
        self._index = [np.zeros((grid.count, 2), np.uint64) for grid in self._dz_grids]
        self._thumbnail = (0, 0)
        # Left to itself the kernel keeps hundreds of megabytes until the end, where one long fsync waits for
        # them; written out along the way they cost nothing, as the processors are busy anyway.
        self._syncer = ThreadPoolExecutor(1, thread_name_prefix="tiling-sync")
        self._synced: Future[None] | None = None
        self._synced_bytes = 0

    def put_tiles(self, level: int, first_col: int, row: int, tiles: Sequence[EncodedTile]) -> None:
        """Neighbouring tiles of one row, in one write: a call to the system for each would take as long."""
        offset = self._tiff.append(b"".join([tile.jpeg for tile in tiles]))
        if self._tiff.position - self._synced_bytes > _BYTES_PER_SYNC:
            self._sync_along()
        self._refer(level, first_col, row, offset, [len(tile.jpeg) for tile in tiles])
        dz_level = len(self._dz_grids) - 1 - level
        for col, tile in enumerate(tiles, start=first_col):
            if tile.cropped_jpeg is not None:
                self._put_served(dz_level, row * self._dz_grids[dz_level].cols + col, tile.cropped_jpeg)

    def _sync_along(self) -> None:
        if self._synced is not None:
            if not self._synced.done():
                return
            self._synced.result()  # a full disk is told here
        self._slide_file.flush()
        self._synced_bytes = self._tiff.position
        self._synced = self._syncer.submit(os.fdatasync, self._slide_file.fileno())

    def _refer(self, level: int, first_col: int, row: int, offset: int, lengths: list[int]) -> None:
        tables = self._levels[level]
        first = row * tables.grid.cols + first_col
        here = slice(first, first + len(lengths))
        byte_counts = np.array(lengths, np.uint64)
        offsets = np.uint64(offset) + np.cumsum(byte_counts) - byte_counts
        tables.offsets[here], tables.byte_counts[here] = offsets, byte_counts
        self._index[-1 - level][here] = np.stack([offsets << 1 | IN_SLIDE, byte_counts], axis=1)

    def put_small_level(self, dz_level: int, jpeg: bytes) -> None:
        """The only tile of a Deep Zoom level below the pyramid."""
        self._put_served(dz_level, 0, jpeg)

    def put_thumbnail(self, jpeg: bytes) -> None:
        self._thumbnail = (self._append_served(jpeg), len(jpeg))

    def _put_served(self, dz_level: int, index: int, jpeg: bytes) -> None:
        self._index[dz_level][index] = (self._append_served(jpeg) << 1 | IN_SERVED, len(jpeg))

    def _append_served(self, data: bytes) -> int:
        offset = self._served_position
        self._served_file.write(data)
        self._served_position += len(data)
        return offset

    def finish(self, facts: Facts) -> Description:
        """Write the index and the TIFF's directories. `bring_to_disk` is the caller's: it takes a while.

        The checksums of the description returned are empty: only who reads the files can state them.
        """
        records = b"".join(level.astype("<u8").tobytes() for level in self._index)
        index_offset = self._append_served(records)
        description = Description(
            size=facts.size,
            tile_size_px=facts.tile_size_px,
            mpp=facts.mpp,
            objective_power=facts.objective_power,
            l0_carriage=facts.l0_carriage,
            l0_quality=facts.l0_quality,
            source_format=facts.source_format,
            remarks=facts.remarks,
            has_icc_profile=facts.icc_profile is not None,
            reduced_qualities=facts.reduced_qualities,
            slide_bytes=0,
            slide_sha256="",
            served_bytes=self._served_position,
            served_sha256="",
            index_offset=index_offset,
            thumbnail_offset=self._thumbnail[0],
            thumbnail_bytes=self._thumbnail[1],
        )
        self._tiff.finish(
            [
                LevelDirectory(
                    size=level.grid.size,
                    tile_size_px=facts.tile_size_px,
                    photometric=Photometric.YCBCR if number else facts.l0_photometric,
                    sampling=(1, 1) if number else facts.l0_sampling,
                    offsets=level.offsets,
                    byte_counts=level.byte_counts,
                    mpp=None if number else facts.mpp,
                    description="" if number else description.tiff_text(),
                    icc_profile=facts.icc_profile,
                )
                for number, level in enumerate(self._levels)
            ]
        )
        for file in (self._slide_file, self._served_file):
            file.flush()
        return replace(description, slide_bytes=self._tiff.position)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._syncer.shutdown(wait=True, cancel_futures=True)
        self._slide_file.close()
        self._served_file.close()
