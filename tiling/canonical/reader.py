"""Serve from a canonical slide: a tile's name to a byte range, without decoding anything."""

import hashlib
import mmap
import os
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from ground.source import FileSource
from tiling.canonical.layout import (
    DESCRIPTION_FILE,
    INDEX_RECORD,
    MACRO_FILE,
    SERVED_FILE,
    SERVED_MAGIC,
    SLIDE_FILE,
    CanonicalInfo,
    Description,
)
from tiling.errors import CanonicalError, TileNotFoundError, TilingError
from tiling.limits import Limits
from tiling.tiff import tags
from tiling.tiff.reader import TiffFile

_DZI = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Format="jpeg" Overlap="0" TileSize="{tile}">'
    '<Size Width="{width}" Height="{height}"/></Image>\n'
)
_MAX_DESCRIPTION_BYTES = 64 * 1024


class TileLocation(NamedTuple):
    """A complete JPEG in an open file. file: a descriptor that stays the slide's; read it with pread."""

    file: int
    offset: int
    length: int


class CanonicalSlide:
    """An opened canonical slide. Thread-safe: nothing changes after it is opened."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: tuple[int, ...] = ()
        try:
            with (directory / DESCRIPTION_FILE).open("rb") as file:
                self._description = Description.from_json(file.read(_MAX_DESCRIPTION_BYTES))
            for name in (SLIDE_FILE, SERVED_FILE):
                self._files += (os.open(directory / name, os.O_RDONLY | os.O_CLOEXEC),)
            self._check_sizes()
            self._index = mmap.mmap(self._files[1], 0, prot=mmap.PROT_READ)
        except OSError as error:
            self._close_files()
            raise CanonicalError("the canonical slide is missing or cannot be read") from error
        except CanonicalError:
            self._close_files()
            raise
        self._unpack = INDEX_RECORD.unpack_from
        # Of each Deep Zoom level: columns, rows, and where its first record stands.
        levels: list[tuple[int, int, int]] = []
        position = self._description.index_offset
        for grid in self._description.grids():
            levels.append((grid.cols, grid.rows, position))
            position += grid.count * INDEX_RECORD.size
        self._levels = tuple(levels)
        try:
            self.info = self._make_info()
        except CanonicalError:
            self.close()
            raise
        if position != self._description.served_bytes or self._index[:8] != SERVED_MAGIC:
            self.close()
            raise CanonicalError("the canonical slide's index does not fit its size")

    def _check_sizes(self) -> None:
        stated = (self._description.slide_bytes, self._description.served_bytes)
        found = tuple(os.fstat(file).st_size for file in self._files)
        if stated != found:
            raise CanonicalError("the canonical slide's files are not of the size they were written with")
        macro = self._description.macro
        if macro is not None and (self._directory / MACRO_FILE).stat().st_size != macro.byte_count:
            raise CanonicalError("the canonical slide's files are not of the size they were written with")

    def _make_info(self) -> CanonicalInfo:
        stated = self._description
        digest = hashlib.sha256(f"{stated.slide_sha256} {stated.served_sha256}".encode()).hexdigest()
        return CanonicalInfo(
            width_px=stated.size.width_px,
            height_px=stated.size.height_px,
            tile_size_px=stated.tile_size_px,
            mpp_x=stated.mpp.x_um if stated.mpp else None,
            mpp_y=stated.mpp.y_um if stated.mpp else None,
            objective_power=stated.objective_power,
            levels=stated.levels(),
            deepzoom_level_count=len(self._levels),
            digest=digest,
            source_format=stated.source_format,
            remarks=stated.remarks,
            has_icc_profile=self._has_icc_profile(),
            has_macro=stated.macro is not None,
        )

    def _has_icc_profile(self) -> bool:
        stated = self._description.has_icc_profile
        return self.icc_profile() is not None if stated is None else stated

    def locate(self, dz_level: int, col: int, row: int) -> TileLocation:
        """Where a Deep Zoom tile lies; level 0 is 1×1, the last is full size. Raises TileNotFoundError."""
        levels = self._levels
        if 0 <= dz_level < len(levels):
            cols, rows, first = levels[dz_level]
            if 0 <= col < cols and 0 <= row < rows:
                word, length = self._unpack(self._index, first + (row * cols + col) * 16)
                return TileLocation(self._files[word & 1], word >> 1, length)
        raise TileNotFoundError("there is no tile at this level, column and row")

    def read_tile(self, dz_level: int, col: int, row: int) -> bytes:
        """A Deep Zoom tile as a complete JPEG. Raises TileNotFoundError, CanonicalError."""
        return self._read(self.locate(dz_level, col, row))

    def thumbnail(self) -> bytes:
        """The whole slide as a JPEG, its longest side at most 512 px."""
        stated = self._description
        return self._read(TileLocation(self._files[1], stated.thumbnail_offset, stated.thumbnail_bytes))

    def macro(self) -> bytes | None:
        """The picture of the whole glass without its label, a JPEG; None where none could be kept.

        Raises CanonicalError.
        """
        stated = self._description.macro
        if stated is None:
            return None
        try:
            data = (self._directory / MACRO_FILE).read_bytes()
        except OSError as error:
            raise CanonicalError("the canonical slide is missing or cannot be read") from error
        if len(data) != stated.byte_count:
            raise CanonicalError("the canonical slide's files are not of the size they were written with")
        return data

    def dzi(self) -> str:
        """The Deep Zoom descriptor (XML)."""
        size = self._description.size
        return _DZI.format(tile=self._description.tile_size_px, width=size.width_px, height=size.height_px)

    def icc_profile(self) -> bytes | None:
        """The scanner's colour profile, its texts removed. Raises CanonicalError."""
        try:
            with FileSource(self._directory / SLIDE_FILE) as source:
                tiff = TiffFile(source, Limits())
                entry = tiff.directories[0].entries.get(tags.ICC_PROFILE)
                return None if entry is None else tiff.raw(entry)
        except (OSError, TilingError) as error:
            raise CanonicalError("the canonical slide is missing or cannot be read") from error

    def _read(self, location: TileLocation) -> bytes:
        data = os.pread(location.file, location.length, location.offset)
        if len(data) != location.length:
            raise CanonicalError("the canonical slide's files are shorter than their index says")
        return data

    def close(self) -> None:
        """No location handed out before may be used after."""
        self._index.close()
        self._close_files()

    def _close_files(self) -> None:
        files, self._files = self._files, ()
        for file in files:
            os.close(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_canonical(directory: Path) -> CanonicalSlide:
    """Open the canonical slide in `directory`. Raises CanonicalError."""
    return CanonicalSlide(directory)
