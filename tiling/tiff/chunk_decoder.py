"""A piece of a TIFF image, as it stands in the file, to samples: the codecs of TIFF behind one verb.

Codecs: TIFF 6.0 (none, LZW, PackBits), TIFF technical note 2 (JPEG), Adobe's Deflate and predictors, and
what libtiff registered later (Zstandard, WebP, JPEG 2000).
"""

from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError, UnsupportedSlideError
from tiling.jpeg import TileCompleter, frame_info
from tiling.tiff import jpeg2000
from tiling.tiff.images import TiffImage
from tiling.tiff.tags import Compression, Photometric, SampleFormat

Samples = NDArray[Any]

_UNPACK: dict[int, Callable[..., Any]] = {
    Compression.LZW: imagecodecs.lzw_decode,
    Compression.DEFLATE: imagecodecs.zlib_decode,
    Compression.DEFLATE_OLD: imagecodecs.zlib_decode,
    Compression.ZSTD: imagecodecs.zstd_decode,
    Compression.PACKBITS: imagecodecs.packbits_decode,
}
_WITH_PREDICTOR = frozenset({Compression.LZW, Compression.DEFLATE, Compression.DEFLATE_OLD, Compression.ZSTD})
_JPEG2000 = frozenset(
    {Compression.APERIO_JPEG2000_YCBCR, Compression.APERIO_JPEG2000_RGB, Compression.JPEG2000}
)
_IMAGES = frozenset({Compression.JPEG, Compression.WEBP, *_JPEG2000})
_KINDS = {SampleFormat.UNSIGNED: "u", SampleFormat.SIGNED: "i", SampleFormat.FLOAT: "f"}
_DTYPES = frozenset({"u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8"})
_ERRORS = (RuntimeError, ValueError, MemoryError)  # each of imagecodecs' many errors is a RuntimeError
_REFUSED = {
    Compression.OLD_JPEG: "the slide is coded in TIFF's old form of JPEG, which was never well defined",
    Compression.LERC: "the slide is coded in LERC, which is made for elevations rather than for pictures",
    Compression.CCITT: "the slide is a black and white fax",
    Compression.FAX_3: "the slide is a black and white fax",
    Compression.FAX_4: "the slide is a black and white fax",
}


