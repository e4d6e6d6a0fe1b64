"""Entropy-coded bytes without their stuffing, and how places in both correspond (T.81, B.1.1.5)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiling.jpeg.lockstep import PADDING_BYTES

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Unstuffed:
    """data: without stuffing, followed by padding to whole words. size: without the padding.

    stuffing, markers: where in the stuffed bytes a zero was dropped, and where 0xFF begins something else.
    """

    data: NDArray[np.uint8]
    size: int
    stuffing: Numbers
    markers: Numbers

    def plain(self, stuffed_offsets: Numbers) -> Numbers:
        """Offsets in `data` of bytes of the stuffed data."""
        return stuffed_offsets - np.searchsorted(self.stuffing, stuffed_offsets)

    def stuffed(self, offsets: Numbers) -> Numbers:
        """Offsets in the stuffed data of bytes of `data`."""
        behind_stuffing = self.stuffing - np.arange(len(self.stuffing))
        return offsets + np.searchsorted(behind_stuffing, offsets, side="right")

    def marker_count(self, starts: Numbers, ends: Numbers) -> Numbers:
        """How many markers begin in each stretch of stuffed bytes, and end in it too."""
        return np.searchsorted(self.markers, ends - 1) - np.searchsorted(self.markers, starts)


def unstuffed(stuffed: bytes) -> Unstuffed:
    octets = np.frombuffer(stuffed, np.uint8)
    prefixes = np.flatnonzero(octets[:-1] == 0xFF)
    is_stuffing = octets[prefixes + 1] == 0
    plain = stuffed.replace(b"\xff\0", b"\xff")
    padded = plain + b"\xff" * (PADDING_BYTES + -len(plain) % 8)
    return Unstuffed(
        np.frombuffer(padded, np.uint8), len(plain), prefixes[is_stuffing] + 1, prefixes[~is_stuffing]
    )
