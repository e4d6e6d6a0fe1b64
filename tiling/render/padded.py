"""Level 0's tiles on the right and lower border as the scanner made them, from slide.tif.

Deep Zoom's are cropped: where a scanner halves the resolution of colour, a decoder then no longer sees the
colour sample beyond the border, and the last column or row comes out a shade different; and where a
JPEG cannot be cropped without loss, Deep Zoom's was encoded again.
"""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from tiling.canonical import CanonicalSlide
from tiling.errors import CanonicalError, TilingError
from tiling.limits import Limits
from tiling.tiff import tags
from tiling.tiff.reader import Directory, Entry, TiffFile
from tiling.tiff.tags import FieldType

_NUMBERS: Mapping[FieldType, str] = {FieldType.LONG: "u4", FieldType.LONG8: "u8"}


@dataclass(frozen=True, slots=True)
class _OpenFile:
    """A byte source on a descriptor that is somebody else's to close."""

    file: int

    @property
    def size_bytes(self) -> int:
        return os.fstat(self.file).st_size

    def read_at(self, offset: int, length: int) -> bytes:
        return os.pread(self.file, length, offset)


@dataclass(frozen=True, slots=True)
class _Table:
    """Where level 0's tiles stand: two lists in the file, of which a tile needs one number each."""

    file: int
    order: str
    offsets: Entry
    lengths: Entry

    def read(self, index: int) -> bytes:
        offset, length = self._number(self.offsets, index), self._number(self.lengths, index)
        data = os.pread(self.file, length, offset)
        if len(data) != length:
            raise CanonicalError("the canonical slide's file is shorter than its table of tiles says")
        return data

    def _number(self, entry: Entry, index: int) -> int:
        kind = np.dtype(self.order + _NUMBERS[entry.field_type])
        place = entry.value_offset + index * kind.itemsize
        return int(np.frombuffer(os.pread(self.file, kind.itemsize, place), kind)[0])


_lock = threading.Lock()
_tables: WeakKeyDictionary[CanonicalSlide, _Table | None] = WeakKeyDictionary()


def read_padded_tile(slide: CanonicalSlide, col: int, row: int) -> bytes | None:
    """A level-0 tile as a JPEG of full size. Raises CanonicalError.

    None where slide.tif is not at hand: no tile of the slide is whole, so that none lies there.
    """
    with _lock:
        if slide not in _tables:
            _tables[slide] = _table(slide)
        table = _tables[slide]
    return None if table is None else table.read(row * slide.info.levels[0].cols + col)


def _table(slide: CanonicalSlide) -> _Table | None:
    info = slide.info
    if min(info.width_px, info.height_px) < info.tile_size_px:
        return None
    file = slide.locate(info.deepzoom_level_count - 1, 0, 0).file  # a whole tile: TIFF and Deep Zoom share it
    try:
        tiff = TiffFile(_OpenFile(file), Limits())
    except TilingError as error:
        raise CanonicalError("the canonical slide's file cannot be read") from error
    offsets, lengths = (
        _entry(tiff.directories[0], tag) for tag in (tags.TILE_OFFSETS, tags.TILE_BYTE_COUNTS)
    )
    return _Table(file, tiff.byte_order, offsets, lengths)


def _entry(directory: Directory, tag: int) -> Entry:
    entry = directory.entries.get(tag)
    if entry is None or entry.field_type not in _NUMBERS:
        raise CanonicalError("the canonical slide's file has no table of tiles")
    return entry
