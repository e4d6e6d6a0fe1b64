"""Reads that follow each other, bundled: a call to the system for each small tile takes its time."""

from ground.source import ByteSource

_WINDOW_BYTES = 1 << 20
_GAP_BYTES = 64  # writers begin each tile at an even place


class ReadAhead:
    """A byte source that reads on where it is asked for what comes next; otherwise exactly what it is asked.

    Thread-safe, but for one reader at a time: several would take each other's window away.
    """

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._expected = -_GAP_BYTES - 1
        self._window = (0, b"")

    @property
    def size_bytes(self) -> int:
        return self._source.size_bytes

    def read_at(self, offset: int, length: int) -> bytes:
        start, data = self._window
        at = offset - start
        if at >= 0 and at + length <= len(data):
            self._expected = offset + length
            return data[at : at + length]
        follows = 0 <= offset - self._expected <= _GAP_BYTES
        self._expected = offset + length
        if not follows or length >= _WINDOW_BYTES:
            return self._source.read_at(offset, length)
        data = self._source.read_at(offset, _WINDOW_BYTES)
        self._window = (offset, data)
        return data[:length]
