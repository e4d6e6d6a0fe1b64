"""JPEG 2000 streams as TIFFs hold them, to RGB (ISO 15444-1)."""

from typing import Any

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError, UnsupportedSlideError


def decode(data: bytes, width_px: int, height_px: int, samples: int, *, is_ycbcr: bool) -> NDArray[Any]:
    """(height, width, samples), RGB where there are three.

    Raises CorruptSlideError, UnsupportedSlideError.
    """
    if _stated_size(data) != (width_px, height_px, samples):
        raise CorruptSlideError("a tile's JPEG 2000 stream is not of the tile's size")
    if any(step != 1 for at in range(42, 42 + 3 * samples, 3) for step in data[at + 1 : at + 3]):
        raise UnsupportedSlideError("the slide's JPEG 2000 tiles have chroma samples for several pixels")
    try:
        pixels = np.asarray(imagecodecs.jpeg2k_decode(data))
    except (imagecodecs.Jpeg2kError, ValueError, MemoryError) as error:
        raise CorruptSlideError("a tile's JPEG 2000 stream cannot be decoded") from error
    pixels = pixels.reshape(height_px, width_px, samples)
    if is_ycbcr and samples == 3 and pixels.dtype == np.uint8:
        return cv2.cvtColor(pixels[:, :, [0, 2, 1]], cv2.COLOR_YCrCb2RGB)
    return pixels


def _stated_size(data: bytes) -> tuple[int, int, int] | None:
    """Width, height and component count that a raw codestream's SIZ marker states (ISO 15444-1, A.5.1).

    Three bytes for each component follow from byte 42: depth, and pixels per sample across and down.
    """
    if data[:4] != b"\xff\x4f\xff\x51" or len(data) < 45:
        return None
    right, lower, left, upper = (int.from_bytes(data[at : at + 4], "big") for at in (8, 12, 16, 20))
    return right - left, lower - upper, int.from_bytes(data[40:42], "big")
