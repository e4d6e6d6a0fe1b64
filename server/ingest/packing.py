"""Several files as one: a ZIP whose every byte but the checksums is known before the first file is read.

It is never on the disk in plain: its pieces go straight to the sealing writer. Members are stored as they
are, so that the slide's reader finds them in place.
"""

import os
import stat
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from server.deid import CHUNK_BYTES
from server.deid.errors import SourceChangedError
from server.errors import InvalidInputError

_VERSION = 45  # ZIP64
_UTF8_AND_CHECKSUM_BEHIND = 1 << 11 | 1 << 3
_DATE = 0x0021  # 1 January 1980: when a file was made is nobody's business
_FULL_32, _FULL_16 = 0xFFFFFFFF, 0xFFFF
_LOCAL = struct.Struct("<4s5H3I2H")
_LOCAL_EXTRA = struct.Struct("<2H2Q")
_BEHIND = struct.Struct("<4sI2Q")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_ENTRY_EXTRA = struct.Struct("<2H3Q")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_END = struct.Struct("<4s4H2IH")


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a pack: its name in there, and where it lies; or a text of our own instead."""

    name: str
    path: Path | None = None
    text: bytes = b""

    def size_bytes(self) -> int:
        """Raises :class:`InvalidInputError` if it is no regular file."""
        if self.path is None:
            return len(self.text)
        try:
            status = self.path.stat()
        except OSError as error:
            raise InvalidInputError(f"A file of the slide cannot be opened: {error.strerror}.") from error
        if not stat.S_ISREG(status.st_mode):
            raise InvalidInputError("A file of the slide is not a regular file.")
        return status.st_size


class StoredZip:
    """A ZIP of these members, made anew each time that its pieces are asked for."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = tuple(members)
        self._sizes = tuple(member.size_bytes() for member in members)

    @property
    def size_bytes(self) -> int:
        """Of the whole archive."""
        names = sum(len(member.name.encode()) for member in self._members)
        per_member = _LOCAL.size + _LOCAL_EXTRA.size + _BEHIND.size + _ENTRY.size + _ENTRY_EXTRA.size
        ends = _END64.size + _LOCATOR.size + _END.size
        return sum(self._sizes) + 2 * names + len(self._members) * per_member + ends

    def pieces(self) -> Iterator[bytes]:
        """The archive from its first byte to its last.

        Raises :class:`SourceChangedError` if a file is no longer of its size, :class:`InvalidInputError` if
        one cannot be opened.
        """
        offset = 0
        entries: list[bytes] = []
        for member, size in zip(self._members, self._sizes, strict=True):
            name = member.name.encode()
            head = _head(name, size)
            yield head
            checksum = 0
            for piece in _content(member, size):
                checksum = zlib.crc32(piece, checksum)
                yield piece
            yield _BEHIND.pack(b"PK\x07\x08", checksum, size, size)
            entries.append(_entry(name, size, checksum, offset))
            offset += len(head) + size + _BEHIND.size
        yield from entries
        yield _ends(len(entries), sum(map(len, entries)), offset)


def _content(member: Member, size: int) -> Iterator[bytes]:
    if member.path is None:
        yield member.text
        return
    left = size
    try:
        file = member.path.open("rb", buffering=0)
    except OSError as error:
        raise InvalidInputError(f"A file of the slide cannot be opened: {error.strerror}.") from error
    with file:
        if os.fstat(file.fileno()).st_size != size:
            raise SourceChangedError("A file of the slide changed while it was being read.")
        while data := file.read(CHUNK_BYTES):
            left -= len(data)
            if left < 0:
                break
            yield data
    if left:
        raise SourceChangedError("A file of the slide changed while it was being read.")


def _head(name: bytes, size: int) -> bytes:
    fixed = _LOCAL.pack(
        b"PK\x03\x04",
        _VERSION,
        _UTF8_AND_CHECKSUM_BEHIND,
        0,
        0,
        _DATE,
        0,
        _FULL_32,
        _FULL_32,
        len(name),
        _LOCAL_EXTRA.size,
    )
    return fixed + name + _LOCAL_EXTRA.pack(1, 16, size, size)


def _entry(name: bytes, size: int, checksum: int, offset: int) -> bytes:
    fixed = _ENTRY.pack(
        b"PK\x01\x02",
        _VERSION,
        _VERSION,
        _UTF8_AND_CHECKSUM_BEHIND,
        0,
        0,
        _DATE,
        checksum,
        _FULL_32,
        _FULL_32,
        len(name),
        _ENTRY_EXTRA.size,
        0,
        0,
        0,
        0,
        _FULL_32,
    )
    return fixed + name + _ENTRY_EXTRA.pack(1, 24, size, size, offset)


def _ends(count: int, directory_bytes: int, offset: int) -> bytes:
    wide = _END64.pack(
        b"PK\x06\x06", _END64.size - 12, _VERSION, _VERSION, 0, 0, count, count, directory_bytes, offset
    )
    locator = _LOCATOR.pack(b"PK\x06\x07", 0, offset + directory_bytes, 1)
    end = _END.pack(b"PK\x05\x06", 0, 0, _FULL_16, _FULL_16, _FULL_32, _FULL_32, 0)
    return wide + locator + end
