"""Reading a container's structure in small pieces: a window over the source, and what a walk may collect."""

from collections import Counter
from collections.abc import Iterable

from ground.source import ByteSource
from video.errors import VideoTooLargeError
from video.formats.container.layout import Structure
from video.limits import Limits
from video.model import Action, Place

_WINDOW_BYTES = 64 * 1024
_LEAP_BYTES = 1024
_MOST_TEXTS = 40_000
_MOST_TEXT_BYTES = 64 * 2**20
_SHARE_OF_RUNS = 2
_SHORTEST_TEXT = 4


class Window:
    """Bytes anywhere in the source; neighbouring reads come from memory."""

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self.size_bytes = source.size_bytes
        self._start = 0
        self._data = b""

    def read(self, offset: int, length: int) -> bytes:
        """Shorter where the source ends, empty where it is not; whatever offset a header promises."""
        length = min(length, self.size_bytes - offset)
        if offset < 0 or length <= 0:
            return b""
        if length > _WINDOW_BYTES:
            return self.source.read_at(offset, length)
        inside = offset - self._start
        if inside < 0 or inside + length > len(self._data):
            # A walk that leaps from piece to piece needs the head of each, one that strolls all that follows.
            is_near = 0 <= inside <= len(self._data) + _LEAP_BYTES
            size = _WINDOW_BYTES if is_near else max(length, _LEAP_BYTES)
            self._start, self._data = offset, self.source.read_at(offset, size)
            inside = 0
        return self._data[inside : inside + length]

    def big(self, offset: int, length: int) -> int:
        return int.from_bytes(self.read(offset, length), "big")

    def little(self, offset: int, length: int) -> int:
        return int.from_bytes(self.read(offset, length), "little")


class Findings:
    """Places by name, their bytes added up, and texts; both bounded, whatever the file holds.

    A file with more values is refused: a search for some of them would prove nothing of the others. Runs in
    bytes that nobody has explained are listed as far as they leave room for values: an old picture of some
    megabytes reads like ten thousand words.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._places: Counter[tuple[str, Action]] = Counter()
        self._texts: dict[bytes, None] = {}
        self._text_bytes = 0
        self.missing_bytes = 0
        self.is_cropped = False

    def add(self, name: str, byte_count: int, action: Action = Action.DROPPED) -> None:
        self._places[name, action] += max(0, byte_count)

    def text(self, value: bytes) -> None:
        """A text value as it stands; what is too short to be told from chance is left out.

        Raises VideoTooLargeError where there are more than can be looked for.
        """
        value = value.strip(b"\0 \t\r\n")[: self._limits.text_bytes]
        if len(value) < _SHORTEST_TEXT or value in self._texts:
            return
        self._texts[value] = None
        self._text_bytes += len(value)
        if len(self._texts) > _MOST_TEXTS or self._text_bytes > _MOST_TEXT_BYTES:
            raise VideoTooLargeError("the file holds more texts than the result can be searched for")

    def words_in(self, data: bytes) -> None:
        """Every run of readable characters in bytes that nobody has explained, UTF-16 among them."""
        for run in runs(data):
            is_room = len(self._texts) * _SHARE_OF_RUNS < _MOST_TEXTS
            if not is_room or self._text_bytes * _SHARE_OF_RUNS > _MOST_TEXT_BYTES:
                return
            self.text(run)

    def result(self) -> Structure:
        places = tuple(Place(name, action, count) for (name, action), count in self._places.items())
        return Structure(places, tuple(self._texts), self.missing_bytes, self.is_cropped)


# Padding is often 0xFF, which no text in UTF-8 has.
_READABLE = bytes(
    byte if 32 <= byte < 127 or 128 <= byte < 255 or byte in b"\t\n\r" else 0 for byte in range(256)
)
_SHORTEST_RUN = 6
_PLAIN = frozenset(range(32, 127))


def runs(data: bytes) -> Iterable[bytes]:
    """Readable stretches of at least six bytes: mostly plain letters, or any script in UTF-8.

    UTF-16 is read by its letters, where these are plain.
    """
    for stretch in data.translate(_READABLE).split(b"\0"):
        if len(stretch) >= _SHORTEST_RUN and _is_text(stretch):
            yield stretch
    for first in (0, 1):
        letters, others = data[first::2], data[1 - first :: 2]
        if others.count(0) * 2 > len(others) and len(others) >= _SHORTEST_RUN:
            yield from (run for run in letters.translate(_READABLE).split(b"\0") if len(run) >= _SHORTEST_RUN)


def _is_text(stretch: bytes) -> bool:
    if sum(byte in _PLAIN for byte in stretch) * 10 >= len(stretch) * 7:
        return True
    try:
        stretch.decode()
    except UnicodeDecodeError:
        return False
    return True
