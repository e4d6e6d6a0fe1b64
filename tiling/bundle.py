"""Several files that arrive as one: a ZIP, opened without believing what it says about itself.

Only what slides need is read (APPNOTE 6.3.10): stored and deflated members, ZIP64, one disk, no encryption.
A stored member is read in place; a deflated one is unpacked once, into scratch room, when it is asked for.
Sizes are those of the central directory, checked against each other, the file and our bounds before a byte
is unpacked; no two members may share bytes, which is how small archives unpack to large ones.
"""

import struct
import threading
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from ground.source import ByteSource
from tiling.errors import CorruptSlideError, NotASlideError, SlideTooLargeError, UnsupportedSlideError
from tiling.limits import Limits
from tiling.scratch import Scratch

ZIP_MAGIC = b"PK\x03\x04"

_END = struct.Struct("<4s4H2IH")
_END_MAGIC = b"PK\x05\x06"
_END64 = struct.Struct("<4sQ2H2I4Q")
_END64_MAGIC = b"PK\x06\x06"
_LOCATOR = struct.Struct("<4sIQI")
_LOCATOR_MAGIC = b"PK\x06\x07"
_ENTRY = struct.Struct("<4s6H3I5H2I")
_ENTRY_MAGIC = b"PK\x01\x02"
_LOCAL = struct.Struct("<4s5H3I2H")
_LONGEST_COMMENT = 65_535
_ZIP64_FIELD = 1
_FULL_32, _FULL_16 = 0xFFFFFFFF, 0xFFFF
_ENCRYPTED, _STRONGLY_ENCRYPTED, _MASKED = 1 << 0, 1 << 6, 1 << 13
_UTF8 = 1 << 11
_STORED, _DEFLATED = 0, 8
_KIND_MASK, _LINK = 0o170000, 0o120000
_CHUNK_BYTES = 1 << 20
_IN_MEMORY_BYTES = 32 << 20
_JUNK_FOLDERS = frozenset({"__MACOSX", ".Spotlight-V100", ".Trashes", "$RECYCLE.BIN"})
_JUNK_NAMES = frozenset({".DS_Store", "Thumbs.db", "thumbs.db", "desktop.ini", "Desktop.ini"})


@dataclass(frozen=True, slots=True)
class BundleLimits:
    """Each field is the largest value that is accepted.

    ratio: of unpacked to packed bytes, of all deflated members together; what is small may be of any.
    """

    members: int = 100_000
    directory_bytes: int = 64 * 2**20
    name_bytes: int = 1_024
    depth: int = 16
    unpacked_bytes: int = 2**37
    ratio: int = 120
    bytes_of_any_ratio: int = 256 * 2**20


@dataclass(frozen=True, slots=True)
class _Member:
    """offset: of its local header; the rest as the central directory says."""

    offset: int
    packed_bytes: int
    unpacked_bytes: int
    is_deflated: bool
    checksum: int


