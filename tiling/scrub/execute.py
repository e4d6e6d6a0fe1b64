"""Write the canonical slide: level-0 tiles as they are, everything else anew."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import imagecodecs
import numpy as np

from tiling.canonical.layout import CARRIED_OVER, ENCODED, Description
from tiling.canonical.pyramid import EncodedTile, Pyramid, in_order
from tiling.canonical.writer import CanonicalWriter, Facts
from tiling.errors import ConversionCancelled, CorruptSlideError, UncroppableJpegError, UnsupportedSlideError
from tiling.geometry import Size, TileGrid, deepzoom_sizes, pyramid_sizes
from tiling.icc import scrub_profile
from tiling.jpeg import complete_tile, frame_info
from tiling.jpeg.crop import crop
from tiling.model import Pixels, Slide
from tiling.pixels import decode_jpeg, encode_jpeg, pad_to
from tiling.tiff.tags import Photometric

_REDUCED_QUALITY = 93
_L0_QUALITY = 95
_THUMBNAIL_QUALITY = 85
_THUMBNAIL_SIDE_PX = 512
_TILES_PER_TASK = 8
_WHITE = 255
# A scanner's glitch spoils a tile in thousands; a file that was cut or mangled spoils many.
_DAMAGED_TILES_BEARABLE = 1 / 1_000


@dataclass(frozen=True, slots=True)
class Executed:
    """What was written. missing: tiles that the scanner left out; damaged: tiles that no decoder could read."""

    description: Description
    icc_profile: bytes | None
    missing_tile_count: int
    damaged_tile_count: int
    recoded_edge_count: int


@dataclass(frozen=True, slots=True)
class _BaseTile:
    encoded: EncodedTile
    is_missing: bool = False
    is_damaged: bool = False
    is_edge_recoded: bool = False


@dataclass(frozen=True, slots=True)
class _BaseCoding:
    """How level 0 is coded in the result, and a white tile coded that way."""

    photometric: Photometric
    sampling: tuple[int, int]
    white: EncodedTile


def execute(
    slide: Slide,
    directory: Path,
    *,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
    workers: int,
) -> Executed:
    """Write slide.tif and served.bin into `directory`. Raises TilingError, OSError; leaves its files behind."""
    grid = slide.grid
    coding = _base_coding(slide)
    missing = damaged = recoded = 0
    writer = CanonicalWriter(directory, grid.size, grid.tile_size_px)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="tiling")
    try:
        pyramid = Pyramid(grid.size, grid.tile_size_px, _REDUCED_QUALITY, pool, writer)
        progress(0, grid.count)

        def read_row(row: int) -> list[Future[list[_BaseTile]]]:
            pixels = pyramid.base.tile_row(row)
            return [
                pool.submit(_read_part, slide, coding, row, first, pixels)
                for first in range(0, grid.cols, _TILES_PER_TASK)
            ]

        pending = read_row(0)
        for row in range(grid.rows):
            parts = list(in_order(pending))
            pyramid.base.publish(row)
            if cancelled():
                raise ConversionCancelled("the conversion was cancelled")
            if row + 1 < grid.rows:
                pending = read_row(row + 1)
            for col, tile in enumerate(tile for part in parts for tile in part):
                writer.put_tile(0, col, row, tile.encoded)
                missing += tile.is_missing
                damaged += tile.is_damaged
                recoded += tile.is_edge_recoded
            if damaged > grid.count * _DAMAGED_TILES_BEARABLE:
                raise CorruptSlideError("too many of the slide's tiles cannot be decoded")
            pyramid.advance()
            progress((row + 1) * grid.cols, grid.count)
        if missing == grid.count:
            raise CorruptSlideError("the slide has no image: all of its tiles are missing")
        _write_small_levels(writer, grid, pyramid.last_level())
        writer.put_thumbnail(_thumbnail(pyramid.overview()))
        icc_profile = None if slide.icc_profile is None else scrub_profile(slide.icc_profile)
        description = writer.finish(
            Facts(
                size=grid.size,
                tile_size_px=grid.tile_size_px,
                mpp=slide.mpp,
                objective_power=slide.objective_power,
                icc_profile=icc_profile,
                l0_photometric=coding.photometric,
                l0_sampling=coding.sampling,
                l0_encoding=CARRIED_OVER if slide.carries_jpeg else ENCODED,
                l0_quality=None if slide.carries_jpeg else _L0_QUALITY,
                reduced_quality=_REDUCED_QUALITY,
            )
        )
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        writer.close()
    return Executed(description, icc_profile, missing, damaged, recoded)


def _read_part(
    slide: Slide, coding: _BaseCoding, row: int, first_col: int, row_pixels: Pixels
) -> list[_BaseTile]:
    """Carry over (or encode) neighbouring tiles of a row, and put their pixels where the pyramid wants them."""
    grid = slide.grid
    side = grid.tile_size_px
    tiles = []
    for col in range(first_col, min(grid.cols, first_col + _TILES_PER_TASK)):
        tile, pixels = _read_base_tile(slide, coding, col, row)
        target = row_pixels[:, col * side : (col + 1) * side]
        target[:] = _WHITE if pixels is None else pixels[: target.shape[0], : target.shape[1]]
        tiles.append(tile)
    return tiles


def _read_base_tile(
    slide: Slide, coding: _BaseCoding, col: int, row: int
) -> tuple[_BaseTile, Pixels | None]:
    grid = slide.grid
    side = grid.tile_size_px
    visible = grid.region(col, row).size
    is_whole = grid.is_whole(col, row)
    tile = slide.read_tile(col, row)
    if tile.pixels is not None:
        shown = tile.pixels[: visible.height_px, : visible.width_px]
        cropped = None if is_whole else encode_jpeg(shown, _L0_QUALITY)
        padded = pad_to(shown, side, side)
        return _BaseTile(EncodedTile(encode_jpeg(padded, _L0_QUALITY), cropped)), shown
    if tile.jpeg is None:
        return _BaseTile(_white_tile(coding, visible, is_whole=is_whole), is_missing=True), None
    try:
        pixels = decode_jpeg(tile.jpeg, side, side)
    except CorruptSlideError:
        return _BaseTile(_white_tile(coding, visible, is_whole=is_whole), is_damaged=True), None
    if is_whole:
        return _BaseTile(EncodedTile(tile.jpeg, None)), pixels
    try:
        cropped, is_recoded = crop(tile.jpeg, visible.width_px, visible.height_px), False
    except UncroppableJpegError:
        cropped = encode_jpeg(pixels[: visible.height_px, : visible.width_px], _L0_QUALITY)
        is_recoded = True
    return _BaseTile(EncodedTile(tile.jpeg, cropped), is_edge_recoded=is_recoded), pixels


def _white_tile(coding: _BaseCoding, visible: Size, *, is_whole: bool) -> EncodedTile:
    if is_whole:
        return coding.white
    white = np.full((visible.height_px, visible.width_px, 3), _WHITE, np.uint8)
    return EncodedTile(coding.white.jpeg, encode_jpeg(white, _L0_QUALITY))


def _base_coding(slide: Slide) -> _BaseCoding:
    """Level 0 as its first tile has it: TIFF readers want all tiles of a level coded alike."""
    side = slide.grid.tile_size_px
    white = np.full((side, side, 3), _WHITE, np.uint8)
    if not slide.carries_jpeg:
        jpeg = encode_jpeg(white, _L0_QUALITY)
        return _BaseCoding(Photometric.YCBCR, (1, 1), EncodedTile(jpeg, None))
    for place in slide.grid:
        tile = slide.read_tile(place.x, place.y).jpeg
        if tile is not None:
            break
    else:
        raise CorruptSlideError("the slide has no image: all of its tiles are missing")
    frame = frame_info(tile)
    if frame.component_count != 3 or frame.precision_bits != 8:
        raise UnsupportedSlideError("the slide's JPEG tiles are not of three 8-bit samples")
    subsampling = {(1, 1): "444", (2, 1): "422", (2, 2): "420", (1, 2): "440"}.get(frame.sampling[0])
    if subsampling is None or set(frame.sampling[1:]) != {(1, 1)}:
        raise UnsupportedSlideError("the slide's JPEG tiles use a chroma sampling that is not supported")
    encoded = imagecodecs.jpeg8_encode(
        white,
        level=_L0_QUALITY,
        colorspace="RGB",
        outcolorspace="RGB" if slide.is_rgb else "YCBCR",
        subsampling=subsampling,
    )
    jpeg = complete_tile(bytes(encoded), b"", is_rgb=slide.is_rgb)
    photometric = Photometric.RGB if slide.is_rgb else Photometric.YCBCR
    return _BaseCoding(photometric, frame.sampling[0], EncodedTile(jpeg, None))


def _write_small_levels(writer: CanonicalWriter, grid: TileGrid, pixels: Pixels) -> None:
    """The Deep Zoom levels below the pyramid, down to one pixel."""
    first = len(deepzoom_sizes(grid.size)) - len(pyramid_sizes(grid.size, grid.tile_size_px)) - 1
    for dz_level in range(first, -1, -1):
        height, width = pixels.shape[:2]
        pixels = pad_to(pixels, height + height % 2, width + width % 2)
        half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        pixels = cv2.resize(pixels, half, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        writer.put_small_level(dz_level, encode_jpeg(pixels, _REDUCED_QUALITY))


def _thumbnail(pixels: Pixels) -> bytes:
    height, width = pixels.shape[:2]
    scale = min(1.0, _THUMBNAIL_SIDE_PX / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return encode_jpeg(small, _THUMBNAIL_QUALITY)
