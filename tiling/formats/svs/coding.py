"""Tiles that are not JPEG: what Aperio also writes, decoded within bounds.

33003 and 33005 are Aperio's numbers for JPEG 2000 with YCbCr and with RGB samples; LZW, Deflate and raw
tiles occur in exports.
"""

import cv2
import imagecodecs
import numpy as np

from tiling.errors import CorruptSlideError, UnsupportedSlideError
from tiling.model import Pixels
from tiling.tiff.images import TiffImage
from tiling.tiff.tags import Compression, Photometric

_JPEG2000 = (Compression.APERIO_JPEG2000_YCBCR, Compression.APERIO_JPEG2000_RGB, Compression.JPEG2000)
_LOSSLESS = (Compression.NONE, Compression.LZW, Compression.DEFLATE)


class TileDecoder:
    """Decodes level-0 tiles of one slide to (side, side, 3) uint8 RGB. Thread-safe."""

    def __init__(self, image: TiffImage) -> None:
        if image.compression not in (*_JPEG2000, *_LOSSLESS):
            raise UnsupportedSlideError("the slide's tiles use a compression that is not supported")
        if image.compression in _LOSSLESS and image.photometric != Photometric.RGB:
            raise UnsupportedSlideError("the slide's uncompressed tiles are not RGB")
        if image.predictor not in (1, 2):
            raise UnsupportedSlideError("the slide's tiles use a predictor that is not supported")
        self._image = image
        self._shape = (image.tile_height_px, image.tile_width_px, 3)

    def __call__(self, data: bytes) -> Pixels:
        if self._image.compression in _JPEG2000:
            return self._decode_jpeg2000(data)
        return self._decode_lossless(data)

    def _decode_lossless(self, data: bytes) -> Pixels:
        expected_bytes = int(np.prod(self._shape))
        try:
            unpacked: bytes | bytearray = data
            if self._image.compression == Compression.LZW:
                unpacked = imagecodecs.lzw_decode(data, out=expected_bytes)
            elif self._image.compression == Compression.DEFLATE:
                unpacked = imagecodecs.zlib_decode(data, out=expected_bytes)
        except (imagecodecs.LzwError, imagecodecs.ZlibError, ValueError) as error:
            raise CorruptSlideError("a tile of the slide cannot be unpacked") from error
        if len(unpacked) != expected_bytes:
            raise CorruptSlideError("a tile of the slide is not of the tile's size")
        pixels = np.frombuffer(unpacked, np.uint8).reshape(self._shape)
        if self._image.predictor == 2:
            pixels = np.cumsum(pixels, axis=1, dtype=np.uint8)
        return pixels

    def _decode_jpeg2000(self, data: bytes) -> Pixels:
        if _jpeg2000_size(data) != (self._shape[1], self._shape[0], 3):
            raise CorruptSlideError("a tile's JPEG 2000 stream is not of the tile's size")
        if any(step != 1 for at in (42, 45, 48) for step in data[at + 1 : at + 3]):
            raise UnsupportedSlideError("the slide's JPEG 2000 tiles have chroma samples for several pixels")
        try:
            pixels = imagecodecs.jpeg2k_decode(data)
        except (imagecodecs.Jpeg2kError, ValueError, MemoryError) as error:
            raise CorruptSlideError("a tile's JPEG 2000 stream cannot be decoded") from error
        if pixels.shape != self._shape or pixels.dtype != np.uint8:
            raise UnsupportedSlideError("the slide's JPEG 2000 tiles are not of three 8-bit samples")
        if self._image.compression == Compression.APERIO_JPEG2000_YCBCR:
            return cv2.cvtColor(pixels[:, :, [0, 2, 1]], cv2.COLOR_YCrCb2RGB).astype(np.uint8, copy=False)
        return np.asarray(pixels, np.uint8)


def _jpeg2000_size(data: bytes) -> tuple[int, int, int] | None:
    """Width, height and component count that a raw codestream's SIZ marker states (ISO 15444-1, A.5.1).

    Three bytes for each component follow from byte 42: depth, and pixels per sample across and down.
    """
    if data[:4] != b"\xff\x4f\xff\x51" or len(data) < 51:
        return None
    right, lower, left, upper = (int.from_bytes(data[at : at + 4], "big") for at in (8, 12, 16, 20))
    return right - left, lower - upper, int.from_bytes(data[40:42], "big")
