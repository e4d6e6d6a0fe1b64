"""Frames decoded by other libraries than ours where there are any: Pillow, OpenJPH, pydicom's own."""

import io
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from tiling.formats.dicom import tags

CODEC_ERRORS = (
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    MemoryError,
    OSError,
)

_ADOBE = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0"
_JPEG = frozenset({tags.JPEG_BASELINE, tags.JPEG_EXTENDED})
_LOSSLESS_JPEG = frozenset({tags.JPEG_LOSSLESS, tags.JPEG_LOSSLESS_FIRST_ORDER})
_JPEG_LS = frozenset({tags.JPEG_LS, tags.JPEG_LS_NEAR})
_JPEG_2000 = frozenset({tags.JPEG_2000, tags.JPEG_2000_LOSSLESS})
_HTJ2K = frozenset({tags.HTJ2K, tags.HTJ2K_LOSSLESS, tags.HTJ2K_RPCL})


@dataclass(frozen=True, slots=True)
class Header:
    """What a decoder needs to know of the data set, as pydicom reads it."""

    transfer_syntax: str
    rows: int
    columns: int
    samples: int
    photometric: str
    planar_configuration: int
    bits_allocated: int
    bits_stored: int
    is_signed: bool


def decode(data: bytes, header: Header) -> NDArray[Any]:
    """(rows, columns, samples), RGB where there are three. Raises one of CODEC_ERRORS."""
    shape = (header.rows, header.columns, header.samples)
    syntax = header.transfer_syntax
    if syntax in _JPEG:
        return _jpeg(data, header).reshape(shape)
    if syntax in _JPEG_2000:
        pixels = np.asarray(Image.open(io.BytesIO(data)) if header.bits_allocated == 8 else _wide(data))
    elif syntax in _HTJ2K:
        pixels = np.asarray(imagecodecs.htj2k_decode(data))
    elif syntax in _LOSSLESS_JPEG:
        pixels = np.asarray(imagecodecs.jpegsof3_decode(data))
    elif syntax in _JPEG_LS:
        pixels = np.asarray(imagecodecs.jpegls_decode(data))
    else:
        return _by_pydicom(data, header).reshape(shape)
    pixels = pixels.reshape(shape)
    is_ybr = header.photometric in ("YBR_FULL", "YBR_FULL_422") and syntax not in _JPEG_2000 | _HTJ2K
    if is_ybr and header.samples == 3:
        return np.asarray(Image.fromarray(pixels, "YCbCr").convert("RGB"))
    return pixels


def decode_plainly(data: bytes, header: Header) -> NDArray[Any]:
    """A JPEG frame by libjpeg alone, with its chroma samples repeated. Raises one of CODEC_ERRORS."""
    # Of two Adobe markers the last one counts; this one stands before the frame's own tables.
    at = data.index(b"\xff\xdb")
    marker = _ADOBE + (b"\0" if _holds_rgb(data, header) else b"\1")
    pixels = simplejpeg.decode_jpeg(data[:at] + marker + data[at:], colorspace="RGB", fastupsample=True)
    return np.asarray(pixels)


def _jpeg(data: bytes, header: Header) -> NDArray[Any]:
    if header.samples == 1:
        return np.asarray(Image.open(io.BytesIO(data)))
    colours = "RGB" if _holds_rgb(data, header) else "YCBCR"
    return np.asarray(imagecodecs.jpeg8_decode(data, colorspace=colours, outcolorspace="RGB"))


def _holds_rgb(data: bytes, header: Header) -> bool:
    """By what Pillow reads in the frame's markers."""
    image = Image.open(io.BytesIO(data))
    is_subsampled = len({layer[1:3] for layer in getattr(image, "layer", [])}) > 1
    transform = image.info.get("adobe_transform")
    if header.photometric == "RGB":
        return not (is_subsampled or transform == 1 or data[6:10] == b"JFIF")
    return transform == 0 and not is_subsampled


def _wide(data: bytes) -> NDArray[Any]:
    return np.asarray(imagecodecs.jpeg2k_decode(data))


def _by_pydicom(data: bytes, header: Header) -> NDArray[Any]:
    """Uncompressed and RLE frames; colours are turned into RGB."""
    options: dict[str, Any] = {
        "rows": header.rows,
        "columns": header.columns,
        "number_of_frames": 1,
        "samples_per_pixel": header.samples,
        "photometric_interpretation": header.photometric,
        "planar_configuration": header.planar_configuration,
        "bits_allocated": header.bits_allocated,
        "bits_stored": header.bits_stored,
        "pixel_representation": int(header.is_signed),
        "pixel_keyword": "PixelData",
    }
    is_native = header.transfer_syntax in tags.NATIVE
    pixels, _ = get_decoder(UID(header.transfer_syntax)).as_array(
        data if is_native else _encapsulated(data), raw=False, **options
    )
    return np.asarray(pixels)


def _encapsulated(data: bytes) -> bytes:
    """One frame with an empty table before it, as pydicom wants compressed frames."""
    item = b"\xfe\xff\x00\xe0"
    return b"%b\0\0\0\0%b%b%b%b" % (
        item,
        item,
        len(data).to_bytes(4, "little"),
        data,
        b"\xfe\xff\xdd\xe0\0\0\0\0",
    )
