"""The least and the greatest value that each sample takes over time."""

from collections.abc import Sequence
from copy import copy

import cv2
import numpy as np

from video.model import Plane
from video.scrub.pictures import Painter, Rgb


class Extremes:
    """Of the frames that were added, one at least. One thread at a time.

    darkest, brightest: sketches, see `Painter`. low, high: of luma. count: of frames.
    """

    darkest: Rgb
    brightest: Rgb
    low: Plane
    high: Plane

    def __init__(self, painter: Painter) -> None:
        self._painter = painter
        self.count = 0

    def add(self, planes: Sequence[Plane]) -> None:
        sketch, luma = self._painter.sketch(planes), planes[0]
        if self.count:
            cv2.min(self.darkest, sketch, self.darkest)
            cv2.max(self.brightest, sketch, self.brightest)
            cv2.min(self.low, luma, self.low)
            cv2.max(self.high, luma, self.high)
        else:
            self.darkest, self.brightest = sketch.copy(), sketch.copy()
            self.low, self.high = np.array(luma), np.array(luma)
        self.count += 1

    def joined(self, other: "Extremes") -> "Extremes":
        """Of the frames of both."""
        both = copy(self)
        both.darkest = np.minimum(self.darkest, other.darkest)
        both.brightest = np.maximum(self.brightest, other.brightest)
        both.low = np.minimum(self.low, other.low)
        both.high = np.maximum(self.high, other.high)
        both.count += other.count
        return both

    @property
    def range(self) -> Plane:
        """Of luma: by how much it changes over time."""
        return self.high - self.low
