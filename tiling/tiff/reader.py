"""The directories of a TIFF or BigTIFF, read strictly and with bounds.

Nothing is believed before it is checked: every offset lies inside the file, directories do not loop, counts
and sizes stay below `Limits`. Values are read when asked for, so a file of any size costs a few kilobytes.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ground.source import ByteSource
from tiling.errors import CorruptSlideError, NotASlideError, SlideTooLargeError
from tiling.limits import Limits
from tiling.tiff import tags
from tiling.tiff.tags import BYTES_PER_VALUE, FieldType

_INTEGER_CODES = {
    FieldType.BYTE: "u1",
    FieldType.SHORT: "u2",
    FieldType.LONG: "u4",
    FieldType.IFD: "u4",
    FieldType.LONG8: "u8",
    FieldType.IFD8: "u8",
}


_LINKS = {
    tags.SUB_IFDS: "sub-directory",
    tags.EXIF_IFD: "Exif",
    tags.GPS_IFD: "GPS",
    tags.INTEROPERABILITY_IFD: "Interoperability",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag of a directory. value_offset: where its value lies in the file, inline or not."""

    tag: int
    field_type: FieldType
    count: int
    value_offset: int
    is_inline: bool

    @property
    def byte_count(self) -> int:
        return self.count * BYTES_PER_VALUE[self.field_type]


@dataclass(frozen=True, slots=True)
class Directory:
    """One image file directory. offset, byte_count: the table itself."""

    offset: int
    byte_count: int
    entries: Mapping[int, Entry]
    skipped_entry_count: int  # of a type that no reader knows


@dataclass(frozen=True, slots=True)
class LinkedDirectory:
    """A directory that a tag of another one leads to. name: which, such as "sub-directory 1" or "Exif"."""

    name: str
    tag: int
    directory: Directory


