"""A text finder for tests that takes every bright, narrow thing for text; and clips with words in them."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox, TextFinderError
from video.model import PictureFormat, Plane, Sampling

BRIGHT = 200


class InkFinder:
    """count: how many pictures it was shown. blind_after: it finds nothing from that picture on."""

    name = "ink 1.0"

    def __init__(self, blind_after: int | None = None, fails_after: int | None = None) -> None:
        self.count = 0
        self._blind_after = blind_after
        self._fails_after = fails_after

    def find(self, rgb: NDArray[np.uint8], *, highest_px: float | None = None) -> tuple[TextBox, ...]:
        self.count += 1
        if self._fails_after is not None and self.count > self._fails_after:
            raise TextFinderError("The test wants it so.")
        if self._blind_after is not None and self.count > self._blind_after:
            return ()
        ink = (rgb.min(axis=2) >= BRIGHT).astype(np.uint8)
        near = cv2.dilate(ink, np.ones((5, 9), np.uint8))
        count, _, stats, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
        return tuple(
            TextBox(int(x), int(y), int(x + width), int(y + height), 0.9)
            for x, y, width, height, _ in stats[1:count]
        )


def tissue(form: PictureFormat, number: int) -> tuple[Plane, ...]:
    """Dim and smooth, and never twice the same."""
    rows, columns = np.mgrid[: form.height_px, : form.width_px]
    luma = 70 + 25 * np.sin((rows + 3 * number) / 17) + 25 * np.cos((columns - 5 * number) / 23)
    planes = [luma.astype(np.uint8)]
    if form.sampling is not Sampling.GRAY:
        step = 2 if form.sampling is Sampling.YUV420 else 1
        grey = np.full((form.height_px // step, form.width_px // step), 128, np.uint8)
        planes += [grey, grey]
    return tuple(planes)


def speckle(form: PictureFormat, number: int) -> tuple[Plane, ...]:
    """The same with an echo's grain."""
    luma, *chroma = tissue(form, number)
    grain = np.random.default_rng(number).normal(0, 14, luma.shape)
    return (np.clip(luma + grain, 0, 255).astype(np.uint8), *chroma)


def written(
    word: str, x: int, y: int, frames: range | None = None
) -> Callable[[PictureFormat, int], tuple[Plane, ...]]:
    """Tissue with a white word whose baseline begins at (x, y); in some frames, or in all of them."""

    def draw(form: PictureFormat, number: int) -> tuple[Plane, ...]:
        planes = tissue(form, number)
        if frames is None or number in frames:
            cv2.putText(planes[0], word, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 235, 1)
        return planes

    return draw
