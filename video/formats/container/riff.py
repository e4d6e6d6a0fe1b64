"""AVI, walked chunk by chunk (RIFF, OpenDML)."""

from ground.source import ByteSource
from video.formats.container.layout import Structure
from video.formats.container.reader import Findings, Window
from video.limits import Limits
from video.model import Action

_TECHNICAL = {
    b"avih": "file header",
    b"strh": "stream header",
    b"vprp": "picture settings",
    b"dmlh": "file header",
    b"idx1": "index of frames",
    b"indx": "index of frames",
}
_WORDED = {
    b"strf": "stream format",
    b"strd": "stream's private data",
    b"strn": "stream name",
    b"JUNK": "free space",
    b"IDIT": "date",
    b"ISMP": "time code",
    b"_PMX": "XMP packet",
}
_READ_AT_MOST = 8 * 2**20
_DEEPEST = 8
_MOST_CHUNKS = 100_000


class _Walk:
    def __init__(self, source: ByteSource, limits: Limits) -> None:
        self.window = Window(source)
        self.findings = Findings(limits)
        self.chunks = 0

    def chunks_in(self, at: int, end: int, depth: int) -> None:
        while at + 8 <= end:
            head = self.window.read(at, 12)
            kind, size = head[:4], int.from_bytes(head[4:8], "little")
            self.chunks += 1
            if self.chunks > _MOST_CHUNKS or not all(32 <= byte < 127 for byte in kind):
                break
            if depth == 0 and kind != b"RIFF":
                break
            body = at + 8
            if body + size > end:
                if depth <= 1:
                    self.findings.missing_bytes = max(self.findings.missing_bytes, body + size - end)
                size = end - body
            self.chunk(kind, head[8:12], body, body + size, depth)
            at = body + size + size % 2
        self.leftover(at, end, depth)

    def chunk(self, kind: bytes, form: bytes, body: int, end: int, depth: int) -> None:
        if kind == b"LIST" and form == b"movi":
            self.findings.add("media data", end - body - 4, Action.REBUILT)
        elif kind in {b"RIFF", b"LIST"} and depth < _DEEPEST:
            self.chunks_in(body + 4, end, depth + 1)
        elif kind in _TECHNICAL:
            self.findings.add(_TECHNICAL[kind], end - body)
        else:
            name = "information text" if kind.startswith(b"I") else "chunk of an unknown kind"
            self.findings.add(_WORDED.get(kind, name), end - body)
            self.findings.words_in(self.window.read(body, min(end - body, _READ_AT_MOST)))

    def leftover(self, at: int, end: int, depth: int) -> None:
        if end - at > 1:
            name = "bytes behind the last chunk" if depth == 0 else "bytes that are no chunk"
            self.findings.add(name, end - at)
            self.findings.words_in(self.window.read(at, min(end - at, _READ_AT_MOST)))


def walk_avi(source: ByteSource, limits: Limits) -> Structure:
    """The lists of headers and words; the media data are stepped over."""
    walk = _Walk(source, limits)
    walk.chunks_in(0, source.size_bytes, 0)
    return walk.findings.result()
