"""Pixels to a picture's file."""

from enum import StrEnum

import cv2
import numpy as np
import simplejpeg

from tiling.errors import TilingError
from tiling.model import Pixels

# Tissue becomes as large as at zlib's fastest level, in a third of the time: it repeats in runs at most.
_PNG_OPTIONS = (
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP),
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
)


class Picture(StrEnum):
    """A kind of file; the text is its media type."""

    JPEG = "image/jpeg"
    PNG = "image/png"


def encode(pixels: Pixels, kind: Picture, quality: int) -> bytes:
    """(height, width, 3) RGB, or (height, width) grey, uint8, as a file. quality: 1…100, of a JPEG alone.

    JPEGs keep the full resolution of colour (4:4:4): stains are told apart by it.
    """
    if kind is Picture.PNG:
        return _encode_png(pixels)
    colours = ("RGB", "444") if pixels.ndim == 3 else ("GRAY", "Gray")
    image = np.ascontiguousarray(pixels if pixels.ndim == 3 else pixels[..., None])
    return bytes(simplejpeg.encode_jpeg(image, quality, *colours))


def _encode_png(pixels: Pixels) -> bytes:
    ordered = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    done, data = cv2.imencode(".png", np.ascontiguousarray(ordered), _PNG_OPTIONS)
    if not done:
        raise TilingError("the picture could not be written as PNG")
    return data.tobytes()
