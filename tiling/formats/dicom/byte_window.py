"""Small reads out of a byte source, served from one larger piece at a time."""

from ground.source import ByteSource
from tiling.errors import CorruptSlideError

_WINDOW_BYTES = 1 << 18


class ByteWindow:
    """Reads that mostly go forward. Not thread-safe: one for each walk through a file."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._start = 0
        self._data = b""

    @property
    def size_bytes(self) -> int:
        return self._source.size_bytes

    def read(self, offset: int, length: int) -> bytes:
        """Exactly these bytes. Raises CorruptSlideError where the file ends before."""
        begin = offset - self._start
        if begin >= 0 and begin + length <= len(self._data):
            return self._data[begin : begin + length]
        if offset < 0 or length < 0 or offset + length > self._source.size_bytes:
            raise CorruptSlideError("a DICOM file ends before its content does; it may be cut short")
        if length > _WINDOW_BYTES:
            return self._exactly(offset, length)
        self._start = offset
        self._data = self._exactly(offset, min(_WINDOW_BYTES, self._source.size_bytes - offset))
        return self._data[:length]

    def _exactly(self, offset: int, length: int) -> bytes:
        data = self._source.read_at(offset, length)
        if len(data) != length:
            raise CorruptSlideError("the file ended while it was being read")
        return data
