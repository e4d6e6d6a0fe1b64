"""Level 0 on its way into the result: tiles carried over as they are, or decoded and encoded once.

What cannot be carried over is white and counted: tiles that the scanner left out, and a few that are damaged.
"""

from dataclasses import dataclass

import imagecodecs
import numpy as np

from tiling.canonical.pyramid import EncodedTile
from tiling.errors import CorruptSlideError, MalformedJpegError, UncroppableJpegError, UnsupportedSlideError
from tiling.geometry import Size
from tiling.jpeg import complete_tile, frame_info
from tiling.jpeg.crop import crop
from tiling.model import Carriage, Pixels, Slide
from tiling.pixels import L0_CODING, decode_jpeg_into, encode_jpeg, pad_to
from tiling.tiff.tags import Photometric

WHITE = 255
_SUBSAMPLINGS = {(1, 1): "444", (2, 1): "422", (2, 2): "420", (1, 2): "440"}
_NO_IMAGE = "the slide has no image: none of its tiles is there and readable"


@dataclass(frozen=True, slots=True)
class BaseCoding:
    """How level 0 is coded in the result. TIFF readers want all tiles of a level coded alike.

    sampling: luma samples per chroma sample, (horizontal, vertical). white: a tile coded that way.
    """

    photometric: Photometric
    sampling: tuple[int, int]
    white: EncodedTile


@dataclass(frozen=True, slots=True)
class BaseTile:
    """is_missing: the scanner left it out; is_damaged: nobody can decode it; is_masked: it showed what must
    not be seen; all of these are white now."""

    encoded: EncodedTile
    is_missing: bool = False
    is_damaged: bool = False
    is_edge_recoded: bool = False
    is_masked: bool = False


def base_coding(slide: Slide) -> BaseCoding:
    """Look at the first tile that can be read. Raises UnsupportedSlideError, CorruptSlideError."""
    side = slide.grid.tile_size_px
    white = np.full((side, side, 3), WHITE, np.uint8)
    if slide.carriage is Carriage.ENCODED:
        return BaseCoding(Photometric.YCBCR, (1, 1), EncodedTile(encode_jpeg(white, L0_CODING), None))
    frame = frame_info(_first_jpeg(slide))
    if frame.component_count != 3 or frame.precision_bits != 8:
        raise UnsupportedSlideError("the slide's JPEG tiles are not of three 8-bit samples")
    if (frame.width_px, frame.height_px) != (side, side):
        raise CorruptSlideError("a tile's JPEG is not of the tile's size")
    subsampling = _SUBSAMPLINGS.get(frame.sampling[0])
    if subsampling is None or set(frame.sampling[1:]) != {(1, 1)}:
        raise UnsupportedSlideError("the slide's JPEG tiles use a chroma sampling that is not supported")
    encoded = imagecodecs.jpeg8_encode(
        white,
        level=L0_CODING.quality,
        colorspace="RGB",
        outcolorspace="RGB" if slide.is_rgb else "YCBCR",
        subsampling=subsampling,
    )
    jpeg = complete_tile(bytes(encoded), b"", is_rgb=slide.is_rgb)
    photometric = Photometric.RGB if slide.is_rgb else Photometric.YCBCR
    return BaseCoding(photometric, frame.sampling[0], EncodedTile(jpeg, None))


def _first_jpeg(slide: Slide) -> bytes:
    for place in slide.grid:
        try:
            jpeg = slide.read_tile(place.x, place.y).jpeg
        except MalformedJpegError:
            continue
        if jpeg is not None:
            return jpeg
    raise CorruptSlideError(_NO_IMAGE)


def read_base_tile(slide: Slide, coding: BaseCoding, col: int, row: int, scratch: Pixels) -> BaseTile:
    """One tile, ready to be written; its pixels are left in `scratch`, a whole tile's array."""
    visible = slide.grid.region(col, row).size
    is_whole = slide.grid.is_whole(col, row)
    try:
        tile = slide.read_tile(col, row)
        if tile.pixels is not None:
            scratch[:] = tile.pixels
            return _encode(scratch, visible, is_whole=is_whole)
        if tile.jpeg is None:
            scratch[:] = WHITE
            return BaseTile(_white(coding, visible, is_whole=is_whole), is_missing=True)
        colours, subsampling = decode_jpeg_into(tile.jpeg, scratch)
    except CorruptSlideError:
        scratch[:] = WHITE
        return BaseTile(_white(coding, visible, is_whole=is_whole), is_damaged=True)
    expected_colours = "RGB" if coding.photometric is Photometric.RGB else "YCbCr"
    if (colours, subsampling) != (expected_colours, _SUBSAMPLINGS[coding.sampling]):
        raise UnsupportedSlideError("the slide's tiles are coded in more than one way")
    if is_whole:
        return BaseTile(EncodedTile(tile.jpeg, None))
    try:
        cropped, is_recoded = crop(tile.jpeg, visible.width_px, visible.height_px), False
    except (UncroppableJpegError, MalformedJpegError):
        cropped, is_recoded = encode_jpeg(_shown(scratch, visible), L0_CODING), True
    return BaseTile(EncodedTile(tile.jpeg, cropped), is_edge_recoded=is_recoded)


def masked_base_tile(slide: Slide, coding: BaseCoding, col: int, row: int) -> BaseTile:
    """A white tile in place of what the source has there."""
    visible = slide.grid.region(col, row).size
    return BaseTile(_white(coding, visible, is_whole=slide.grid.is_whole(col, row)), is_masked=True)


def _shown(pixels: Pixels, visible: Size) -> Pixels:
    return pixels[: visible.height_px, : visible.width_px]


def _encode(pixels: Pixels, visible: Size, *, is_whole: bool) -> BaseTile:
    if is_whole:
        return BaseTile(EncodedTile(encode_jpeg(pixels, L0_CODING), None))
    shown = _shown(pixels, visible)
    padded = pad_to(shown, *pixels.shape[:2])
    return BaseTile(EncodedTile(encode_jpeg(padded, L0_CODING), encode_jpeg(shown, L0_CODING)))


def _white(coding: BaseCoding, visible: Size, *, is_whole: bool) -> EncodedTile:
    if is_whole:
        return coding.white
    shown = np.full((visible.height_px, visible.width_px, 3), WHITE, np.uint8)
    return EncodedTile(coding.white.jpeg, encode_jpeg(shown, L0_CODING))
