"""Our own baseline JPEG encoder for the reduced levels: even steps, sparing, tables made for the slide.

libjpeg's would need 12–16 % more bytes for the same picture, and its streams differ between its versions.
"""

import numpy as np
from numpy.typing import NDArray

from tiling.canonical.entropy import Frequencies, Symbols, Tables
from tiling.canonical.quantise import Quantisation, bit_costs, quantise
from tiling.canonical.transform import COEFFICIENTS, coefficients
from tiling.model import Pixels

_END = b"\xff\xd9"


class Coder:
    """Quantisation and Huffman tables. Immutable, thread-safe."""

    def __init__(self, quantisation: Quantisation, frequencies: Frequencies) -> None:
        self.quantisation = quantisation
        self._compact = Tables.for_frequencies(frequencies, is_complete=False)
        # For the rare tile with something that was in no sample.
        self._complete = Tables.for_frequencies(frequencies, is_complete=True)
        self._costs = bit_costs(self._complete.ac_lengths)

    def encode(self, pixels: Pixels) -> bytes:
        """A complete JPEG: YCbCr, 4:4:4, without metadata. pixels: (height, width, 3) uint8, RGB."""
        symbols = self.symbols(coefficients(pixels))
        height, width = pixels.shape[:2]
        tables = self._compact
        scan = symbols.scan(tables)
        if scan is None:
            tables = self._complete
            scan = symbols.scan(tables)
            assert scan is not None  # noqa: S101 - these tables have every symbol
        return self._header(tables, width, height) + scan + _END

    def symbols(self, found: NDArray[np.float32]) -> Symbols:
        """What this coder says of a picture, given as `transform.coefficients`."""
        return Symbols.of(quantise(found, self.quantisation, self._costs))

    def scan_bytes(self, frequencies: Frequencies) -> int:
        """What scans of such symbols take together, nearly."""
        return self._complete.bits(frequencies) >> 3

    @property
    def overhead_bytes(self) -> int:
        """What a tile takes besides its scan."""
        return len(self._header(self._compact, 1, 1)) + len(_END)

    def _header(self, tables: Tables, width_px: int, height_px: int) -> bytes:
        steps = bytes((self.quantisation.dc_step, *[self.quantisation.step] * (COEFFICIENTS - 1)))
        size = height_px.to_bytes(2, "big") + width_px.to_bytes(2, "big")
        return (
            b"\xff\xd8"
            + (b"\xff\xdb\x00\x43\x00" + steps)
            + (b"\xff\xc0\x00\x11\x08" + size + b"\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00")
            + tables.segment
            + b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00"
        )


def _prior() -> Frequencies:
    """A start for the training: long runs and large values are rare."""
    run, size = np.arange(256) >> 4, np.arange(256) & 15
    ac = np.rint(2.0 ** (30 - 0.5 * run - 1.7 * size)).astype(np.int64)
    return Frequencies(np.stack([ac, ac]), np.stack([ac, ac]))


def untrained(quantisation: Quantisation) -> Coder:
    return Coder(quantisation, _prior())
