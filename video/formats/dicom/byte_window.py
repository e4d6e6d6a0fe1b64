"""Small reads out of a byte source, served from one larger piece at a time."""

from ground.source import ByteSource
from video.errors import CorruptVideoError

_WINDOW_BYTES = 1 << 16


class ByteWindow:
    """Reads that mostly go forward. Not thread-safe: one for each walk through a file."""

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self.size_bytes = source.size_bytes
        self._start = 0
        self._data = b""

    def read(self, offset: int, length: int) -> bytes:
        """Exactly these bytes. Raises CorruptVideoError where the file ends before."""
        begin = offset - self._start
        if begin >= 0 and begin + length <= len(self._data):
            return self._data[begin : begin + length]
        if offset < 0 or length < 0 or offset + length > self.size_bytes:
            raise CorruptVideoError("the DICOM file ends before its content does; it may be cut short")
        data = self.source.read_at(offset, min(max(length, _WINDOW_BYTES), self.size_bytes - offset))
        if length <= _WINDOW_BYTES:
            self._start, self._data = offset, data
        if len(data) < length:
            raise CorruptVideoError("the file ended while it was being read")
        return data[:length]


class BytesSource:
    """Bytes in memory as a byte source: what a deflated data set becomes."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)

    @property
    def size_bytes(self) -> int:
        return len(self._data)

    def read_at(self, offset: int, length: int) -> bytes:
        return bytes(self._data[offset : offset + length])
