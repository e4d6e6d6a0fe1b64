"""A level without restart markers: one scan from its first unit to its last."""

import threading
from collections.abc import Sequence

from tiling.formats.ndpi.directories import NdpiFile
from tiling.formats.ndpi.images import NdpiImage
from tiling.jpeg.grid import McuGrid, Segments
from tiling.jpeg.lockstep import Block
from tiling.jpeg.resync import ScanIndex


class UnmarkedScan:
    """Segments between places at which the decoding can be taken up. Thread-safe."""

    def __init__(
        self, file: NdpiFile, image: NdpiImage, image_data: int, blocks: Sequence[Block], grid: McuGrid
    ) -> None:
        def read(offset: int, length: int) -> bytes:
            return file.bytes_at(image.strip_offset + offset, length)

        self._index = ScanIndex(blocks, grid, read, image_data, image.strip_bytes)
        self._lock = threading.Lock()

    def segments(self, first_mcu: int, end_mcu: int) -> Segments:
        """The parts that hold these MCUs. Raises MalformedJpegError."""
        with self._lock:
            return self._index.segments(first_mcu, end_mcu)
