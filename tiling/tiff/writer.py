"""A pyramidal BigTIFF written front to back: tiles in the order they are ready, directories last.

The classic layout, one directory a level in one chain, opens in OpenSlide (generic-tiff), libvips, tifffile
and QuPath. Nothing in it depends on clock, machine or file name: the same slide gives the same bytes.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tiling.geometry import Mpp, Size
from tiling.tiff import tags
from tiling.tiff.tags import Compression, FieldType, Photometric

_HEADER = struct.Struct("<2sHHHQ")
_ENTRY = struct.Struct("<HHQ8s")
_REDUCED_IMAGE = 1
_CENTIMETRE = 3
_UM_PER_CM = 10_000


@dataclass(frozen=True, slots=True)
class LevelDirectory:
    """What a level's directory states. sampling: luma samples per chroma sample, (horizontal, vertical)."""

    size: Size
    tile_size_px: int
    photometric: Photometric
    sampling: tuple[int, int]
    offsets: NDArray[np.uint64]
    byte_counts: NDArray[np.uint64]
    mpp: Mpp | None
    description: str = ""
    icc_profile: bytes | None = None


class PyramidWriter:
    """Writes to an open, empty, seekable file, which stays the caller's. Not thread-safe."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._position = file.write(_HEADER.pack(b"II", 43, 8, 0, 0))

    @property
    def position(self) -> int:
        return self._position

    def append(self, data: bytes) -> int:
        """Write one tile; returns its offset."""
        offset = self._position
        self._file.write(data)
        self._position += len(data)
        return offset

    def finish(self, levels: Sequence[LevelDirectory]) -> None:
        """Write the directories, full size first, and the header that leads to them."""
        link_at = _HEADER.size - 8
        for number, level in enumerate(levels):
            offset = self._write_directory(_entries(level, is_reduced=number > 0))
            self._file.seek(link_at)
            self._file.write(struct.pack("<Q", offset))
            self._file.seek(self._position)
            link_at = self._position - 8

    def _write_directory(self, entries: dict[int, tuple[FieldType, int, bytes]]) -> int:
        table = []
        for tag, (field_type, count, value) in sorted(entries.items()):
            inline = value.ljust(8, b"\0")
            if len(value) > 8:
                self._align()
                inline = struct.pack("<Q", self.append(value))
            table.append(_ENTRY.pack(tag, field_type, count, inline))
        self._align()
        return self.append(struct.pack("<Q", len(table)) + b"".join(table) + bytes(8))

    def _align(self) -> None:
        self.append(bytes(-self._position % 8))


def _entries(level: LevelDirectory, *, is_reduced: bool) -> dict[int, tuple[FieldType, int, bytes]]:
    entries = {
        tags.NEW_SUBFILE_TYPE: _longs(_REDUCED_IMAGE if is_reduced else 0),
        tags.IMAGE_WIDTH: _longs(level.size.width_px),
        tags.IMAGE_LENGTH: _longs(level.size.height_px),
        tags.BITS_PER_SAMPLE: _shorts(8, 8, 8),
        tags.COMPRESSION: _shorts(Compression.JPEG),
        tags.PHOTOMETRIC: _shorts(level.photometric),
        tags.SAMPLES_PER_PIXEL: _shorts(3),
        tags.PLANAR_CONFIGURATION: _shorts(1),
        tags.TILE_WIDTH: _longs(level.tile_size_px),
        tags.TILE_LENGTH: _longs(level.tile_size_px),
        tags.TILE_OFFSETS: (FieldType.LONG8, len(level.offsets), level.offsets.astype("<u8").tobytes()),
        tags.TILE_BYTE_COUNTS: (
            FieldType.LONG8,
            len(level.byte_counts),
            level.byte_counts.astype("<u8").tobytes(),
        ),
    }
    if level.photometric is Photometric.YCBCR:
        entries[tags.YCBCR_SUBSAMPLING] = _shorts(*level.sampling)
        # Full range, as every JPEG has it (TIFF 6.0, section 21: the default is another one).
        entries[tags.REFERENCE_BLACK_WHITE] = (
            FieldType.RATIONAL,
            6,
            struct.pack("<12I", 0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1),
        )
    if level.mpp is not None:
        entries[tags.X_RESOLUTION] = _rational(_UM_PER_CM / Fraction(repr(level.mpp.x_um)))
        entries[tags.Y_RESOLUTION] = _rational(_UM_PER_CM / Fraction(repr(level.mpp.y_um)))
        entries[tags.RESOLUTION_UNIT] = _shorts(_CENTIMETRE)
    if level.description:
        text = level.description.encode("ascii") + b"\0"
        entries[tags.IMAGE_DESCRIPTION] = (FieldType.ASCII, len(text), text)
    if level.icc_profile is not None:
        entries[tags.ICC_PROFILE] = (FieldType.UNDEFINED, len(level.icc_profile), level.icc_profile)
    return entries


def _longs(*values: int) -> tuple[FieldType, int, bytes]:
    return FieldType.LONG, len(values), struct.pack(f"<{len(values)}I", *values)


def _shorts(*values: int) -> tuple[FieldType, int, bytes]:
    return FieldType.SHORT, len(values), struct.pack(f"<{len(values)}H", *values)


def _rational(value: Fraction) -> tuple[FieldType, int, bytes]:
    """The closest fraction whose parts fit in 32 bits."""
    largest = 2**32 - 1
    limit = largest if value <= 1 else max(1, int(largest / value) - 1)
    closest = value.limit_denominator(limit)
    return FieldType.RATIONAL, 1, struct.pack("<II", closest.numerator, closest.denominator)
