"""A TIFF slide read by tifffile: the second opinion that the proof rests on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from tiling.errors import VerificationError
from tiling.formats.tiff.colouring import Colouring
from tiling.formats.tiff.scale import plausible_mpp
from tiling.geometry import Mpp, Size, TileGrid, ceil_div
from tiling.model import Pixels
from tiling.source import ByteSource
from tiling.tiff.second_reader import CODEC_ERRORS, LIBRARY_ERRORS, open_tifffile


class TiffWitness:
    """Implements `tiling.model.Witness`.

    colour: how samples are shown, None where the tiles are carried over. `pages` are laid one behind the
    other, as channels.
    """

    def __init__(
        self,
        source: ByteSource,
        pages: Sequence[tifffile.TiffPage],
        tile_size_px: int,
        colour: Colouring | None,
        fill: int,
        mpp: Mpp | None,
    ) -> None:
        self._source = source
        self._pages = pages
        self._colour = colour
        self._fill = fill
        self.mpp = mpp
        first = pages[0]
        self.grid = TileGrid(Size(first.imagewidth, first.imagelength), tile_size_px)
        self.jpeg_tables = first.jpegtables or b""

    def stored_tile(self, index: int) -> bytes | None:
        first = self._pages[0]
        if self._colour is None:
            length = first.databytecounts[index]
            return self._source.read_at(first.dataoffsets[index], length) if length else None
        is_there = any(page.databytecounts[n] for page in self._pages for n in self._pieces(page, index))
        return b"" if is_there else None

    def tile_pixels(self, index: int) -> Pixels:
        try:
            if self._colour is None:
                first = self._pages[0]
                piece = _decode(first, self.stored_tile(index), index)
                return np.asarray(piece.reshape(self.grid.tile_size_px, self.grid.tile_size_px, 3), np.uint8)
            samples = np.concatenate([self._samples(page, index) for page in self._pages], axis=2)
        except (*LIBRARY_ERRORS, *CODEC_ERRORS) as error:
            raise VerificationError("a tile of the source could not be decoded a second time") from error
        return self._colour(samples)

    def plain_pixels(self, index: int) -> Pixels:
        """Not to be had: no tile of this format is cut."""
        raise VerificationError("this source's tiles are not cut")

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

    def _samples(self, page: tifffile.TiffPage, index: int) -> NDArray[Any]:
        """A tile of the grid, (side, side, samples); its last lines are repeated beyond the image."""
        side = self.grid.tile_size_px
        place = self.grid.region(index % self.grid.cols, index // self.grid.cols)
        left, top, size = place.origin.x, place.origin.y, place.size
        out = np.full((size.height_px, size.width_px, page.samplesperpixel), self._fill, page.dtype)
        for number in self._pieces(page, index):
            if not (length := page.databytecounts[number]):
                continue
            data = self._source.read_at(page.dataoffsets[number], length)
            decoded, (plane, _, y, x, _), _ = page.decode(data, number, jpegtables=page.jpegtables)
            piece = np.asarray(decoded)[0]
            y0, y1 = max(y, top), min(y + piece.shape[0], top + size.height_px)
            x0, x1 = max(x, left), min(x + piece.shape[1], left + size.width_px)
            bands = slice(plane, plane + 1) if page.planarconfig == 2 else slice(None)
            out[y0 - top : y1 - top, x0 - left : x1 - left, bands] = piece[y0 - y : y1 - y, x0 - x : x1 - x]
        beyond = ((0, side - size.height_px), (0, side - size.width_px), (0, 0))
        return np.pad(out, beyond, mode="edge")


def _piece_size(page: tifffile.TiffPage) -> tuple[int, int]:
    if page.is_tiled:
        return page.tilewidth, page.tilelength
    return page.imagewidth, min(page.rowsperstrip, page.imagelength)


def _decode(page: tifffile.TiffPage, data: bytes | None, index: int) -> NDArray[Any]:
    decoded = page.decode(data, index, jpegtables=page.jpegtables, _fullsize=True)[0]
    return np.asarray(decoded)


def mpp_of_page(page: tifffile.TiffPage) -> Mpp | None:
    """What tifffile says about the resolution, by the same rule of what is plausible."""
    um_per_unit = {2: 25_400, 3: 10_000}.get(page.tags.valueof(296))
    values = [page.tags.valueof(282), page.tags.valueof(283)]
    if um_per_unit is None or any(value is None or 0 in value for value in values):
        return None
    across, down = (float(Fraction(um_per_unit) * value[1] / value[0]) for value in values)
    return plausible_mpp(across, down)


@contextmanager
def open_witness(
    source: ByteSource, numbers: Sequence[int], tile_size_px: int, colour: Colouring | None, fill: int
) -> Iterator[TiffWitness]:
    """`numbers`: of the pages, in the main chain. Raises VerificationError where tifffile disagrees."""
    with open_tifffile(source) as pages:
        try:
            chosen = [pages[number] for number in numbers]
            witness = TiffWitness(source, chosen, tile_size_px, colour, fill, mpp_of_page(chosen[0]))
        except LIBRARY_ERRORS as error:
            raise VerificationError("an independent library could not read the source") from error
        yield witness
