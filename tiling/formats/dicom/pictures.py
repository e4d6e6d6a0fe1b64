"""Frames to pixels: each coding of pixel data, decoded and put into the colours that people see."""

from typing import Any

import cv2
import imagecodecs
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError, UnsupportedSlideError
from tiling.formats.dicom import run_lengths, tags
from tiling.formats.dicom.frames import open_frames
from tiling.formats.dicom.instances import Instance
from tiling.formats.dicom.jpeg_colours import holds_rgb
from tiling.geometry import Size
from tiling.jpeg import complete_tile, frame_info
from tiling.limits import Limits
from tiling.model import Pixels
from tiling.pixels import require_picture
from tiling.tiff import jpeg2000

Samples = NDArray[Any]

_JPEG = frozenset({tags.JPEG_BASELINE, tags.JPEG_EXTENDED})
_LOSSLESS_JPEG = frozenset({tags.JPEG_LOSSLESS, tags.JPEG_LOSSLESS_FIRST_ORDER})
_JPEG_LS = frozenset({tags.JPEG_LS, tags.JPEG_LS_NEAR})
_JPEG_2000 = frozenset({tags.JPEG_2000, tags.JPEG_2000_LOSSLESS})
_HTJ2K = frozenset({tags.HTJ2K, tags.HTJ2K_LOSSLESS, tags.HTJ2K_RPCL})
_YBR = frozenset({"YBR_FULL", "YBR_FULL_422"})
_LOSSLESS_FRAMES = frozenset({0xC3, 0xF7})  # SOF3 of lossless JPEG, SOF55 of JPEG-LS
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
        self._is_planar = instance.is_planar and instance.samples > 1
        self._is_ybr = instance.samples == 3 and instance.photometric in _YBR
        bits = instance.bits_allocated
        is_subsampled = self._syntax in tags.NATIVE and instance.photometric == "YBR_FULL_422"
        if self._is_ybr and (bits != 8 or is_subsampled):
            raise UnsupportedSlideError("the slide's colours are of a kind that is not supported")
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
        """(height, width, samples), RGB where there are three. Raises CorruptSlideError."""
        if self._syntax in _JPEG:
            return self._jpeg(data)
        shape = (self._size.height_px, self._size.width_px, self._samples)
        try:
            decoded = self._decoded(data)
        except _CODEC_ERRORS as error:
            raise CorruptSlideError("a frame of the slide cannot be unpacked") from error
        if decoded.size != np.prod(shape) or decoded.dtype.itemsize != self.dtype.itemsize:
            raise CorruptSlideError("a frame of the slide is not of the size that is stated")
        samples = decoded.reshape(shape)
        if self._is_ybr and self._syntax not in _JPEG_2000 | _HTJ2K:
            return cv2.cvtColor(samples[:, :, [0, 2, 1]], cv2.COLOR_YCrCb2RGB)
        return samples

    def _decoded(self, data: bytes) -> Samples:
        size = self._size
        if self._syntax in tags.NATIVE:
            return self._native(data)
        if self._syntax == tags.RLE:
            planes = run_lengths.decode(data, size.pixel_count, self._samples, self.dtype)
            return _interleaved(planes, self._samples, size)
        if self._syntax in _JPEG_2000 | _HTJ2K:  # OpenJPEG reads both
            # YBR_ICT and YBR_RCT are the codestream's own transforms, which its decoder undoes.
            return jpeg2000.decode(data, size.width_px, size.height_px, self._samples, is_ycbcr=self._is_ybr)
        if _stated_size(data) != (size, self._samples):
            raise CorruptSlideError("a frame of the slide is not of the size that is stated")
        if self._syntax in _JPEG_LS:
            return np.asarray(imagecodecs.jpegls_decode(data))
        return np.asarray(imagecodecs.ljpeg_decode(data))

    def _native(self, data: bytes) -> Samples:
        samples = np.frombuffer(data, self.dtype)
        return _interleaved(samples, self._samples, self._size) if self._is_planar else samples

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


def single_picture(instance: Instance, limits: Limits) -> Pixels:
    """The one frame in colour of a picture beside the slide. Raises TilingError."""
    require_picture(instance.frame_size)
    if (instance.frame_count, instance.samples, instance.bits_allocated) != (1, 3, 8):
        raise UnsupportedSlideError("a picture beside the slide is not one frame of three 8-bit samples")
    data = open_frames(instance, limits).read(0)
    is_rgb = instance.transfer_syntax in _JPEG and holds_rgb(instance.photometric, data)
    return np.asarray(FrameDecoder(instance, is_rgb=is_rgb)(data), np.uint8)


def _interleaved(planes: Samples, samples: int, size: Size) -> Samples:
    """One plane a sample to one pixel after the other."""
    if samples == 1:
        return planes
    return np.moveaxis(planes.reshape(samples, size.height_px, size.width_px), 0, 2)


def _stated_size(data: bytes) -> tuple[Size, int] | None:
    """Size and number of samples in the frame header of a JPEG-LS or lossless JPEG stream.

    Looked at before a decoder makes room for what is stated there.
    """
    at = 2
    while at + 10 <= len(data) and data[at] == 0xFF:
        if data[at + 1] in _LOSSLESS_FRAMES:
            height, width = (int.from_bytes(data[at + n : at + n + 2], "big") for n in (5, 7))
            return Size(width, height), data[at + 9]
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
