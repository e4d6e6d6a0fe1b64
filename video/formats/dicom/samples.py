"""Frames to samples: each coding of pixel data, unpacked and checked, in no colours yet."""

import zlib
from typing import Any

import av
import imagecodecs
import numpy as np
import simplejpeg
from av.error import FFmpegError
from av.packet import Packet
from numpy.typing import NDArray

from video.errors import CorruptVideoError, UnsupportedVideoError
from video.formats.dicom import run_lengths, tags
from video.formats.dicom.frame_bytes import NativeFrames
from video.formats.dicom.frame_header import (
    END_OF_IMAGE,
    Coding,
    FrameHeader,
    ends_image,
    jpeg_xl_size,
    read_frame_header,
)
from video.formats.dicom.image import Image

Samples = NDArray[Any]
"""(height, width, 1 or 3); uint8 or uint16, the bits as they are stored."""

_CODEC_ERRORS = (RuntimeError, ValueError, TypeError, IndexError, MemoryError, zlib.error)
_DECODERS = {
    Coding.JPEG_LS: imagecodecs.jpegls_decode,
    Coding.JPEG_2000: imagecodecs.jpeg2k_decode,
    Coding.HTJ2K: imagecodecs.jpeg2k_decode,  # OpenJPEG reads both
    Coding.JPEG_XL: imagecodecs.jpegxl_decode,
}
_ENDING = frozenset({Coding.JPEG_2000, Coding.HTJ2K, Coding.JPEG_LOSSLESS})
# Of what libjpeg warns of: bytes too many between two markers, and numbers that are news to it.
_HARMLESS = ("extraneous", "Adobe", "JFIF")
_HALVED = ((2, 2), (1, 1), (1, 1))


