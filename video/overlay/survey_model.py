"""What one pass over a clip remembers of it: enough to find what was written over the picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from video.model import PictureFormat


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of frames, first_frame and last_frame included, seen at once.

    minimum, maximum, median : (h, w, 3) uint8 RGB, of each sample over time; the median of at most 25 frames
        that are spread evenly.
    change : (h, w) uint8, by how much luma changes over time, coding noise taken off; 0 for a single frame.
    samples : at most five frames as they are, with their numbers.
    median_of : numbers of the median's frames.
    """

    first_frame: int
    last_frame: int
    minimum: NDArray[np.uint8]
    maximum: NDArray[np.uint8]
    median: NDArray[np.uint8]
    change: NDArray[np.uint8]
    samples: tuple[tuple[int, NDArray[np.uint8]], ...]
    median_of: tuple[int, ...] = ()

    @property
    def made_of(self) -> "MadeOf":
        samples = tuple(number for number, _ in self.samples)
        return MadeOf(self.first_frame, self.last_frame, self.median_of, samples)


@dataclass(frozen=True, slots=True)
class MadeOf:
    """Which frames a window's pictures are of, to make the same ones of another version of the clip."""

    first_frame: int
    last_frame: int
    median_of: tuple[int, ...]
    samples: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """All windows of a clip, in order and without a gap. frame_count: frames that could be had."""

    picture: PictureFormat
    frame_count: int
    windows: tuple[Window, ...]
