"""Frames to pixels: each coding of pixel data, decoded and put into the colours that people see."""

from typing import Any

import imagecodecs
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError, UnsupportedSlideError
from tiling.formats.dicom import tags
from tiling.formats.dicom.instances import Instance
from tiling.jpeg import complete_tile, frame_info
from tiling.model import Pixels

Samples = NDArray[Any]

_JPEG = frozenset({tags.JPEG_BASELINE, tags.JPEG_EXTENDED})
_LOSSLESS_JPEG = frozenset({tags.JPEG_LOSSLESS, tags.JPEG_LOSSLESS_FIRST_ORDER})
_JPEG_LS = frozenset({tags.JPEG_LS, tags.JPEG_LS_NEAR})
_JPEG_2000 = frozenset({tags.JPEG_2000, tags.JPEG_2000_LOSSLESS})
_HTJ2K = frozenset({tags.HTJ2K, tags.HTJ2K_LOSSLESS, tags.HTJ2K_RPCL})
_CODEC_ERRORS = (RuntimeError, ValueError, TypeError, IndexError, MemoryError)


class FrameDecoder:
    """Decodes frames of one instance. Thread-safe.

    is_rgb: whether JPEG frames hold RGB. Raises UnsupportedSlideError for codings that are not known.
    """

    def __init__(self, instance: Instance, *, is_rgb: bool) -> None:
        self._size = instance.frame_size
        self._samples = instance.samples
        self._syntax = instance.transfer_syntax
        self._is_rgb = is_rgb
        self._is_planar = instance.is_planar
        self._photometric = instance.photometric
        bits = instance.bits_allocated
        if bits not in (8, 16) or instance.samples not in (1, 3):
            raise UnsupportedSlideError("the slide's samples are of a size or a number that is not supported")
        self.dtype: np.dtype[Any] = np.dtype("u1" if bits == 8 else "<i2" if instance.is_signed else "<u2")
        known = {*tags.NATIVE, *_JPEG, *_LOSSLESS_JPEG, *_JPEG_LS, *_JPEG_2000, *_HTJ2K, tags.RLE}
        if instance.transfer_syntax not in known:
            raise UnsupportedSlideError("the DICOM slide is compressed in a way that is not supported")

    @property
    def frame_bytes(self) -> int:
        """Of a decoded frame."""
        return self._size.pixel_count * self._samples * self.dtype.itemsize

    def __call__(self, data: bytes) -> Samples:
        """(height, width, samples) in RGB, or as they are where there is one. Raises CorruptSlideError."""
        if self._syntax in _JPEG:
            return self._jpeg(data)
        try:
            decoded = self._decoded(data)
        except _CODEC_ERRORS as error:
            raise CorruptSlideError("a frame of the slide cannot be unpacked") from error
        shape = (self._size.height_px, self._size.width_px, self._samples)
        if decoded.size != np.prod(shape) or decoded.dtype.itemsize != self.dtype.itemsize:
            raise CorruptSlideError("a frame of the slide is not of the size that is stated")
        samples = decoded.reshape(shape)
        if (
            self._samples == 3
            and self._photometric in ("YBR_FULL", "YBR_FULL_422")
            and (self._syntax in tags.NATIVE or self._syntax in {tags.RLE, *_JPEG_LS, *_LOSSLESS_JPEG})
        ):
            samples = _from_ybr(samples)
        return samples

    def _decoded(self, data: bytes) -> Samples:
        if self._syntax in tags.NATIVE:
            return self._native(data)
        if self._syntax in _JPEG_LS:
            return np.asarray(imagecodecs.jpegls_decode(data))
        if self._syntax in _LOSSLESS_JPEG:
            return np.asarray(imagecodecs.ljpeg_decode(data))
        if self._syntax in _JPEG_2000:
            return np.asarray(imagecodecs.jpeg2k_decode(data))
        if self._syntax in _HTJ2K:
            return np.asarray(imagecodecs.htj2k_decode(data))
        planes = np.asarray(imagecodecs.dicomrle_decode(data, self.dtype.newbyteorder(">")))
        return planes

    def _native(self, data: bytes) -> Samples:
        samples = np.frombuffer(data, self.dtype)
        if not self._is_planar or self._samples == 1:
            return samples
        planes = samples.reshape(self._samples, self._size.height_px, self._size.width_px)
        return np.moveaxis(planes, 0, 2)

    def _jpeg(self, data: bytes) -> Samples:
        jpeg = complete_tile(data, b"", is_rgb=self._is_rgb)
        frame = frame_info(jpeg)
        if (frame.width_px, frame.height_px, frame.component_count) != (
            self._size.width_px,
            self._size.height_px,
            self._samples,
        ):
            raise CorruptSlideError("a frame's JPEG is not of the frame's size")
        try:
            pixels = simplejpeg.decode_jpeg(jpeg, colorspace="RGB" if self._samples == 3 else "GRAY")
        except (ValueError, MemoryError) as error:
            raise CorruptSlideError("a frame's JPEG cannot be decoded") from error
        return np.asarray(pixels)


def _from_ybr(samples: Samples) -> Pixels:
    """YBR_FULL to RGB (PS3.3, C.7.6.3.1.2)."""
    luma, blue, red = (samples[..., number].astype(np.float32) for number in range(3))
    blue, red = blue - 128, red - 128
    rgb = np.stack(
        [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue], axis=-1
    )
    return (rgb + 0.5).clip(0, 255).astype(np.uint8)