class ChunkDecoder:
    """Decodes the pieces of one image. Thread-safe.

    Samples come as (lines, width, samples) in the machine's byte order; JPEG, JPEG 2000 and WebP in three
    samples come as RGB, whatever they hold. Raises UnsupportedSlideError at once where no piece can be read.
    """

    def __init__(self, image: TiffImage, samples: int, byte_order: str, *, jpeg_is_rgb: bool) -> None:
        refusal = _REFUSED.get(Compression(image.compression)) if image.compression in _REFUSED else None
        if refusal is not None:
            raise UnsupportedSlideError(refusal)
        if image.compression not in (Compression.NONE, *_UNPACK, *_IMAGES):
            raise UnsupportedSlideError("the slide's tiles use a compression that is not supported")
        kind = _KINDS.get(SampleFormat(image.sample_format)) if 1 <= image.sample_format <= 3 else None
        code = f"{kind}{image.bits_per_sample // 8}"
        if image.bits_per_sample % 8 or code not in _DTYPES:
            raise UnsupportedSlideError("the slide's samples are of a size or a kind that is not supported")
        if image.fill_order != 1:
            raise UnsupportedSlideError("the slide's bits are stored in reverse, which is not supported")
        # Readers disagree about predictors elsewhere: libtiff passes over them, tifffile does not.
        allowed = (1, 2, 3) if image.compression in _WITH_PREDICTOR else (1,)
        self._predictor = 1 if image.compression in _IMAGES else image.predictor
        if self._predictor not in allowed or (self._predictor == 3 and kind != "f"):
            raise UnsupportedSlideError("the slide's tiles use a predictor that is not supported")
        self.dtype: np.dtype[Any] = np.dtype(code)
        self._stored = np.dtype(byte_order + code)
        self._compression = image.compression
        self._samples = samples
        self._is_ycbcr = image.compression == Compression.APERIO_JPEG2000_YCBCR or (
            image.compression == Compression.JPEG2000 and image.photometric == Photometric.YCBCR
        )
        if image.compression in _IMAGES and code not in ("u1", "u2"):
            raise UnsupportedSlideError("the slide's samples are of a size or a kind that is not supported")
        if image.compression == Compression.JPEG:
            if code != "u1" or samples not in (1, 3):
                raise UnsupportedSlideError("the slide's JPEG tiles are not of one or three 8-bit samples")
            self._complete = TileCompleter(image.jpeg_tables, jpeg_is_rgb)

    def __call__(self, data: bytes, lines: int, width_px: int) -> Samples:
        """Raises CorruptSlideError, UnsupportedSlideError."""
        if self._compression == Compression.JPEG:
            return self._decode_jpeg(data, lines, width_px)
        if self._compression in _JPEG2000:
            pixels = jpeg2000.decode(data, width_px, lines, self._samples, is_ycbcr=self._is_ycbcr)
            return _of_kind(pixels, self.dtype)
        if self._compression == Compression.WEBP:
            return self._decode_webp(data, lines, width_px)
        return self._unpack(data, lines, width_px)

    def _unpack(self, data: bytes, lines: int, width_px: int) -> Samples:
        shape = (lines, width_px, self._samples)
        wanted = int(np.prod(shape)) * self._stored.itemsize
        if self._compression == Compression.NONE:
            if len(data) < wanted:
                raise CorruptSlideError("a tile of the slide is not of the tile's size")
            samples = np.frombuffer(data, self._stored, count=int(np.prod(shape))).reshape(shape)
        else:
            packed = np.empty(wanted, np.uint8)
            try:
                unpacked = _UNPACK[self._compression](data, out=packed)
            except _ERRORS as error:
                raise CorruptSlideError("a tile of the slide cannot be unpacked") from error
            if len(unpacked) != wanted:
                raise CorruptSlideError("a tile of the slide is not of the tile's size")
            samples = packed.view(self._stored).reshape(shape)
        if self._predictor == 3:
            samples = imagecodecs.floatpred_decode(samples, axis=1)
        native = samples.astype(self.dtype, copy=False)
        if self._predictor == 2:
            native = imagecodecs.delta_decode(native, axis=1, out=native)
        return native

    def _decode_jpeg(self, data: bytes, lines: int, width_px: int) -> Samples:
        jpeg = self._complete(data)
        frame = frame_info(jpeg)
        if (frame.width_px, frame.component_count) != (width_px, self._samples) or frame.height_px < lines:
            raise CorruptSlideError("a tile's JPEG is not of the tile's size")
        try:
            pixels = simplejpeg.decode_jpeg(jpeg, colorspace="RGB" if self._samples == 3 else "GRAY")
        except (ValueError, MemoryError) as error:
            raise CorruptSlideError("a tile's JPEG cannot be decoded") from error
        return np.asarray(pixels)[:lines]

    def _decode_webp(self, data: bytes, lines: int, width_px: int) -> Samples:
        shape = (lines, width_px, self._samples)
        try:
            pixels = np.asarray(imagecodecs.webp_decode(data, hasalpha=self._samples == 4))
        except _ERRORS as error:
            raise CorruptSlideError("a tile of the slide cannot be unpacked") from error
        if pixels.shape != shape:
            raise CorruptSlideError("a tile's WebP picture is not of the tile's size")
        return _of_kind(pixels, self.dtype)


def _of_kind(pixels: Samples, dtype: np.dtype[Any]) -> Samples:
    if pixels.dtype != dtype:
        raise CorruptSlideError("a tile of the slide has samples of another kind than the slide states")
    return pixels
