"""Prove that a canonical MP4 holds the boxes it may hold, and nothing in them that is not accounted for."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ground.source import ByteSource
from video.canonical.layout import Description
from video.canonical.mp4_boxes import COLOUR_NUMBERS, pixel_aspect_terms
from video.canonical.nal import PPS, SPS, parameter_sets, unit_type
from video.errors import CanonicalVideoError, VerificationError

# Which boxes may stand where, in this order; each must, but for those in brackets.
_ALLOWED: dict[bytes, tuple[bytes, ...]] = {
    b"": (b"ftyp", b"moov", b"[free]", b"mdat"),
    b"moov": (b"mvhd", b"trak"),
    b"trak": (b"tkhd", b"mdia"),
    b"mdia": (b"mdhd", b"hdlr", b"minf"),
    b"minf": (b"vmhd", b"dinf", b"stbl"),
    b"dinf": (b"dref",),
    b"dref": (b"url ",),
    b"stbl": (b"stsd", b"stts", b"[stss]", b"stsc", b"stsz", b"co64"),
    b"stsd": (b"avc1",),
    b"avc1": (b"avcC", b"colr", b"pasp"),
}
# Bytes of a parent's own fields before its children.
_FIELDS_BYTES = {b"dref": 8, b"stsd": 8, b"avc1": 78}
_LARGEST_MOVIE_BYTES = 2**27
# Fields that carry numbers of ours, by box: (offset, length); every other byte must be as stated in _FIXED.
_IDENTITY = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_FIXED = {
    b"ftyp": b"isom\0\0\2\0isomavc1",
    b"hdlr": bytes(8) + b"vide" + bytes(13),
    b"vmhd": b"\0\0\0\1" + bytes(8),
    b"url ": b"\0\0\0\1",
}


@dataclass(frozen=True, slots=True)
class BoxProof:
    """accounted_bytes: of the whole file. free_bytes: zeros between tables and samples."""

    boxes: int
    accounted_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    fields: bytes  # the content, or what stands in it before its children
    offset: int
    length: int


def check_boxes(file: ByteSource, description: Description) -> BoxProof:
    """Raises VerificationError where a box, or a field that could carry text, is not as it must be."""
    boxes = list(_walk_file(file))
    by_kind = {box.kind: box for box in boxes}
    count = description.frame_count
    for kind, fields in _FIXED.items():
        _expect(by_kind[kind].fields == fields)
    picture = description.picture
    width, height = picture.width_px, picture.height_px
    timescale, tick = _check_timing(by_kind, count)
    _expect(abs(tick * description.frame_rate / timescale - 1) < 1e-3)
    _expect(by_kind[b"tkhd"].fields[-8:] == struct.pack(">II", width << 16, height << 16))
    entry = struct.pack(">6xH16xHHIIIH32xHh", 1, width, height, 72 << 16, 72 << 16, 0, 1, 24, -1)
    _expect(by_kind[b"avc1"].fields == entry)
    _expect(by_kind[b"dref"].fields == by_kind[b"stsd"].fields == struct.pack(">II", 0, 1))
    colours = struct.pack(">HHHB", *COLOUR_NUMBERS[picture.matrix], picture.is_full_range << 7)
    _expect(by_kind[b"colr"].fields == b"nclx" + colours)
    _expect(by_kind[b"pasp"].fields == struct.pack(">II", *pixel_aspect_terms(picture.pixel_aspect)))
    _check_configuration(by_kind[b"avcC"].fields, description.avcc)
    _expect((b"stss" in by_kind) == (description.gop > 1))
    for kind, row_bytes in ((b"stss", 4), (b"stsc", 12), (b"co64", 8)):
        if kind in by_kind:
            fields = by_kind[kind].fields
            _expect(not any(fields[:4]) and len(fields) == 8 + row_bytes * int.from_bytes(fields[4:8]))
    _expect(by_kind[b"stsz"].fields[:12] == struct.pack(">III", 0, 0, count))
    _expect(len(by_kind[b"stsz"].fields) == 12 + 4 * count)
    free = by_kind.get(b"free")
    _expect(free is None or not any(file.read_at(free.offset + 8, free.length - 8)))
    return BoxProof(len(boxes), file.size_bytes, free.length if free else 0)


def _expect(is_so: bool) -> None:
    if not is_so:
        raise VerificationError("the result's MP4 boxes are not what they must be")


def _check_timing(by_kind: dict[bytes, _Box], count: int) -> tuple[int, int]:
    """No edit, no date, one constant tick; returns the time scale and the tick."""
    version, entries, times, tick = struct.unpack(">IIII", by_kind[b"stts"].fields)
    _expect((version, entries, times) == (0, 1, count))
    timescale = int.from_bytes(by_kind[b"mdhd"].fields[20:24])
    duration = count * tick
    head = struct.pack(">IQQIQ", 1 << 24, 0, 0, timescale, duration)
    _expect(by_kind[b"mdhd"].fields == head + b"\x55\xc4\0\0")
    movie = head + struct.pack(">iH10x", 0x10000, 0x100) + _IDENTITY + bytes(24) + struct.pack(">I", 2)
    _expect(by_kind[b"mvhd"].fields == movie)
    track = struct.pack(">IQQIIQ16x", 1 << 24 | 3, 0, 0, 1, 0, duration) + _IDENTITY
    _expect(by_kind[b"tkhd"].fields[:-8] == track)
    return timescale, tick


def _check_configuration(fields: bytes, avcc: bytes) -> None:
    try:
        sps, pps = parameter_sets(fields)
    except CanonicalVideoError as error:
        raise VerificationError("the result's decoder configuration is damaged") from error
    _expect(fields == avcc and (unit_type(sps), unit_type(pps)) == (SPS, PPS))
    _expect(len(fields) - len(sps) - len(pps) in (11, 15))


def _walk_file(file: ByteSource) -> Iterator[_Box]:
    position = 0
    found = []
    while position < file.size_bytes:
        head = file.read_at(position, 16)
        _expect(len(head) == 16)
        length, kind = int.from_bytes(head[:4]), head[4:8]
        if kind == b"mdat":
            _expect(length == 1)
            length = int.from_bytes(head[8:])
        _expect(8 <= length <= file.size_bytes - position)
        if kind == b"moov":
            _expect(length <= _LARGEST_MOVIE_BYTES)
            yield from _walk(kind, file.read_at(position + 8, length - 8))
        content = file.read_at(position + 8, length - 8) if kind == b"ftyp" else b""
        yield _Box(kind, content, position, length)
        found.append(kind)
        position += length
    _expect(_may_stand(found, b""))


def _walk(parent: bytes, content: bytes) -> Iterator[_Box]:
    position = _FIELDS_BYTES.get(parent, 0)
    found = []
    while position < len(content):
        length, kind = int.from_bytes(content[position : position + 4]), content[position + 4 : position + 8]
        _expect(8 <= length <= len(content) - position)
        inner = content[position + 8 : position + length]
        if kind in _ALLOWED:
            yield _Box(kind, inner[: _FIELDS_BYTES.get(kind, 0)], position, length)
            yield from _walk(kind, inner)
        else:
            yield _Box(kind, inner, position, length)
        found.append(kind)
        position += length
    _expect(_may_stand(found, parent))


def _may_stand(found: list[bytes], parent: bytes) -> bool:
    """Whether these are the children allowed here, each once and in order."""
    expected = []
    for kind in _ALLOWED[parent]:
        name = kind.strip(b"[]")
        if kind == name or name in found:
            expected.append(name)
    return found == expected
