"""MP4 and MOV, walked box by box (ISO 14496-12, QuickTime File Format).

Counts are judged before FFmpeg allocates by them: it makes room for as many samples as `stsz` and `trun`
promise, and a box of 20 bytes can promise four thousand million. (A table of sizes it reads first.)
"""

import struct
from dataclasses import dataclass, field

from ground.source import ByteSource
from video.errors import CorruptVideoError, UnsupportedVideoError, VideoTooLargeError
from video.formats.container.layout import Structure
from video.formats.container.reader import Findings, Window
from video.limits import Limits
from video.model import Action

_PARENTS = frozenset(
    {
        b"moov",
        b"trak",
        b"mdia",
        b"minf",
        b"stbl",
        b"edts",
        b"mvex",
        b"moof",
        b"traf",
        b"dinf",
        b"mfra",
        b"tref",
    }
)
# What describes the pictures and has no room for words.
_TECHNICAL = {
    b"ftyp": "file type box",
    b"styp": "file type box",
    b"tkhd": "track header",
    b"mvhd": "movie header with dates",
    b"mdhd": "media header with dates",
    b"elst": "edit list",
    b"stts": "frame times",
    b"ctts": "frame times",
    b"cslg": "frame times",
    b"stss": "key frame table",
    b"sdtp": "key frame table",
    b"sbgp": "key frame table",
    b"sgpd": "key frame table",
    b"stps": "key frame table",
    b"stsc": "sample table",
    b"stsz": "sample table",
    b"stz2": "sample table",
    b"stco": "sample table",
    b"co64": "sample table",
    b"vmhd": "media header",
    b"smhd": "media header",
    b"nmhd": "media header",
    b"gmin": "media header",
    b"mfhd": "fragment table",
    b"tfhd": "fragment table",
    b"tfdt": "fragment table",
    b"trun": "fragment table",
    b"trex": "fragment table",
    b"mehd": "fragment table",
    b"sidx": "fragment table",
    b"tfra": "fragment table",
    b"mfro": "fragment table",
}
_WORDED = {
    b"udta": "user data box",
    b"meta": "metadata box",
    b"ilst": "metadata box",
    b"keys": "metadata box",
    b"uuid": "box of a kind of its own (uuid)",
    b"free": "free space",
    b"skip": "free space",
    b"wide": "free space",
    b"stsd": "sample description",
    b"hdlr": "handler with a name",
    b"dref": "data reference",
    b"gmhd": "media header",
    b"tmcd": "time code",
    b"chap": "chapter reference",
    b"pnot": "preview",
    b"PICT": "preview",
}
_DEEPEST = 12
_MOST_BOXES = 200_000
# FFmpeg keeps 24 to 40 bytes a sample: so many of all tracks together take some 300 MB.
_SAMPLES_PER_FRAME = 4
_READ_AT_MOST = 8 * 2**20
_DEPTH_OF_MEDIA = 3  # moov, trak, mdia
_USUAL_HANDLERS = frozenset(
    {
        b"VideoHandler",
        b"SoundHandler",
        b"SubtitleHandler",
        b"DataHandler",
        b"Core Media Video",
        b"Core Media Audio",
    }
)
_DECODER_SETTINGS = frozenset(
    {
        b"avcC", b"hvcC", b"av1C", b"vpcC", b"esds", b"glbl", b"d263", b"jpeC", b"colr", b"pasp", b"clap",
        b"btrt", b"fiel", b"gama", b"mdcv", b"clli", b"chrm", b"SmDm", b"CoLL",
    }
)  # fmt: skip
_MEDIA = frozenset({b"mdat"})
# What may stand beside the movie. Anything else that runs beyond the file's end is no box, but foreign bytes.
_OUTERMOST = frozenset(
    {
        b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"meta", b"udta", b"moof", b"mfra",
        b"sidx", b"ssix", b"styp", b"pdin", b"emsg", b"prft", b"pnot", b"PICT",
    }
)  # fmt: skip


@dataclass(slots=True)
class _Track:
    """kind: the handler's. is_by_chunk: every sample lasts one tick, as plain sound does."""

    kind: bytes = b""
    samples: int = 0
    is_by_chunk: bool = False


@dataclass(slots=True)
class _Walk:
    window: Window
    findings: Findings
    limits: Limits
    boxes: int = 0
    samples: int = 0
    has_movie: bool = False
    has_fragments: bool = False
    track: _Track = field(default_factory=_Track)


def walk_mp4(source: ByteSource, limits: Limits) -> Structure:
    """Raises CorruptVideoError where there is no movie box, UnsupportedVideoError where it is encrypted,
    VideoTooLargeError by what its tables promise.
    """
    walk = _Walk(Window(source), Findings(limits), limits)
    _boxes(walk, 0, source.size_bytes, 0)
    if not walk.has_movie:
        raise CorruptVideoError(
            "the file is cut short or damaged: the box that says where its frames lie is gone"
        )
    return walk.findings.result()


def _boxes(walk: _Walk, at: int, end: int, depth: int) -> None:
    while at < end:
        head = walk.window.read(at, 16)
        size, kind, body = int.from_bytes(head[:4], "big"), head[4:8], at + 8
        if size == 1:
            size, body = int.from_bytes(head[8:16], "big"), at + 16
        elif size == 0 and depth == 0 and len(head) >= 8:
            size = end - at
        walk.boxes += 1
        if len(head) < 8 or size < body - at or walk.boxes > _MOST_BOXES or not _is_kind(kind):
            _leftover(walk, at, end, depth)
            return
        if at + size > end:
            if depth == 0 and kind not in _OUTERMOST:
                _leftover(walk, at, end, depth)
                return
            if depth == 0:
                walk.findings.missing_bytes += at + size - end
            size = end - at
        _box(walk, kind, body, at + size, depth)
        at += size


