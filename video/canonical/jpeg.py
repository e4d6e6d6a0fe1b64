"""Planes to a JPEG without going through RGB.

JFIF means BT.601 in full range. Other ranges are a table for each plane. Other matrices differ by a mixture:
blue and red differences of one kind are mixtures of those of the other at their own resolution, and luma
gains a little of both, brought to its resolution as decoders of JPEG bring chroma there.
"""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from video.model import Matrix, PictureFormat, Plane, Sampling

# Weights of red and blue in luma (ITU-T H.273, table 4).
_LUMA_WEIGHTS = {
    Matrix.BT601: (0.299, 0.114),
    Matrix.BT709: (0.2126, 0.0722),
    Matrix.BT2020: (0.2627, 0.0593),
}
_ZERO = 128


def encode_jpeg(
    planes: tuple[Plane, ...], picture: PictureFormat, quality: int, height_px: int | None = None
) -> bytes:
    """A JFIF stream: 4:2:0 or 4:4:4 as the planes are, or grey. height_px: scaled down to it, never up."""
    if height_px is not None and height_px < picture.height_px:
        planes = shrink(planes, picture, height_px)
    converted = [np.ascontiguousarray(plane) for plane in to_jfif(planes, picture)]
    blue, red = converted[1:] if len(converted) > 1 else (None, None)
    data: bytes = simplejpeg.encode_jpeg_yuv_planes(converted[0], blue, red, quality, fastdct=False)
    return data


def shrink(planes: tuple[Plane, ...], picture: PictureFormat, height_px: int) -> tuple[Plane, ...]:
    """Area averages; 4:2:0 comes to even sides."""
    width_px = max(1, round(picture.width_px * height_px / picture.height_px))
    sides = [(width_px, height_px)] * len(planes)
    if picture.sampling is Sampling.YUV420:
        width_px, height_px = max(2, width_px & ~1), max(2, height_px & ~1)
        sides = [(width_px, height_px)] + [(width_px // 2, height_px // 2)] * 2
    return tuple(
        cv2.resize(plane, side, interpolation=cv2.INTER_AREA).reshape(side[::-1]).astype(np.uint8, copy=False)
        for plane, side in zip(planes, sides, strict=True)
    )


def to_jfif(planes: tuple[Plane, ...], picture: PictureFormat) -> tuple[Plane, ...]:
    """The same colours in BT.601 and full range."""
    if picture.matrix is not Matrix.BT601 and len(planes) > 1:
        return _mixed(planes, picture)
    if picture.is_full_range:
        return planes
    luma, chroma = range_tables()
    return tuple(_looked_up(plane, chroma if number else luma) for number, plane in enumerate(planes))


@lru_cache(maxsize=1)
def range_tables() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """From 16–235 and 16–240 to 0–255, luma and chroma (H.273, 8.3)."""
    values = np.arange(256.0)
    luma, chroma = (values - 16) * 255 / 219, (values - _ZERO) * 255 / 224 + _ZERO
    return _bytes(luma), _bytes(chroma)


def _bytes(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


@lru_cache(maxsize=8)
def mixture(matrix: Matrix, *, is_full_range: bool) -> NDArray[np.float64]:
    """Rows: what luma gains, and the new differences; columns: the source's differences, and a constant."""
    red, blue = _LUMA_WEIGHTS[matrix]
    green = 1 - red - blue
    # Of differences of ±0.5 each: red, green and blue, less luma.
    rgb = np.array(
        [
            [0, 2 * (1 - red)],
            [-2 * blue * (1 - blue) / green, -2 * red * (1 - red) / green],
            [2 * (1 - blue), 0],
        ]
    )
    to_red, to_blue = _LUMA_WEIGHTS[Matrix.BT601]
    gain = np.array([to_red, 1 - to_red - to_blue, to_blue]) @ rgb
    rows = np.stack([gain, (rgb[2] - gain) / (2 * (1 - to_blue)), (rgb[0] - gain) / (2 * (1 - to_red))])
    rows *= 1 if is_full_range else 255 / 224
    return np.column_stack([rows, _ZERO - rows.sum(axis=1) * _ZERO])


def _mixed(planes: tuple[Plane, ...], picture: PictureFormat) -> tuple[Plane, ...]:
    luma = planes[0]
    if not picture.is_full_range:
        luma = _looked_up(luma, range_tables()[0])
    differences = cv2.merge([np.ascontiguousarray(plane) for plane in planes[1:]])
    mixed = cv2.transform(differences, mixture(picture.matrix, is_full_range=picture.is_full_range))
    gain, blue, red = cv2.split(mixed)
    height, width = luma.shape
    if gain.shape != luma.shape:
        gain = cv2.resize(gain, (width, height), interpolation=cv2.INTER_LINEAR)
    # Luma plus gain less 128, held between 0 and 255 once, at the end.
    brightened = cv2.addWeighted(luma, 1.0, gain.reshape(luma.shape), 1.0, -float(_ZERO))
    return _plane(brightened, luma), _plane(blue, planes[1]), _plane(red, planes[2])


def _looked_up(plane: Plane, table: NDArray[np.uint8]) -> Plane:
    return _plane(cv2.LUT(np.ascontiguousarray(plane), table), plane)


def _plane(result: NDArray[Any], like: Plane) -> Plane:
    """OpenCV's arrays have no fixed shape and type in the eyes of a type checker."""
    return result.reshape(like.shape).astype(np.uint8, copy=False)
