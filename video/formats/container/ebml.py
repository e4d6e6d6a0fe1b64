"""Matroska and WebM, walked element by element (RFC 8794, RFC 9559)."""

from dataclasses import dataclass

from ground.source import ByteSource
from video.formats.container.layout import Structure
from video.formats.container.reader import Findings, Window
from video.limits import Limits
from video.model import Action

_EBML, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
_PARENTS = {
    _EBML: "file header",
    _SEGMENT: "segment",
    0x1549A966: "segment information",
    0x1654AE6B: "tracks",
    0xAE: "track",
    0xE0: "picture settings",
    0x1941A469: "attachments",
    0x61A7: "attachment",
    0x1043A770: "chapters",
    0x45B9: "chapters",
    0xB6: "chapters",
    0x80: "chapters",
    0x1254C367: "tags",
    0x7373: "tags",
    0x67C8: "tags",
}
_CROPS = frozenset({0x54AA, 0x54BB, 0x54CC, 0x54DD})  # pixels that a player shall not show
_WORDED = {
    0x7BA9: "title",
    0x4D80: "name of the writing program",
    0x5741: "name of the writing program",
    0x4461: "date",
    0x73A4: "segment id",
    0x7384: "file name",
    0x3C83AB: "file name",
    0x3E83BB: "file name",
    0x536E: "track name",
    0x466E: "attachment's file name",
    0x467E: "attachment's description",
    0x465C: "attachment",
    0x85: "chapter title",
    0x45A3: "tag",
    0x4487: "tag",
    0x4485: "tag",
    0xEC: "free space",
    0x63A2: "codec's private data",
}
_TECHNICAL = {
    0x114D9B74: "index of the file",
    0x1C53BB6B: "index of frames",
    0xE1: "sound settings",
    0xBF: "checksum",
}
_READ_AT_MOST = 8 * 2**20
_MOST_ELEMENTS = 500_000
_DEEPEST = 12


@dataclass(slots=True)
class _Walk:
    window: Window
    findings: Findings
    elements: int = 0


def walk_matroska(source: ByteSource, limits: Limits) -> Structure:
    """Clusters of frames are stepped over; where their length is unknown, the walk ends with them."""
    walk = _Walk(Window(source), Findings(limits))
    end = _elements(walk, 0, source.size_bytes, 0)
    if end < source.size_bytes:
        walk.findings.add("bytes behind the last element", source.size_bytes - end)
        walk.findings.words_in(walk.window.read(end, _READ_AT_MOST))
    return walk.findings.result()


def _elements(walk: _Walk, at: int, end: int, depth: int) -> int:
    """Where the last whole element ended."""
    while at < end:
        kind, body = _number(walk.window, at, keep_mark=True)
        size, start = _number(walk.window, body, keep_mark=False)
        walk.elements += 1
        is_top = depth == 0
        if kind <= 0 or start <= body or walk.elements > _MOST_ELEMENTS:
            return at
        if is_top and kind not in {_EBML, _SEGMENT} and kind not in _WORDED:
            return at
        if size < 0:  # of unknown length, as live recorders write it
            if kind == _CLUSTER:
                walk.findings.add("media data", end - start, Action.REBUILT)
                return end
            size = end - start
        if start + size > end:
            if depth <= 1:
                walk.findings.missing_bytes = max(walk.findings.missing_bytes, start + size - end)
            size = end - start
        _element(walk, kind, start, start + size, depth)
        at = start + size
    return at


def _element(walk: _Walk, kind: int, start: int, end: int, depth: int) -> None:
    if kind in _PARENTS and depth < _DEEPEST:
        _elements(walk, start, end, depth + 1)
    elif kind == _CLUSTER:
        walk.findings.add("media data", end - start, Action.REBUILT)
    elif kind in _CROPS:
        walk.findings.is_cropped |= walk.window.big(start, min(end - start, 8)) > 0
    elif kind in _TECHNICAL:
        walk.findings.add(_TECHNICAL[kind], end - start)
    elif kind in _WORDED:
        walk.findings.add(_WORDED[kind], end - start)
        walk.findings.words_in(walk.window.read(start, min(end - start, _READ_AT_MOST)))
    elif end - start > 8:
        # Anything that is longer than a number may hold words.
        walk.findings.add("element of an unknown kind", end - start)
        walk.findings.words_in(walk.window.read(start, min(end - start, _READ_AT_MOST)))


def _number(window: Window, at: int, *, keep_mark: bool) -> tuple[int, int]:
    """A number of variable length and where it ends; −1 for "unknown" and for what is none."""
    first = window.big(at, 1)
    length = 9 - first.bit_length()
    data = window.read(at, length)
    if not first or len(data) < length:
        return -1, at
    value = int.from_bytes(data, "big")
    if keep_mark:
        return value, at + length
    value &= (1 << 7 * length) - 1
    return (-1 if value == (1 << 7 * length) - 1 else value), at + length