class TiffFile:
    """All directories of the main chain. Raises NotASlideError, CorruptSlideError, SlideTooLargeError."""

    def __init__(self, source: ByteSource, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        header = source.read_at(0, 16)
        self._order = {b"II": "<", b"MM": ">"}.get(header[:2], "")
        if not self._order or len(header) < 8:
            raise NotASlideError("the file is not a TIFF and of no other kind of slide that is known here")
        (magic,) = struct.unpack(self._order + "H", header[2:4])
        if magic == 42:
            self.is_big = False
            (first,) = struct.unpack(self._order + "I", header[4:8])
        elif magic == 43 and header[4:8] == struct.pack(self._order + "HH", 8, 0) and len(header) == 16:
            self.is_big = True
            (first,) = struct.unpack(self._order + "Q", header[8:16])
        else:
            raise NotASlideError("the file is not a TIFF and of no other kind of slide that is known here")
        self.header_bytes = 16 if self.is_big else 8
        self._linked: dict[int, tuple[LinkedDirectory, ...]] = {}
        self.directories = self._read_chain(first)

    @property
    def size_bytes(self) -> int:
        return self._source.size_bytes

    @property
    def byte_order(self) -> str:
        """As NumPy and struct write it: "<" or ">"."""
        return self._order

    def _read_chain(self, offset: int) -> tuple[Directory, ...]:
        directories: list[Directory] = []
        seen: set[int] = set()
        while offset:
            if offset in seen:
                raise CorruptSlideError("the TIFF directories refer to each other in a circle")
            if len(directories) == self._limits.directories:
                raise SlideTooLargeError("the TIFF has more directories than any slide needs")
            seen.add(offset)
            directory, offset = self._read_directory(offset)
            directories.append(directory)
        if not directories:
            raise CorruptSlideError("the TIFF has no directory")
        return tuple(directories)

    def linked(self, directory: Directory) -> tuple[LinkedDirectory, ...]:
        """The directories that this one leads to (SubIFDs, Exif, GPS), and what those lead to.

        Raises CorruptSlideError where sub-directories, which are images, cannot be read or form a circle; an
        unreadable Exif block is no reason to refuse a slide. Raises SlideTooLargeError.
        """
        if directory.offset not in self._linked:
            found: list[LinkedDirectory] = []
            self._follow(directory, "", {one.offset for one in self.directories}, found)
            self._linked[directory.offset] = tuple(found)
        return self._linked[directory.offset]

    def _follow(
        self, directory: Directory, prefix: str, seen: set[int], found: list[LinkedDirectory]
    ) -> None:
        for name, tag, offset in self._links(directory):
            if offset in seen:
                raise CorruptSlideError("the TIFF directories refer to each other in a circle")
            if len(found) + sum(map(len, self._linked.values())) == self._limits.directories:
                raise SlideTooLargeError("the TIFF has more directories than any slide needs")
            seen.add(offset)
            try:
                linked, _ = self._read_directory(offset)
            except CorruptSlideError:
                if tag == tags.SUB_IFDS:
                    raise
                continue
            found.append(LinkedDirectory(prefix + name, tag, linked))
            self._follow(linked, f"{prefix}{name}, ", seen, found)

    def _links(self, directory: Directory) -> Iterator[tuple[str, int, int]]:
        for tag, name in _LINKS.items():
            offsets = None
            if tag in directory.entries:
                try:
                    offsets = self.integers(directory, tag)
                except CorruptSlideError:
                    if tag == tags.SUB_IFDS:
                        raise
            for number, offset in enumerate([] if offsets is None else offsets.tolist()):
                yield f"{name} {number + 1}" if tag == tags.SUB_IFDS else name, tag, offset

    def _read_directory(self, offset: int) -> tuple[Directory, int]:
        count_format, entry_format, next_format = ("Q", "HHQ", "Q") if self.is_big else ("H", "HHI", "I")
        order = self._order
        count_bytes, next_bytes = struct.calcsize(count_format), struct.calcsize(next_format)
        inline_bytes = next_bytes
        head_bytes = struct.calcsize(order + entry_format)
        (count,) = struct.unpack(order + count_format, self.bytes_at(offset, count_bytes))
        if not 0 < count <= self._limits.entries_per_directory:
            raise CorruptSlideError("a TIFF directory states an impossible number of entries")
        entry_bytes = head_bytes + inline_bytes
        start = offset + count_bytes
        table = self.bytes_at(start, count * entry_bytes + next_bytes)
        entries: dict[int, Entry] = {}
        skipped = 0
        for position in range(0, count * entry_bytes, entry_bytes):
            tag, type_code, value_count = struct.unpack_from(order + entry_format, table, position)
            try:
                field_type = FieldType(type_code)
            except ValueError:
                skipped += 1  # TIFF 6.0 asks readers to pass over types they do not know
                continue
            byte_count = value_count * BYTES_PER_VALUE[field_type]
            is_inline = byte_count <= inline_bytes
            value_offset = start + position + head_bytes
            if not is_inline:
                (value_offset,) = struct.unpack_from(order + next_format, table, position + head_bytes)
                if value_offset + byte_count > self._source.size_bytes:
                    raise CorruptSlideError("a TIFF tag points outside the file; it may be cut short")
            if tag in entries:
                raise CorruptSlideError("a TIFF directory states the same tag twice")
            entries[tag] = Entry(tag, field_type, value_count, value_offset, is_inline)
        (next_offset,) = struct.unpack_from(order + next_format, table, count * entry_bytes)
        return Directory(offset, count_bytes + len(table), entries, skipped), next_offset

    def bytes_at(self, offset: int, length: int) -> bytes:
        """Exactly these bytes. Raises CorruptSlideError where the file ends before."""
        if offset + length > self._source.size_bytes:
            raise CorruptSlideError("the TIFF points outside the file; it may be cut short")
        data = self._source.read_at(offset, length)
        if len(data) != length:
            raise CorruptSlideError("the file ended while it was being read")
        return data

    def raw(self, entry: Entry, max_bytes: int | None = None) -> bytes:
        """The value's bytes as they stand in the file."""
        if entry.byte_count > (self._limits.tag_bytes if max_bytes is None else max_bytes):
            raise SlideTooLargeError("a TIFF tag is larger than any slide needs")
        return self.bytes_at(entry.value_offset, entry.byte_count)

    def integers(self, directory: Directory, tag: int) -> NDArray[np.uint64] | None:
        """All values of an integer tag, or None where the directory has no such tag."""
        entry = directory.entries.get(tag)
        if entry is None:
            return None
        code = _INTEGER_CODES.get(entry.field_type)
        if code is None:
            raise CorruptSlideError("a TIFF tag that should hold whole numbers holds something else")
        return np.frombuffer(self.raw(entry), np.dtype(self._order + code)).astype(np.uint64)

    def integer(self, directory: Directory, tag: int, default: int | None = None) -> int:
        """The one value of an integer tag, or `default`."""
        values = self.integers(directory, tag)
        if values is None:
            if default is None:
                raise CorruptSlideError("a TIFF directory lacks a tag that every image needs")
            return default
        if len(values) != 1:
            raise CorruptSlideError("a TIFF tag that should hold one number holds several")
        return int(values[0])

    def rational(self, directory: Directory, tag: int) -> tuple[int, int] | None:
        """Numerator and denominator of a RATIONAL tag; None without the tag."""
        entry = directory.entries.get(tag)
        if entry is None or entry.field_type is not FieldType.RATIONAL or entry.count != 1:
            return None
        numerator, denominator = struct.unpack(self._order + "II", self.raw(entry))
        return numerator, denominator
