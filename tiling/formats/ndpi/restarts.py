"""Where the restart segments of a level begin: as the file says, or as its markers stand.

The table in tags 65426 and 65432 is missing in some files and wrong in others (OpenSlide calls it
unreliable). It is only believed where a restart marker of the right number stands before each start;
otherwise the whole image is searched for markers, once.
"""

import threading

import numpy as np
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError
from tiling.formats.ndpi.directories import NdpiFile
from tiling.formats.ndpi.images import MCU_STARTS, MCU_STARTS_HIGH, NdpiImage
from tiling.geometry import ceil_div
from tiling.jpeg.grid import McuGrid, Segments
from tiling.jpeg.segments import find_entropy_end

Numbers = NDArray[np.int64]

_CHUNK_BYTES = 8 << 20
_MARKER_BYTES = 2


class RestartTable:
    """The segments of one level's strip. Offsets count from the strip's first byte. Thread-safe."""

    def __init__(
        self, file: NdpiFile, image: NdpiImage, image_data: int, interval_mcu: int, grid: McuGrid
    ) -> None:
        """image_data: offset of the first entropy-coded byte. interval_mcu: MCUs from restart to restart."""
        self._file, self._image = file, image
        self._image_data, self._interval_mcu, self._grid = image_data, interval_mcu, grid
        self._count = ceil_div(grid.columns * grid.rows, interval_mcu)
        self._lock = threading.Lock()
        self._stated = self._read_stated()
        self._found: Numbers | None = None

    def segments(self, first_mcu: int, end_mcu: int) -> Segments:
        """The segments that hold these MCUs; one that got lost is empty. Raises CorruptSlideError."""
        first = first_mcu // self._interval_mcu
        count = ceil_div(end_mcu, self._interval_mcu) - first
        data, starts, ends = self._read(first, count)
        return Segments.of_scan(data, starts, ends, self._interval_mcu, self._grid, first)

    def _read(self, first: int, count: int) -> tuple[bytes, Numbers, Numbers]:
        """The bytes of successive segments, and where each starts and ends in them, without its marker."""
        if self._stated is not None and self._found is None:
            data, starts, ends = self._read_at(self._stated, first, count)
            if _are_behind_markers(data, starts, first):
                return data, starts, ends
        return self._read_at(self._search(), first, count)

    def _read_at(self, table: Numbers, first: int, count: int) -> tuple[bytes, Numbers, Numbers]:
        """With the marker before the first segment, if it has one."""
        before = _MARKER_BYTES if first else 0
        begin = int(table[first]) - before
        end = int(table[first + count])
        data = self._file.bytes_at(self._image.strip_offset + begin, end - begin)
        starts = table[first : first + count] - begin
        ends = np.maximum(table[first + 1 : first + count + 1] - begin - _MARKER_BYTES, starts)
        if first + count == self._count:
            # Behind the last segment stands EOI, or nothing, or EOI and bytes to fill up.
            ends[-1] = find_entropy_end(data, int(starts[-1]))
        return data, starts, ends

    def _read_stated(self) -> Numbers | None:
        """The table that the file has, with the strip's end behind it; None where it cannot be right."""
        low = self._file.numbers(self._image.directory, MCU_STARTS)
        if low is None or len(low) != self._count or low.dtype.kind != "u":
            return None
        starts = low.astype(np.int64)
        high = self._file.numbers(self._image.directory, MCU_STARTS_HIGH)
        if high is not None:
            if len(high) != self._count or high.dtype.kind != "u" or int(high.max()) >= 1 << 24:
                return None
            starts = starts + (high.astype(np.int64) << 32)
        table = np.append(starts, self._image.strip_bytes)
        if int(table[0]) != self._image_data or bool((np.diff(table) < _MARKER_BYTES).any()):
            return None
        return table

    def _search(self) -> Numbers:
        with self._lock:
            if self._found is None:
                self._found = self._find_markers()
            return self._found

    def _find_markers(self) -> Numbers:
        """Go by the numbers of the markers, so that a lost one does not shift all that follows."""
        table = np.empty(self._count + 1, np.int64)
        table[0] = self._image_data
        segment, size = 0, self._image.strip_bytes
        table[1:] = size
        offset = self._image_data
        while offset < size:
            chunk = self._file.bytes_at(
                self._image.strip_offset + offset, min(_CHUNK_BYTES + 1, size - offset)
            )
            octets = np.frombuffer(chunk, np.uint8)
            at = np.flatnonzero((octets[:-1] == 0xFF) & (octets[1:] & 0xF8 == 0xD0))
            # Segment n stands behind marker n - 1, counted modulo eight.
            numbers = np.append((segment - 1) % 8, octets[at + 1] & 7).astype(np.int64)
            steps = (np.diff(numbers) - 1) % 8 + 1
            segments = segment + np.cumsum(steps)
            if len(segments):
                if int(segments[-1]) >= self._count:
                    raise CorruptSlideError("the slide's image has more restart markers than it has room for")
                table[segments] = at + offset + _MARKER_BYTES
                segment = int(segments[-1])
            offset += _CHUNK_BYTES
        # A lost segment ends where the next one starts, and starts there too.
        table[1:-1][table[1:-1] == size] = -1
        return _filled_from_behind(table)


def _filled_from_behind(table: Numbers) -> Numbers:
    known = np.where(table < 0, np.iinfo(np.int64).max, table)
    return np.minimum.accumulate(known[::-1])[::-1]


def _are_behind_markers(data: bytes, starts: Numbers, first: int) -> bool:
    octets = np.frombuffer(data, np.uint8)
    skipped = 0 if first else 1
    at = starts[skipped:]
    expected = 0xD0 + (first + skipped - 1 + np.arange(len(at))) % 8
    return bool((octets[at - 2] == 0xFF).all() and (octets[at - 1] == expected).all())
