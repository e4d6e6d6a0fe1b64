"""Coded tiles to pixels and back: the one border where codec libraries are called, and their errors end.

Pixels are (height, width, 3) uint8, RGB, everywhere.
"""

import cv2
import numpy as np
import simplejpeg

from tiling.errors import CorruptSlideError
from tiling.model import Pixels


def decode_jpeg(data: bytes, width_px: int, height_px: int) -> Pixels:
    """Decode a complete JPEG of known size. Raises CorruptSlideError where any of it is damaged."""
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
        if (width, height) != (width_px, height_px):
            raise CorruptSlideError("a tile's JPEG is not of the tile's size")
        pixels: Pixels = simplejpeg.decode_jpeg(data, colorspace="RGB")
    except (ValueError, MemoryError) as error:  # simplejpeg knows no type of its own
        raise CorruptSlideError("a tile's JPEG cannot be decoded") from error
    return pixels


def encode_jpeg(pixels: Pixels, quality: int) -> bytes:
    """Encode as YCbCr JPEG without chroma subsampling."""
    data: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), quality, "RGB", "444")
    return data


def pad_to(pixels: Pixels, height_px: int, width_px: int) -> Pixels:
    """Repeat the last row and column until the tile is full: no hard edge for the encoder to ring at."""
    height, width = pixels.shape[:2]
    if (height, width) == (height_px, width_px):
        return pixels
    return cv2.copyMakeBorder(
        pixels, 0, height_px - height, 0, width_px - width, cv2.BORDER_REPLICATE
    ).astype(np.uint8, copy=False)
