"""Small pictures of evenly spaced frames, kept while nobody knows how many frames will come."""

from collections.abc import Iterator

from video.canonical.layout import MOST_THUMBNAILS


class ThumbnailTray:
    """Holds the JPEGs of frames 0, step, 2·step …; when there are too many, every second one goes.

    So there are always between half of `most` and `most`, once enough frames have come. Not thread-safe.
    """

    def __init__(self, most: int = MOST_THUMBNAILS) -> None:
        self._most = most
        self._jpegs: dict[int, bytes] = {}
        self.step = 1

    def put(self, number: int, jpeg: bytes) -> None:
        """A frame whose number the step no longer divides is passed over."""
        if number % self.step:
            return
        self._jpegs[number] = jpeg
        if len(self._jpegs) > self._most:
            self.step *= 2
            self._jpegs = {number: jpeg for number, jpeg in self._jpegs.items() if number % self.step == 0}

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        return iter(sorted(self._jpegs.items()))

    def __len__(self) -> int:
        return len(self._jpegs)
