"""Coded tiles to pixels and back: the one border where codec libraries are called, and their errors end.

Pixels are (height, width, 3) uint8, RGB, everywhere.
"""

import io
import os
import threading
from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from tiling.errors import CorruptSlideError, SlideTooLargeError
from tiling.geometry import Size
from tiling.model import Pixels

# Pictures of the whole glass have 0.5 to 15 million.
_MOST_PICTURE_PX = 40_000_000

_of_thread = threading.local()


@dataclass(frozen=True, slots=True)
class Coding:
    """How our own JPEGs are quantised: all 64 coefficients of all three components by the same step.

    At equal error on H&E tissue such tables take 12–18 % fewer bytes than libjpeg's, which save on fine
    detail and on colour because nobody looks closely at photographs; pathologists do. Chroma is never
    subsampled, for the same reason. quality: the libjpeg quality (4:4:4) that has the same error, for
    people to read.
    """

    step: int
    quality: int


# Level 0 where it cannot be carried over. Mean difference and PSNR against what was decoded: 0.8 grey levels
# and 47 dB on tissue that was a JPEG before (2.1 bits a pixel), 1.2 and 43 dB on tissue at full sharpness
# (4.6 bits; JPEG 2000 without loss takes 8.9). libjpeg rather than our own encoder, which would take 11-16 %
# fewer bytes and ten times as long.
L0_CODING = Coding(step=5, quality=97)
SMALL_CODING = Coding(step=3, quality=98)


def require_picture(size: Size) -> None:
    """Raises SlideTooLargeError where an image is too large to be held as a picture beside the slide."""
    if size.pixel_count > _MOST_PICTURE_PX:
        raise SlideTooLargeError("a picture beside the slide has more pixels than is supported")


def decode_jpeg(data: bytes, width_px: int, height_px: int) -> Pixels:
    """Decode a complete JPEG of known size. Raises CorruptSlideError where any of it is damaged."""
    out = np.empty((height_px, width_px, 3), np.uint8)
    decode_jpeg_into(data, out)
    return out


def decode_jpeg_into(data: bytes, out: Pixels) -> tuple[str, str]:
    """Decode a complete JPEG into a contiguous array of its size; returns its colours and its subsampling.

    A buffer that is used again is worth a lot: fresh memory of a tile's size comes from the kernel page by
    page, which takes twice as long as decoding. Raises CorruptSlideError.
    """
    try:
        height, width, colours, subsampling = simplejpeg.decode_jpeg_header(data)
        if (height, width) != out.shape[:2]:
            raise CorruptSlideError("a tile's JPEG is not of the tile's size")
        simplejpeg.decode_jpeg(data, colorspace="RGB", buffer=out)
    except (ValueError, MemoryError) as error:  # simplejpeg has no error of its own
        raise CorruptSlideError("a tile's JPEG cannot be decoded") from error
    return colours, subsampling


def require_decodable(data: bytes, width_px: int, height_px: int) -> None:
    """Raises CorruptSlideError where any of a complete JPEG of known size is damaged."""
    out: Pixels | None = getattr(_of_thread, "decoded", None)
    if out is None or out.shape[:2] != (height_px, width_px):
        out = _of_thread.decoded = np.empty((height_px, width_px, 3), np.uint8)
    decode_jpeg_into(data, out)


def encode_jpeg(pixels: Pixels, coding: Coding) -> bytes:
    """Encode as a JFIF stream: YCbCr, 4:4:4, baseline."""
    table = [coding.step] * 64
    file = _memory_file()
    file.seek(0)
    file.truncate(0)
    Image.fromarray(np.ascontiguousarray(pixels)).save(
        file, "JPEG", qtables=[table, table], subsampling="4:4:4"
    )
    return os.pread(file.fileno(), file.tell(), 0)


def _memory_file() -> io.FileIO:
    """This thread's file in memory. Pillow lets other threads run only while it encodes into a real file.

    Measured on two cores: 300 Mpx/s instead of 195.
    """
    file: io.FileIO | None = getattr(_of_thread, "file", None)
    if file is None:
        file = _of_thread.file = io.FileIO(os.memfd_create("jpeg", os.MFD_CLOEXEC), "r+")
    return file


def stretch(pixels: Pixels, box: tuple[float, float], width_px: int, height_px: int) -> Pixels:
    """The upper left `box` (width, height; fractions count) scaled to a size by Lanczos 3."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    fitted = image.resize((width_px, height_px), Image.Resampling.LANCZOS, box=(0.0, 0.0, *box))
    return np.asarray(fitted)


def shrink(pixels: Pixels, width_px: int, height_px: int) -> Pixels:
    """Scale down by area averages."""
    small = cv2.resize(pixels, (width_px, height_px), interpolation=cv2.INTER_AREA)
    return small.reshape(height_px, width_px, 3).astype(np.uint8, copy=False)


def pad_to(pixels: Pixels, height_px: int, width_px: int) -> Pixels:
    """Repeat the last row and column until the tile is full: no hard edge for the encoder to ring at."""
    height, width = pixels.shape[:2]
    if (height, width) == (height_px, width_px):
        return pixels
    return cv2.copyMakeBorder(
        pixels, 0, height_px - height, 0, width_px - width, cv2.BORDER_REPLICATE
    ).astype(np.uint8, copy=False)
