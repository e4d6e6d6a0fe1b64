"""Pages of a TIFF read by tifffile: the second opinion that the proof rests on."""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import simplejpeg
import tifffile
from numpy.typing import NDArray
from PIL import Image

from ground.source import ByteSource
from tiling.errors import VerificationError
from tiling.geometry import Mpp, Size, TileGrid, ceil_div
from tiling.model import Pixels
from tiling.read_ahead import ReadAhead
from tiling.tiff.chunk_cache import ChunkCache
from tiling.tiff.second_reader import CODEC_ERRORS, LIBRARY_ERRORS, open_tifffile
from tiling.tiff.tags import Compression


class Colour(Protocol):
    """How samples are shown. ground: the value of what is left out; is_on_glass: whether that is white."""

    @property
    def ground(self) -> float: ...

    @property
    def is_on_glass(self) -> bool: ...

    def __call__(self, samples: NDArray[Any]) -> Pixels: ...


_KEPT_BYTES = 128 * 2**20
_NOT_DECODED = "a tile of the source could not be decoded a second time"
_ADOBE = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0%b"  # a segment that says how to read the colours
_JPEG2000 = frozenset(
    {Compression.APERIO_JPEG2000_YCBCR, Compression.APERIO_JPEG2000_RGB, Compression.JPEG2000}
)


_Piece = tuple[NDArray[Any], tuple[int, int, int]]  # pixels; plane of samples, y, x
_Decode = Callable[[tifffile.TiffPage, int], _Piece]


class _AsItIs:
    """RGB of 8 bits needs no colouring."""

    ground = 255.0
    is_on_glass = True

    def __call__(self, samples: NDArray[Any]) -> Pixels:
        return samples


AS_IT_IS: Colour = _AsItIs()


