"""GIF, walked block by block (GIF89a specification)."""

from ground.source import ByteSource
from video.formats.container.layout import Structure
from video.formats.container.reader import Findings, Window
from video.formats.container.streams import check_size
from video.limits import Limits
from video.model import Action

_IMAGE, _EXTENSION, _END = 0x2C, 0x21, 0x3B
_EXTENSIONS = {0xF9: "frame settings", 0xFE: "comment", 0x01: "text to be drawn", 0xFF: "application data"}
_HEADER_BYTES = 13
_MOST_BLOCKS = 4_000_000


class _Walk:
    def __init__(self, source: ByteSource, limits: Limits) -> None:
        self.window = Window(source)
        self.findings = Findings(limits)
        self._limits = limits
        self._blocks = 0

    def walk(self) -> None:
        check_size(self.window.little(6, 2), self.window.little(8, 2), self._limits)
        at = _HEADER_BYTES + _palette_bytes(self.window.big(10, 1))
        self.findings.add("file header", at)
        while (kind := self.window.big(at, 1)) in {_IMAGE, _EXTENSION}:
            at = self._image(at) if kind == _IMAGE else self._extension(at)
        if at >= self.window.size_bytes:
            # Many programs forget the closing mark; then the last picture must be whole at least.
            self.findings.missing_bytes += at - self.window.size_bytes
            return
        behind = at + (kind == _END)
        if behind < self.window.size_bytes:
            self.findings.add("bytes behind the end", self.window.size_bytes - behind)
            self.findings.words_in(self.window.read(behind, 8 * 2**20))

    def _image(self, at: int) -> int:
        start = at + 11 + _palette_bytes(self.window.big(at + 9, 1))
        end, _ = self._sub_blocks(start, keep=False)
        self.findings.add("media data", end - at, Action.REBUILT)
        return end

    def _extension(self, at: int) -> int:
        label = self.window.big(at + 1, 1)
        end, data = self._sub_blocks(at + 2, keep=label != 0xF9)
        self.findings.add(_EXTENSIONS.get(label, "extension of an unknown kind"), end - at)
        self.findings.words_in(data)
        return end

    def _sub_blocks(self, at: int, *, keep: bool) -> tuple[int, bytes]:
        """Where they end (beyond the file's end if they are cut short), and what is in them."""
        data = bytearray()
        while at < self.window.size_bytes and self._blocks < _MOST_BLOCKS:
            self._blocks += 1
            size = self.window.big(at, 1)
            if not size:
                return at + 1, bytes(data)
            if keep:
                data += self.window.read(at + 1, size)
            at += 1 + size
        return max(at, self.window.size_bytes) + 1, bytes(data)


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def walk_gif(source: ByteSource, limits: Limits) -> Structure:
    """Comments and application data; pictures are stepped over. Raises VideoTooLargeError."""
    walk = _Walk(source, limits)
    walk.walk()
    return walk.findings.result()
