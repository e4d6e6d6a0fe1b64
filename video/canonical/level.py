"""Which level a stream belongs to (ITU-T H.264, table A-1).

libx264 looks at sizes and rates of frames, not at their bytes, of which frames that all stand by themselves
have many; a decoder in hardware may believe a level that is too low.
"""

import numpy as np
from numpy.typing import NDArray

# Levels as their number times ten, and their most kilobits a second before the profile's factor.
_KILOBITS = {
    10: 64, 11: 192, 12: 384, 13: 768, 20: 2_000, 21: 4_000, 30: 10_000, 31: 14_000, 32: 20_000,
    41: 50_000, 50: 135_000, 51: 240_000, 61: 480_000, 62: 800_000,
}  # fmt: skip
_FACTOR_HIGH, _FACTOR_444 = 1.25, 4.0  # table A-2, of 1,000 bits a second


def least_level(sizes: NDArray[np.uint32], frame_rate: float, *, is_444: bool) -> int:
    """The level, times ten, whose bit rate no second of the stream exceeds; the highest where each is."""
    frames = max(1, min(len(sizes), round(frame_rate)))
    ends = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
    most_bytes = int((ends[frames:] - ends[:-frames]).max()) * frame_rate / frames
    factor = _FACTOR_444 if is_444 else _FACTOR_HIGH
    needed_kilobits = most_bytes * 8 / 1_000
    return next(
        (level for level, most in _KILOBITS.items() if most * factor >= needed_kilobits), max(_KILOBITS)
    )