class PageWitness:
    """Implements `tiling.model.Witness`.

    `pages` are laid one behind the other, as channels. colour: how samples are shown, None where JPEG streams
    are given. cut_jpeg_is_rgb: of cut slides, what the source's streams hold.
    """

    def __init__(
        self,
        source: ByteSource,
        pages: Sequence[tifffile.TiffPage],
        tile_size_px: int,
        mpp: Mpp | None,
        colour: Colour | None,
        cut_jpeg_is_rgb: bool | None,
    ) -> None:
        self._pages = pages
        self._is_carried = colour is None and cut_jpeg_is_rgb is None
        # Carried tiles are asked for in turn, by one thread.
        self._source = ReadAhead(source) if self._is_carried else source
        self._colour = colour or AS_IT_IS
        self._cut_jpeg_is_rgb = cut_jpeg_is_rgb
        self.mpp = mpp
        first = pages[0]
        self.grid = TileGrid(Size(int(first.imagewidth), int(first.imagelength)), tile_size_px)
        self.jpeg_tables = first.jpegtables or b""
        self._plain: ChunkCache[_Piece] = ChunkCache(_KEPT_BYTES)
        self.holds_jpeg = self._is_carried or cut_jpeg_is_rgb is not None

    def stored_tile(self, index: int) -> bytes | None:
        if self._is_carried:
            first = self._pages[0]
            length = first.databytecounts[index]
            return self._source.read_at(first.dataoffsets[index], length) if length else None
        if not self._colour.is_on_glass:
            return b""
        try:
            is_there = any(page.databytecounts[n] for page in self._pages for n in self._pieces(page, index))
        except LIBRARY_ERRORS as error:
            raise VerificationError(_NOT_DECODED) from error
        return b"" if is_there else None

    def tile_pixels(self, index: int) -> Pixels:
        try:
            if self._is_carried:
                first = self._pages[0]
                piece, _ = self._decoded(first, index)
                return np.asarray(piece, np.uint8)
            samples = [self._samples(page, index, self._decoded) for page in self._pages]
        except (*LIBRARY_ERRORS, *CODEC_ERRORS) as error:
            raise VerificationError(_NOT_DECODED) from error
        return self._colour(np.concatenate(samples, axis=2))

    def plain_pixels(self, index: int) -> Pixels:
        try:
            return self._samples(self._pages[0], index, self._plainly_decoded)
        except (*LIBRARY_ERRORS, *CODEC_ERRORS) as error:
            raise VerificationError(_NOT_DECODED) from error

    def decode_plainly(self, index: int) -> None:
        """What a tile is made of, by libjpeg. Raises VerificationError where that cannot be decoded."""
        first = self._pages[0]
        try:
            for number in self._pieces(first, index):
                if first.databytecounts[number]:
                    self._plainly_decoded(first, number)
        except (*LIBRARY_ERRORS, *CODEC_ERRORS) as error:
            raise VerificationError(_NOT_DECODED) from error

    def _pieces(self, page: tifffile.TiffPage, index: int) -> Iterator[int]:
        """The numbers of the tiles or strips that a tile of the grid is made of."""
        shown = self.grid.region(index % self.grid.cols, index // self.grid.cols)
        width, height = _piece_size(page)
        cols, rows = ceil_div(page.imagewidth, width), ceil_div(page.imagelength, height)
        lower, right = shown.origin.y + shown.size.height_px, shown.origin.x + shown.size.width_px
        for plane in range(page.samplesperpixel if page.planarconfig == 2 else 1):
            for row in range(shown.origin.y // height, ceil_div(lower, height)):
                for col in range(shown.origin.x // width, ceil_div(right, width)):
                    yield (plane * rows + row) * cols + col

    def _samples(self, page: tifffile.TiffPage, index: int, decode: _Decode) -> NDArray[Any]:
        """A tile of the grid, (side, side, samples); its last lines are repeated beyond the image."""
        side = self.grid.tile_size_px
        place = self.grid.region(index % self.grid.cols, index // self.grid.cols)
        left, top, size = place.origin.x, place.origin.y, place.size
        shape = (size.height_px, size.width_px, page.samplesperpixel)
        out = np.full(shape, self._colour.ground, page.dtype)
        for number in self._pieces(page, index):
            if not page.databytecounts[number]:
                continue
            piece, (plane, y, x) = decode(page, number)
            y0, y1 = max(y, top), min(y + piece.shape[0], top + size.height_px)
            x0, x1 = max(x, left), min(x + piece.shape[1], left + size.width_px)
            bands = slice(plane, plane + 1) if page.planarconfig == 2 else slice(None)
            out[y0 - top : y1 - top, x0 - left : x1 - left, bands] = piece[y0 - y : y1 - y, x0 - x : x1 - x]
        beyond = ((0, side - size.height_px), (0, side - size.width_px), (0, 0))
        return np.pad(out, beyond, mode="edge")

    def _decoded(self, page: tifffile.TiffPage, number: int) -> _Piece:
        data = self._source.read_at(page.dataoffsets[number], page.databytecounts[number])
        decoded, (plane, _, y, x, _), _ = page.decode(data, number, jpegtables=page.jpegtables)
        if decoded is None:
            raise VerificationError(_NOT_DECODED)
        if page.compression in _JPEG2000 and page.samplesperpixel == 3 and page.dtype == np.uint8:
            is_ycbcr = page.compression == Compression.APERIO_JPEG2000_YCBCR or page.photometric == 6
            return _jpeg2000(data, is_ycbcr), (plane, y, x)
        return np.asarray(decoded)[0], (plane, y, x)

    def _plainly_decoded(self, page: tifffile.TiffPage, number: int) -> _Piece:
        """By libjpeg alone, chroma samples repeated. A strip is asked for by every tile that it crosses."""
        width, height = _piece_size(page)
        return self._plain.get(number, width * height * 3, lambda: self._decode_plainly(page, number))

    def _decode_plainly(self, page: tifffile.TiffPage, number: int) -> _Piece:
        data = self._source.read_at(page.dataoffsets[number], page.databytecounts[number])
        colours = _ADOBE % (b"\0" if self._cut_jpeg_is_rgb else b"\1")
        stream = data[:2] + colours + self.jpeg_tables[2:-2] + data[2:]
        pixels = simplejpeg.decode_jpeg(stream, colorspace="RGB", fastupsample=True)
        width, height = _piece_size(page)
        cols = ceil_div(page.imagewidth, width)
        return np.asarray(pixels), (0, number // cols * height, number % cols * width)


def _piece_size(page: tifffile.TiffPage) -> tuple[int, int]:
    if page.is_tiled:
        return page.tilewidth, page.tilelength
    return page.imagewidth, min(page.rowsperstrip, page.imagelength)


def _jpeg2000(data: bytes, is_ycbcr: bool) -> NDArray[Any]:
    """By Pillow, which like all of OpenJPEG's users turns subsampled YCbCr into RGB itself, but no other."""
    image = Image.open(io.BytesIO(data))
    pixels = np.asarray(image)
    is_subsampled = any(step != 1 for at in (42, 45, 48) for step in data[at + 1 : at + 3])
    if is_ycbcr and not is_subsampled:
        return np.asarray(Image.fromarray(pixels, "YCbCr").convert("RGB"))
    return pixels


@contextmanager
def open_page_witness(
    source: ByteSource,
    numbers: Sequence[int],
    tile_size_px: int,
    read_mpp: Callable[[tifffile.TiffPage], Mpp | None],
    *,
    colour: Colour | None,
    cut_jpeg_is_rgb: bool | None,
    kind: type[PageWitness] = PageWitness,
) -> Iterator[PageWitness]:
    """`numbers`: of the pages, in the main chain. Raises VerificationError where tifffile disagrees."""
    with open_tifffile(source) as pages:
        try:
            chosen = [pages[number] for number in numbers]
            mpp = read_mpp(chosen[0])
            witness = kind(source, chosen, tile_size_px, mpp, colour, cut_jpeg_is_rgb)
        except LIBRARY_ERRORS as error:
            raise VerificationError("an independent library could not read the source") from error
        yield witness