class SampleDecoder:
    """Unpacks frames of one file. Raises CorruptVideoError.

    header: of the first frame, None where it is not compressed by a codec of pictures; every frame has to be
    like it.
    """

    def __init__(
        self, image: Image, coding: Coding, header: FrameHeader | None, native: NativeFrames | None
    ) -> None:
        self._image = image
        self._coding = coding
        self._header = header
        self._native = native
        width, height = image.width_px, image.height_px
        samples = image.samples
        if header is not None:
            width, height, samples = header.width_px, header.height_px, header.components
        self.width_px, self.height_px, self.component_count = width, height, samples
        is_wide = header.bits > 8 if header is not None else image.bits_allocated == 16
        is_big = native is not None and image.pixels.layout.is_big_endian
        is_big |= image.transfer_syntax == tags.GE_BIG_ENDIAN_PIXELS and coding is Coding.NATIVE
        self._stored = np.dtype((">u2" if is_big else "<u2") if is_wide else "u1")
        self.dtype = np.dtype("u2" if is_wide else "u1")
        self.has_halved_chroma = (
            header is not None
            and coding is Coding.JPEG
            and header.bits == 8
            and header.sampling == _HALVED
            and width % 2 == 0
            and height % 2 == 0
        )
        """Chroma as in 4:2:0, of a JPEG with even sides: `halved_planes` then gives it as it is."""

    def samples(self, data: bytes, number: int) -> Samples:
        """The samples of frame `number`, whose bytes are `data`."""
        shape = (self.height_px, self.width_px, self.component_count)
        try:
            found = self._unpacked(data, number)
        except _CODEC_ERRORS as error:
            raise CorruptVideoError("a frame cannot be unpacked") from error
        if found.dtype.itemsize != self.dtype.itemsize or found.size != np.prod(shape):
            raise CorruptVideoError("a frame is not of the size that is stated")
        return found.reshape(shape).view(self.dtype)

    def halved_planes(self, data: bytes) -> tuple[NDArray[np.uint8], ...]:
        """Luma and the two halved planes of chroma. libjpeg's wrappers give them only enlarged."""
        self._check(data)
        try:
            decoder = av.CodecContext.create("mjpeg", "r")
            decoder.thread_count = 1
            frames = [*decoder.decode(Packet(data)), *decoder.decode(None)]
        except (FFmpegError, *_CODEC_ERRORS) as error:
            raise CorruptVideoError("a frame cannot be unpacked") from error
        if len(frames) != 1 or frames[0].format.name not in ("yuvj420p", "yuv420p"):
            raise CorruptVideoError("a frame cannot be unpacked")
        planes = []
        for number, plane in enumerate(frames[0].planes):
            shrunk = 2 if number else 1
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            planes.append(rows[: self.height_px // shrunk, : self.width_px // shrunk])
        if [plane.shape for plane in planes[1:]] != [(self.height_px // 2, self.width_px // 2)] * 2:
            raise CorruptVideoError("a frame is not of the size that is stated")
        return tuple(planes)

    def is_sound(self, data: bytes) -> bool:
        """Whether a frame that was unpacked is all there: most decoders fill up what is missing, and say
        nothing. One wrapper of libjpeg does, and a picture of an eighth costs it little.
        """
        has_end = ends_image(data)
        if self._coding in _ENDING:
            return has_end
        if self._coding is not Coding.JPEG or self._header is None or self._header.bits != 8:
            return True
        # A missing end alone is no damage: some encoders write none.
        whole = data if has_end else data + END_OF_IMAGE
        try:
            simplejpeg.decode_jpeg(whole, colorspace="GRAY", min_height=1, min_width=1, min_factor=8)
        except (ValueError, MemoryError) as error:
            return any(word in str(error) for word in _HARMLESS)
        return True

    def _unpacked(self, data: bytes, number: int) -> Samples:
        image = self._image
        if self._coding is Coding.DEFLATED:
            inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            size = image.width_px * image.height_px * image.samples * self._stored.itemsize
            return self._interleaved(np.frombuffer(inflater.decompress(data, size + 1)[:size], self._stored))
        if self._coding is Coding.RLE:
            pixels = image.width_px * image.height_px
            planes = run_lengths.unpack(data, pixels, image.samples, self.dtype)
            return self._planes_side_by_side(planes)
        if self._coding is Coding.NATIVE:
            return self._of_native(data, number)
        self._check(data)
        if self._coding is Coding.JPEG_LS and not ends_image(data):
            # CharLS takes seconds to find out that some of these go on behind their last byte.
            raise CorruptVideoError("a frame is damaged")
        if self._coding in (Coding.JPEG, Coding.JPEG_LOSSLESS):
            return _jpeg(data, self.component_count)
        return np.asarray(_DECODERS[self._coding](data))

    def _of_native(self, data: bytes, number: int) -> Samples:
        image, native = self._image, self._native
        if image.bits_allocated == 1 and native is not None:
            bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
            first = native.first_bit(number)
            return bits[first : first + image.width_px * image.height_px * image.samples]
        if native is None:  # in a fragment, filled up to an even length
            data = data[: image.width_px * image.height_px * image.samples * self._stored.itemsize]
        samples = np.frombuffer(data, self._stored).astype(self.dtype, copy=False)
        if native is not None and native.is_subsampled:
            return _enlarged(samples, image)
        return self._interleaved(samples)

    def _interleaved(self, samples: Samples) -> Samples:
        return self._planes_side_by_side(samples) if self._image.is_planar else samples

    def _planes_side_by_side(self, planes: Samples) -> Samples:
        image = self._image
        return np.moveaxis(planes.reshape(image.samples, image.height_px, image.width_px), 0, 2)

    def _check(self, data: bytes) -> None:
        """Before a decoder makes room for what a frame says of itself."""
        header = _header(data, self._image)
        if header is None or self._header is None:
            raise CorruptVideoError("a frame is damaged")
        first = self._header
        mine = (header.coding, header.width_px, header.height_px, header.components, header.bits > 8)
        if mine != (first.coding, first.width_px, first.height_px, first.components, first.bits > 8):
            raise CorruptVideoError("a frame is of another size or coding than the first one")


def choose_coding(image: Image, first: bytes, *, is_encapsulated: bool) -> tuple[Coding, FrameHeader | None]:
    """By the first frame itself; by the transfer syntax where a frame does not say what it is.

    Raises UnsupportedVideoError, CorruptVideoError.
    """
    if not is_encapsulated or image.transfer_syntax == tags.ENCAPSULATED_UNCOMPRESSED:
        return Coding.NATIVE, None
    if image.transfer_syntax == tags.DEFLATED_FRAMES:
        return Coding.DEFLATED, None
    if image.transfer_syntax == tags.RLE:
        return Coding.RLE, None
    header = _header(first, image)
    if header is not None:
        if header.components not in (1, 3):
            raise UnsupportedVideoError("the DICOM picture's colours are of a kind that is not supported")
        return header.coding, header
    if first.startswith((b"\xff\xd8", b"\xff\x4f")):
        raise CorruptVideoError("the frames of the DICOM file are damaged, or of a rare kind of JPEG")
    planes = image.samples * max(1, image.bits_allocated // 8)
    if first[:8] == planes.to_bytes(4, "little") + b"\x40\0\0\0":
        return Coding.RLE, None
    raise UnsupportedVideoError("the DICOM pixel data are compressed in a way that is not supported")


def _header(data: bytes, image: Image) -> FrameHeader | None:
    size_px = jpeg_xl_size(data)
    if size_px is None:
        return read_frame_header(data)
    return FrameHeader(Coding.JPEG_XL, *size_px, image.samples, image.bits_stored)


def _jpeg(data: bytes, components: int) -> Samples:
    """Components as they are coded: no conversion of colours, chroma enlarged as libjpeg does."""
    if components == 1:
        return np.asarray(imagecodecs.jpeg8_decode(data))
    return np.asarray(imagecodecs.jpeg8_decode(data, colorspace="YCBCR", outcolorspace="YCBCR"))


def _enlarged(samples: Samples, image: Image) -> Samples:
    """Two lumas, one pair of chroma, in turns (PS3.3, C.7.6.3.1.2), each chroma sample repeated.

    The standard wants even widths; of an odd one the last pair has a luma too many.
    """
    pairs = samples.reshape(image.height_px, -1, 4)
    whole = np.empty((image.height_px, pairs.shape[1], 2, 3), samples.dtype)
    whole[..., 0] = pairs[:, :, :2]
    whole[..., 1:] = pairs[:, :, None, 2:]
    return whole.reshape(image.height_px, -1, 3)[:, : image.width_px]
