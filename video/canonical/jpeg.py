"""Planes to a JPEG without going through RGB.

JFIF means BT.601 in full range. Another range is a scale and a shift of each plane. Another matrix is a
mixture: blue and red differences of one kind are mixtures of those of the other at their own resolution, and
luma gains a little of both, brought to its resolution as decoders of JPEG bring chroma there.
"""

from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from video.canonical.colours import mixture, range_scales
from video.model import Matrix, PictureFormat, Plane, Sampling

_ZERO = 128


class JpegEncoder:
    """Encodes frames of one format. One thread at a time.

    It keeps its memory: a fresh megabyte comes from the kernel page by page, which costs more than the sums.
    """

    def __init__(self, picture: PictureFormat) -> None:
        self._picture = picture
        self._kept: dict[str, Plane] = {}

    def encode(self, planes: tuple[Plane, ...], quality: int, height_px: int | None = None) -> bytes:
        """A JFIF stream: 4:2:0 or 4:4:4 as the planes are, or grey.

        height_px: scaled down to it by area averages, the width in proportion; never up.
        """
        if height_px is not None and height_px < self._picture.height_px:
            planes = shrink(planes, self._picture, height_px)
        luma, *chroma = (np.ascontiguousarray(plane) for plane in self.to_jfif(planes))
        blue, red = chroma or (None, None)
        data: bytes = simplejpeg.encode_jpeg_yuv_planes(luma, blue, red, quality)
        return data

    def to_jfif(self, planes: tuple[Plane, ...]) -> tuple[Plane, ...]:
        """The same colours in BT.601 and full range, rounded once a sample.

        The result is valid until the next call. Of the given planes those that are right already are in it.
        """
        picture = self._picture
        is_mixed = picture.matrix is not Matrix.BT601 and len(planes) > 1
        if picture.is_full_range and not is_mixed:
            return planes
        luma_scale, chroma_scale = range_scales(is_full_range=picture.is_full_range)
        luma_shift = 0.0 if picture.is_full_range else -16 * luma_scale
        luma, chroma = planes[0], planes[1:]
        if not is_mixed:
            # The sum of a plane with nothing of itself: half the time of a table.
            centred = _ZERO * (1 - chroma_scale)
            return (
                self._sum("luma", luma, luma_scale, luma, 0.0, luma_shift),
                *(
                    self._sum(name, plane, chroma_scale, plane, 0.0, centred)
                    for name, plane in zip(("blue", "red"), chroma, strict=False)
                ),
            )
        blue, red = chroma
        # The gain is stored around 128.
        gain, new_blue, new_red = (
            self._sum(name, blue, of_blue, red, of_red, _ZERO * (1 - of_blue - of_red))
            for name, (of_blue, of_red) in zip(
                ("gain", "blue", "red"), (mixture(picture.matrix) * chroma_scale).tolist(), strict=True
            )
        )
        if gain.shape != luma.shape:
            target = self._room("large gain", luma.shape)
            gain = _plane(cv2.resize(gain, luma.shape[::-1], target, interpolation=cv2.INTER_LINEAR), luma)
        return self._sum("luma", luma, luma_scale, gain, 1.0, luma_shift - _ZERO), new_blue, new_red

    def _sum(
        self, name: str, one: Plane, of_one: float, other: Plane, of_other: float, shift: float
    ) -> Plane:
        """Rounded, and held between 0 and 255."""
        target = self._room(name, one.shape)
        return _plane(cv2.addWeighted(one, of_one, other, of_other, shift, target), one)

    def _room(self, name: str, shape: tuple[int, ...]) -> Plane:
        kept = self._kept.get(name)
        if kept is None or kept.shape != shape:
            kept = self._kept[name] = np.empty(shape, np.uint8)
        return kept


def shrink(planes: tuple[Plane, ...], picture: PictureFormat, height_px: int) -> tuple[Plane, ...]:
    """Area averages; halved chroma asks for even sides."""
    sides = [shrunk_size(picture, height_px)] * len(planes)
    if picture.sampling is Sampling.YUV420:
        width_px, height_px = sides[0]
        sides[1:] = [(width_px // 2, height_px // 2)] * 2
    return tuple(
        cv2.resize(plane, side, interpolation=cv2.INTER_AREA).reshape(side[::-1]).astype(np.uint8, copy=False)
        for plane, side in zip(planes, sides, strict=True)
    )


def shrunk_size(picture: PictureFormat, height_px: int) -> tuple[int, int]:
    """(width, height) in px of a frame that is scaled to a height."""
    width_px = max(1, round(picture.width_px * height_px / picture.height_px))
    if picture.sampling is not Sampling.YUV420:
        return width_px, height_px
    return max(2, width_px & ~1), max(2, height_px & ~1)


def _plane(result: NDArray[Any], like: Plane) -> Plane:
    """OpenCV's arrays have no fixed shape and type in the eyes of a type checker."""
    return result.reshape(like.shape).astype(np.uint8, copy=False)
