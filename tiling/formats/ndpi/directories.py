"""The directories of an NDPI: a classic TIFF that was stretched to 64 bits in Hamamatsu's own way.

The header and each directory's link have offsets of eight bytes where TIFF has four. After the link follow
four bytes for each entry: the high half of its offset or, of a single LONG, of its value. Nothing of this is
announced; a file is NDPI if, read like that, its first directory has tag 65420.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ground.source import ByteSource
from tiling.errors import CorruptSlideError, NotASlideError, SlideTooLargeError
from tiling.limits import Limits
from tiling.tiff.tags import BYTES_PER_VALUE, FieldType

FORMAT_FLAG = 65420
HEADER_BYTES = 12

_MAGIC = b"II*\0"
_ENTRY_BYTES, _LINK_BYTES, _HIGH_BYTES, _INLINE_BYTES = 12, 8, 4, 4
_CODES = {
    FieldType.BYTE: "u1",
    FieldType.SHORT: "<u2",
    FieldType.LONG: "<u4",
    FieldType.IFD: "<u4",
    FieldType.SSHORT: "<i2",
    FieldType.SLONG: "<i4",
    FieldType.FLOAT: "<f4",
    FieldType.DOUBLE: "<f8",
    FieldType.LONG8: "<u8",
    FieldType.SLONG8: "<i8",
    FieldType.IFD8: "<u8",
}
_WIDENED = {FieldType.LONG: "<u8", FieldType.IFD: "<u8", FieldType.SLONG: "<i8"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag. word: the entry's own eight bytes of value or offset, the high half included."""

    tag: int
    field_type: FieldType
    count: int
    word: bytes

    @property
    def byte_count(self) -> int:
        return self.count * BYTES_PER_VALUE[self.field_type]

    @property
    def is_inline(self) -> bool:
        return self.byte_count <= _INLINE_BYTES

    @property
    def offset(self) -> int:
        """Where the value lies, unless it is inline."""
        return int.from_bytes(self.word, "little")


@dataclass(frozen=True, slots=True)
class Directory:
    """One image file directory. offset, byte_count: the table itself, with link and high halves."""

    offset: int
    byte_count: int
    entries: Mapping[int, Entry]
    skipped_entry_count: int


class NdpiFile:
    """The directories, of which opening reads the first. Thread-safe.

    Raises NotASlideError, CorruptSlideError, SlideTooLargeError.
    """

    def __init__(self, source: ByteSource, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        header = source.read_at(0, HEADER_BYTES)
        if len(header) < HEADER_BYTES or not header.startswith(_MAGIC):
            raise NotASlideError("the file is not an NDPI")
        self._first_offset = int.from_bytes(header[4:], "little")
        directory, _ = self._read_directory(self._first_offset)
        if FORMAT_FLAG not in directory.entries:
            raise NotASlideError("the file is not an NDPI")

    @property
    def size_bytes(self) -> int:
        return self._source.size_bytes

    def read_directories(self) -> tuple[Directory, ...]:
        directories: list[Directory] = []
        seen: set[int] = set()
        offset = self._first_offset
        while offset:
            if offset in seen:
                raise CorruptSlideError("the NDPI directories refer to each other in a circle")
            if len(directories) == self._limits.directories:
                raise SlideTooLargeError("the NDPI has more directories than any slide needs")
            seen.add(offset)
            directory, offset = self._read_directory(offset)
            directories.append(directory)
        return tuple(directories)

    def _read_directory(self, offset: int) -> tuple[Directory, int]:
        count = int.from_bytes(self.bytes_at(offset, 2), "little")
        if not 0 < count <= self._limits.entries_per_directory:
            raise CorruptSlideError("an NDPI directory states an impossible number of entries")
        table = self.bytes_at(offset + 2, count * (_ENTRY_BYTES + _HIGH_BYTES) + _LINK_BYTES)
        link_at = count * _ENTRY_BYTES
        high_at = link_at + _LINK_BYTES
        entries: dict[int, Entry] = {}
        skipped = 0
        for number in range(count):
            tag, type_code, value_count = struct.unpack_from("<HHI", table, number * _ENTRY_BYTES)
            try:
                field_type = FieldType(type_code)
            except ValueError:
                skipped += 1  # TIFF 6.0 asks readers to pass over types they do not know
                continue
            low = table[number * _ENTRY_BYTES + 8 : (number + 1) * _ENTRY_BYTES]
            high = table[high_at + number * _HIGH_BYTES : high_at + (number + 1) * _HIGH_BYTES]
            entry = Entry(tag, field_type, value_count, low + high)
            if not entry.is_inline and entry.offset + entry.byte_count > self.size_bytes:
                raise CorruptSlideError("an NDPI tag points outside the file; it may be cut short")
            if tag in entries:
                raise CorruptSlideError("an NDPI directory states the same tag twice")
            entries[tag] = entry
        link = int.from_bytes(table[link_at:high_at], "little")
        return Directory(offset, 2 + len(table), entries, skipped), link

    def bytes_at(self, offset: int, length: int) -> bytes:
        """Exactly these bytes. Raises CorruptSlideError where the file ends before."""
        if offset + length > self.size_bytes:
            raise CorruptSlideError("the NDPI points outside the file; it may be cut short")
        data = self._source.read_at(offset, length)
        if len(data) != length:
            raise CorruptSlideError("the file ended while it was being read")
        return data

    def raw(self, entry: Entry, max_bytes: int | None = None) -> bytes:
        """The value's bytes as they stand in the file."""
        if entry.byte_count > (self._limits.tag_bytes if max_bytes is None else max_bytes):
            raise SlideTooLargeError("an NDPI tag is larger than any slide needs")
        return (
            entry.word[: entry.byte_count]
            if entry.is_inline
            else self.bytes_at(entry.offset, entry.byte_count)
        )

    def numbers(self, directory: Directory, tag: int) -> NDArray[np.generic] | None:
        """All values of a numeric tag, in its own type; None where the directory has no such tag."""
        entry = directory.entries.get(tag)
        if entry is None:
            return None
        if entry.count == 1 and entry.field_type in _WIDENED and any(entry.word[4:]):
            return np.frombuffer(entry.word, _WIDENED[entry.field_type])
        if entry.field_type not in _CODES:
            raise CorruptSlideError("an NDPI tag that should hold numbers holds something else")
        return np.frombuffer(self.raw(entry), _CODES[entry.field_type])

    def integer(self, directory: Directory, tag: int, default: int | None = None) -> int:
        """The one value of an integer tag, or `default`. Raises CorruptSlideError."""
        values = self.numbers(directory, tag)
        if values is None:
            if default is None:
                raise CorruptSlideError("an NDPI directory lacks a tag that every image needs")
            return default
        if len(values) != 1 or values.dtype.kind not in "iu":
            raise CorruptSlideError("an NDPI tag that should hold one whole number holds something else")
        return int(values[0])

    def rational(self, directory: Directory, tag: int) -> tuple[int, int] | None:
        """Numerator and denominator of a RATIONAL tag; None without the tag."""
        entry = directory.entries.get(tag)
        if entry is None or entry.field_type is not FieldType.RATIONAL or entry.count != 1:
            return None
        numerator, denominator = struct.unpack("<II", self.raw(entry))
        return numerator, denominator