class Bundle(Mapping[str, ByteSource]):
    """The files of a ZIP by their paths in it, "/" between folders. Thread-safe.

    Asking for one raises CorruptSlideError, UnsupportedSlideError where there is no room to unpack it, and
    OSError where the disk is full.
    """

    def __init__(self, source: ByteSource, members: Mapping[str, _Member], scratch: Scratch | None) -> None:
        self._source = source
        self._members = members
        self._scratch = scratch
        self._lock = threading.Lock()
        self._opened: dict[str, ByteSource] = {}

    def __getitem__(self, name: str) -> ByteSource:
        member = self._members[name]
        with self._lock:
            if name not in self._opened:
                self._opened[name] = self._open(member)
            return self._opened[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def names(self) -> ByteSource:
        """What people called the files and their folders, one name a line, without suffixes.

        To be given along with the files where their texts are searched for: names carry patients' names.
        """
        parts = {PurePosixPath(part).stem for name in self._members for part in name.split("/")}
        return _InMemory("\n".join(sorted(parts)).encode())

    def _open(self, member: _Member) -> ByteSource:
        stored = _Part(self._source, _data_offset(self._source, member), member.packed_bytes)
        if not member.is_deflated:
            return stored
        if self._scratch is None and member.unpacked_bytes > _IN_MEMORY_BYTES:
            raise UnsupportedSlideError(
                "a compressed archive can only be read where there is room to unpack it"
            )
        if self._scratch is None:
            return _InMemory(b"".join(_inflated(stored, member)))
        file = self._scratch.new_file()
        for piece in _inflated(stored, member):
            file.write(piece)
        return file


def is_zip(source: ByteSource) -> bool:
    """Whether it begins as a ZIP does that holds anything."""
    return source.read_at(0, len(ZIP_MAGIC)) == ZIP_MAGIC


def open_bundle(
    source: ByteSource,
    limits: Limits | None = None,
    scratch: Scratch | None = None,
    bundle_limits: BundleLimits | None = None,
) -> Bundle:
    """Read a ZIP's directory; `source` and `scratch` must stay open as long as the bundle is used.

    Without scratch only small compressed members can be read. Folders and what file managers leave behind are
    not among the files. Raises NotASlideError, CorruptSlideError, UnsupportedSlideError, SlideTooLargeError.
    """
    bounds = bundle_limits or BundleLimits()
    directory, count = _directory(source, bounds)
    members: dict[str, _Member] = {}
    for name, member in _entries(directory, count, bounds):
        if name in members:
            raise CorruptSlideError("the archive has two files of one name")
        members[name] = member
    _check_sizes(list(members.values()), source.size_bytes, bounds)
    wanted = {name: member for name, member in members.items() if not _is_junk(name)}
    if not wanted:
        raise NotASlideError("the archive is empty")
    return Bundle(source, wanted, scratch)


def _directory(source: ByteSource, bounds: BundleLimits) -> tuple[bytes, int]:
    """The central directory, and how many entries it should have."""
    tail_offset = max(0, source.size_bytes - _END.size - _LONGEST_COMMENT)
    tail = source.read_at(tail_offset, source.size_bytes - tail_offset)
    at = tail.rfind(_END_MAGIC)
    if at < 0 or at + _END.size > len(tail):
        raise CorruptSlideError("the archive has no directory; it may be cut short")
    _, disk, first_disk, _, count, byte_count, offset, _ = _END.unpack_from(tail, at)
    if disk or first_disk:
        raise UnsupportedSlideError("archives of several parts are not supported")
    if count == _FULL_16 or _FULL_32 in (byte_count, offset):
        count, byte_count, offset = _zip64_end(source, tail_offset + at, (count, byte_count, offset))
    if count > bounds.members or byte_count > bounds.directory_bytes:
        raise SlideTooLargeError("the archive has more files than any slide needs")
    if offset + byte_count > source.size_bytes:
        raise CorruptSlideError("the archive's directory lies outside the file; it may be cut short")
    return source.read_at(offset, byte_count), count


def _zip64_end(source: ByteSource, end_offset: int, small: tuple[int, int, int]) -> tuple[int, int, int]:
    locator = source.read_at(max(0, end_offset - _LOCATOR.size), _LOCATOR.size)
    if len(locator) < _LOCATOR.size or not locator.startswith(_LOCATOR_MAGIC):
        return small  # 65,535 files, or a size of just that many bytes, need no ZIP64
    record = source.read_at(_LOCATOR.unpack(locator)[2], _END64.size)
    if len(record) < _END64.size or not record.startswith(_END64_MAGIC):
        raise CorruptSlideError("the archive's directory is damaged")
    *_, count, byte_count, offset = _END64.unpack(record)
    return count, byte_count, offset


def _entries(directory: bytes, count: int, bounds: BundleLimits) -> Iterator[tuple[str, _Member]]:
    at = 0
    for _ in range(count):
        if at + _ENTRY.size > len(directory) or directory[at : at + 4] != _ENTRY_MAGIC:
            raise CorruptSlideError("the archive's directory is damaged")
        fields = _ENTRY.unpack_from(directory, at)
        flags, method, checksum, packed, unpacked = fields[3], fields[4], *fields[7:10]
        name_bytes, extra_bytes, comment_bytes = fields[10:13]
        mode, offset = fields[15] >> 16, fields[16]
        name = directory[at + _ENTRY.size : at + _ENTRY.size + name_bytes]
        extra = directory[at + _ENTRY.size + name_bytes :][:extra_bytes]
        at += _ENTRY.size + name_bytes + extra_bytes + comment_bytes
        unpacked, packed, offset = _widened(extra, unpacked, packed, offset)
        if flags & (_ENCRYPTED | _STRONGLY_ENCRYPTED | _MASKED):
            raise UnsupportedSlideError("encrypted archives are not supported")
        text = _checked_name(name, bounds, is_utf8=bool(flags & _UTF8))
        if text.endswith("/"):
            continue
        if mode & _KIND_MASK == _LINK:
            raise CorruptSlideError("the archive holds a link, which leads outside of it")
        if method not in (_STORED, _DEFLATED):
            raise UnsupportedSlideError("the archive is compressed in a way that is not supported")
        if method == _STORED and packed != unpacked:
            raise CorruptSlideError("the archive's directory contradicts itself")
        yield text, _Member(offset, packed, unpacked, method == _DEFLATED, checksum)


def _widened(extra: bytes, *values: int) -> list[int]:
    """Sizes and offset, those that are full replaced out of the ZIP64 field, in its order."""
    wide = list(values)
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        body = extra[at + 4 : at + 4 + length]
        if kind == _ZIP64_FIELD:
            for number, value in enumerate(values):
                if value == _FULL_32:
                    if len(body) < 8:
                        raise CorruptSlideError("the archive's directory is damaged")
                    wide[number] = int.from_bytes(body[:8], "little")
                    body = body[8:]
            break
        at += 4 + length
    return wide


def _checked_name(name: bytes, bounds: BundleLimits, *, is_utf8: bool) -> str:
    """The member's path. Raises CorruptSlideError where it would lead outside the archive."""
    if not name or len(name) > bounds.name_bytes:
        raise CorruptSlideError("a file in the archive has no usable name")
    try:
        text = name.decode("utf-8" if is_utf8 else "cp437").replace("\\", "/")
    except UnicodeDecodeError:
        raise CorruptSlideError("a file in the archive has no usable name") from None
    parts = text.removesuffix("/").split("/")
    leads_out = any(part in ("", ".", "..") or "\0" in part or part.endswith(":") for part in parts)
    if leads_out or len(parts) > bounds.depth:
        raise CorruptSlideError("the names in the archive lead outside of it")
    return text


def _check_sizes(members: list[_Member], archive_bytes: int, bounds: BundleLimits) -> None:
    end = 0
    for member in sorted(members, key=lambda member: member.offset):
        if member.offset < end:
            raise CorruptSlideError("files in the archive share bytes")
        end = member.offset + _LOCAL.size + member.packed_bytes
    if end > archive_bytes:
        raise CorruptSlideError("a file in the archive lies outside of it; it may be cut short")
    deflated = [member for member in members if member.is_deflated]
    unpacked, packed = (
        sum(member.unpacked_bytes for member in deflated),
        sum(member.packed_bytes for member in deflated),
    )
    if unpacked > bounds.unpacked_bytes:
        raise SlideTooLargeError("the archive unpacks to more than is supported")
    if unpacked > max(bounds.bytes_of_any_ratio, packed * bounds.ratio):
        raise SlideTooLargeError("the archive unpacks to far more than a slide's files would")


def _is_junk(name: str) -> bool:
    parts = PurePosixPath(name).parts
    is_left_behind = parts[-1] in _JUNK_NAMES or parts[-1].startswith("._")
    return is_left_behind or any(part in _JUNK_FOLDERS for part in parts[:-1])


def _data_offset(source: ByteSource, member: _Member) -> int:
    head = source.read_at(member.offset, _LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(ZIP_MAGIC):
        raise CorruptSlideError("a file in the archive is not where its directory says")
    *_, name_bytes, extra_bytes = _LOCAL.unpack(head)
    offset = member.offset + _LOCAL.size + int(name_bytes) + int(extra_bytes)
    if offset + member.packed_bytes > source.size_bytes:
        raise CorruptSlideError("a file in the archive lies outside of it; it may be cut short")
    return offset


def _inflated(stored: ByteSource, member: _Member) -> Iterator[bytes]:
    """The unpacked bytes, piece by piece, never more than were announced."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    left, checksum = member.unpacked_bytes, 0
    try:
        for offset in range(0, stored.size_bytes, _CHUNK_BYTES):
            data = stored.read_at(offset, min(_CHUNK_BYTES, stored.size_bytes - offset))
            while data and not unpacker.eof:
                piece = unpacker.decompress(data, _CHUNK_BYTES)
                data = unpacker.unconsumed_tail
                left -= len(piece)
                checksum = zlib.crc32(piece, checksum)
                if left < 0:
                    raise CorruptSlideError("a file in the archive is longer than its directory says")
                yield piece
    except zlib.error as error:
        raise CorruptSlideError("a file in the archive is damaged") from error
    if left or not unpacker.eof or checksum != member.checksum:
        raise CorruptSlideError("a file in the archive is damaged")


class _Part:
    """A stretch of another source."""

    def __init__(self, source: ByteSource, offset: int, size_bytes: int) -> None:
        self._source = source
        self._offset = offset
        self.size_bytes = size_bytes

    def read_at(self, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0:
            raise ValueError("a read needs a non-negative offset and length")
        return self._source.read_at(self._offset + offset, max(0, min(length, self.size_bytes - offset)))


class _InMemory:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size_bytes = len(data)

    def read_at(self, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0:
            raise ValueError("a read needs a non-negative offset and length")
        return self._data[offset : offset + length]