def _is_kind(kind: bytes) -> bool:
    """Four letters; QuickTime's own words begin with ©."""
    return all(32 <= byte < 127 or byte == 0xA9 for byte in kind)


def _leftover(walk: _Walk, at: int, end: int, depth: int) -> None:
    name = "bytes behind the last box" if depth == 0 else "bytes that are no box"
    if depth == 0 and walk.has_fragments and end - at < 8:
        # The head of the next fragment; in other files a few zeros at the end are a habit.
        walk.findings.missing_bytes += 8 - (end - at)
    # A terminating zero is QuickTime's habit.
    if end - at > 4:
        walk.findings.add(name, end - at)
    walk.findings.words_in(walk.window.read(at, min(end - at, _READ_AT_MOST)))


def _box(walk: _Walk, kind: bytes, body: int, end: int, depth: int) -> None:
    walk.has_movie |= kind == b"moov"
    walk.has_fragments |= kind == b"moof"
    if kind in _PARENTS and depth < _DEEPEST:
        _boxes(walk, body, end, depth + 1)
        if kind == b"trak":
            _judge(walk)
        return
    if kind in _MEDIA:
        walk.findings.add("media data", end - body, Action.REBUILT)
        return
    if kind in _TECHNICAL:
        _note(walk, kind, body, end)
        walk.findings.add(_TECHNICAL[kind], end - body)
        return
    walk.findings.add(_WORDED.get(kind, "box of an unknown kind"), end - body)
    if kind == b"hdlr":
        _handler(walk, body, end, depth)
    elif kind == b"stsd":
        _descriptions(walk, body, end)
    else:
        walk.findings.words_in(walk.window.read(body, min(end - body, _READ_AT_MOST)))


def _handler(walk: _Walk, body: int, end: int, depth: int) -> None:
    if depth == _DEPTH_OF_MEDIA:
        walk.track.kind = walk.window.read(body + 8, 4)
    name = walk.window.read(body + 24, min(end - body - 24, _READ_AT_MOST)).strip(b"\0")
    # QuickTime puts the length before the name.
    name = name[1:] if name[:1] == bytes([max(0, len(name) - 1) & 0xFF]) else name
    if name not in _USUAL_HANDLERS:
        walk.findings.text(name)


def _descriptions(walk: _Walk, body: int, end: int) -> None:
    """Of pictures: the compressor's name, and whatever is in boxes that are no decoder's settings."""
    data = walk.window.read(body, min(end - body, _READ_AT_MOST))
    if walk.track.kind != b"vide":
        walk.findings.words_in(data[8:])
        return
    at = 8
    while at + 86 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"encv":
            raise UnsupportedVideoError("the video is encrypted")
        name = data[at + 51 : at + 82]
        walk.findings.text(name[: data[at + 50]])
        inner, stop = at + 86, min(at + max(size, 86), len(data))
        while inner + 8 <= stop:
            length = max(8, int.from_bytes(data[inner : inner + 4], "big"))
            if data[inner + 4 : inner + 8] == b"clap":
                walk.findings.is_cropped |= _is_less(data[inner + 8 : inner + 24], data[at + 32 : at + 36])
            if data[inner + 4 : inner + 8] not in _DECODER_SETTINGS:
                walk.findings.words_in(data[inner + 8 : min(inner + length, stop)])
            inner += length
        at = stop if size >= 86 else len(data)


def _is_less(aperture: bytes, size: bytes) -> bool:
    """Whether a clean aperture (two fractions) is smaller than the frame (two numbers)."""
    if len(aperture) < 16:
        return False
    width, width_by, height, height_by = struct.unpack(">4I", aperture)
    frame_width, frame_height = struct.unpack(">2H", size)
    return bool(width < frame_width * width_by or height < frame_height * height_by)


def _note(walk: _Walk, kind: bytes, body: int, end: int) -> None:
    """Keep what the counts of the track are judged by."""
    window, track = walk.window, walk.track
    if kind == b"stsz":
        count = window.big(body + 8, 4)
        # One size for all needs no table, so that nothing else bounds the count.
        track.samples = count if window.big(body + 4, 4) else min(count, (end - body) // 4)
    elif kind == b"stz2":
        track.samples = min(window.big(body + 8, 4), (end - body) * 2)
    elif kind == b"stts":
        track.is_by_chunk = window.big(body + 4, 4) == 1 and window.big(body + 12, 4) == 1
    elif kind == b"trun":
        # A fragment's run may leave out every field of its samples.
        _count(walk, window.big(body + 4, 4))


def _judge(walk: _Walk) -> None:
    """At the end of a track. Plain sound is kept by the chunk, so that its samples cost nothing."""
    if not (walk.track.kind == b"soun" and walk.track.is_by_chunk):
        _count(walk, walk.track.samples)
    walk.track = _Track()


def _count(walk: _Walk, samples: int) -> None:
    walk.samples += samples
    if walk.samples > _SAMPLES_PER_FRAME * walk.limits.frames:
        raise VideoTooLargeError(
            f"the file speaks of {walk.samples:,} samples; {walk.limits.frames:,} frames are accepted here"
        )
