"""Planes to red, green and blue, for whoever looks at pictures rather than stores them."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from video.canonical.colours import rgb_gains
from video.canonical.jpeg import JpegEncoder
from video.model import Matrix, PictureFormat, Plane, Sampling

Rgb = NDArray[np.uint8]
"""(h, w, 3)."""


class Painter:
    """Paints frames of one format. One thread at a time; it keeps its memory."""

    def __init__(self, picture: PictureFormat) -> None:
        self._picture = picture
        self._jfif = JpegEncoder(picture)
        self._is_quick = picture.sampling is Sampling.YUV420 and not picture.is_full_range
        height, width = picture.height_px, picture.width_px
        self._packed = np.empty((height * 3 // 2, width) if self._is_quick else (0, 0), np.uint8)
        self._target = np.empty((height, width, 3), np.uint8)

    def paint(self, planes: Sequence[Plane]) -> Rgb:
        """A new picture, rounded once or twice a sample."""
        luma, *chroma = self._jfif.to_jfif(tuple(planes))
        if not chroma:
            return np.repeat(luma[..., None], 3, axis=2)
        blue, red = (
            plane
            if plane.shape == luma.shape
            else cv2.resize(plane, luma.shape[::-1], interpolation=cv2.INTER_LINEAR)
            for plane in chroma
        )
        return _rgb(cv2.cvtColor(cv2.merge((luma, red, blue)), cv2.COLOR_YCrCb2RGB))

    def sketch(self, planes: Sequence[Plane]) -> Rgb:
        """Quicker: valid until the next call, and in the colours of BT.601 whatever the matrix: `corrected`
        makes up for that."""
        if not self._is_quick:
            return self.paint(planes)
        place = 0
        flat = self._packed.reshape(-1)
        for plane in planes:
            flat[place : place + plane.size].reshape(plane.shape)[:] = plane
            place += plane.size
        return _rgb(cv2.cvtColor(self._packed, cv2.COLOR_YUV2RGB_I420, self._target))

    def corrected(self, sketch: Rgb) -> Rgb:
        """A sketch in the right colours, but for those beyond what can be shown."""
        if not self._is_quick or self._picture.matrix is Matrix.BT601:
            return sketch
        meant, used = (
            np.column_stack([np.ones(3), rgb_gains(matrix)])
            for matrix in (self._picture.matrix, Matrix.BT601)
        )
        return _rgb(cv2.transform(sketch, meant @ np.linalg.inv(used)))


def median(pictures: Sequence[Plane]) -> Plane:
    """Of each sample; the lower one in the middle of an even number. By a network of comparisons (Batcher's
    odd-even merge sort) of whole pictures, which is far quicker than sorting every sample."""
    count = len(pictures)
    if count == 1:
        return pictures[0]
    rows = max(1, 2**17 // pictures[0].shape[1])  # so that all bands together stay in the processor's cache
    result = np.empty(pictures[0].shape, np.uint8)
    for top in range(0, len(result), rows):
        bands = [np.array(picture[top : top + rows]) for picture in pictures]
        spare = np.empty_like(bands[0])
        for low, high in _comparators(count):
            cv2.min(bands[low], bands[high], spare)
            cv2.max(bands[low], bands[high], bands[high])
            bands[low], spare = spare, bands[low]
        result[top : top + rows] = bands[(count - 1) // 2]
    return result


def strongest(rgb: Rgb) -> Plane:
    """Of each pixel's colours; OpenCV takes a tenth of the time that NumPy does."""
    red, green, blue = cv2.split(rgb)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


def weakest(rgb: Rgb) -> Plane:
    red, green, blue = cv2.split(rgb)
    return np.asarray(cv2.min(cv2.min(red, green), blue), np.uint8)


def shrunk(plane: Plane, size: tuple[int, int], step: int) -> Plane:
    """(width, height) of means of step × step samples each; what does not fill one at the right and at the
    bottom is left out."""
    width, height = size
    whole = plane[: height * step, : width * step]
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8).reshape(height, width)


def _comparators(count: int) -> list[tuple[int, int]]:
    """Knuth, The Art of Computer Programming, volume 3, 5.2.2, algorithm M."""
    found = []
    top = 1 << max(0, (count - 1).bit_length() - 1)
    step = top
    while step:
        other, remainder, distance = top, 0, step
        while True:
            found += [(at, at + distance) for at in range(count - distance) if at & step == remainder]
            if other == step:
                break
            distance, other, remainder = other - step, other >> 1, step
        step >>= 1
    return found


def _rgb(result: object) -> Rgb:
    """OpenCV's arrays have no fixed shape and type in the eyes of a type checker."""
    return np.asarray(result, np.uint8)
