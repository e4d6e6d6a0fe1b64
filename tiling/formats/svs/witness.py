"""An SVS read by tifffile and decoded by imagecodecs: the second opinion that the proof rests on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from tiling.errors import VerificationError
from tiling.geometry import Mpp, Size, TileGrid
from tiling.model import Pixels
from tiling.source import ByteSource
from tiling.tiff.second_reader import CODEC_ERRORS, LIBRARY_ERRORS, open_tifffile
from tiling.tiff.tags import Compression


class SvsWitness:
    """Implements `tiling.model.Witness`."""

    def __init__(self, source: ByteSource, page: tifffile.TiffPage) -> None:
        self._source = source
        self._page = page
        self.grid = TileGrid(Size(page.imagewidth, page.imagelength), page.tilewidth)
        self.jpeg_tables = page.jpegtables or b""
        self.mpp = _single_mpp(page.tags.valueof(270))
        if not page.tilewidth == page.tilelength > 0 or self.grid.count != len(page.dataoffsets):
            raise VerificationError("two libraries read the source's tiles differently")

    def stored_tile(self, index: int) -> bytes | None:
        length = self._page.databytecounts[index]
        return self._source.read_at(self._page.dataoffsets[index], length) if length else None

    def tile_pixels(self, index: int) -> Pixels:
        data = self.stored_tile(index)
        try:
            decoded = self._page.decode(data, index, jpegtables=self._page.jpegtables, _fullsize=True)[0]
        except (*LIBRARY_ERRORS, *CODEC_ERRORS) as error:
            raise VerificationError("a tile of the source could not be decoded a second time") from error
        side = self.grid.tile_size_px
        pixels = np.asarray(decoded)
        if pixels.size != side * side * 3:
            raise VerificationError("a tile of the source could not be decoded a second time")
        pixels = pixels.reshape(side, side, 3).astype(np.uint8, copy=False)
        if self._page.compression == Compression.APERIO_JPEG2000_YCBCR:  # tifffile leaves that to its caller
            return np.asarray(Image.fromarray(pixels, "YCbCr").convert("RGB"))
        return pixels

    def plain_pixels(self, index: int) -> Pixels:
        """Not to be had: no tile of this format is cut."""
        raise VerificationError("this source's tiles are not cut")


def _single_mpp(description: Any) -> Mpp | None:
    """tifffile hands out bytes where a description is not ASCII."""
    text = description.decode("latin-1") if isinstance(description, bytes) else str(description)
    try:
        values = {float(value) for value in re.findall(r"\|\s*MPP\s*=\s*([^|\0]*)", text)}
    except ValueError:
        return None
    if len(values) != 1:
        return None
    value = values.pop()
    return Mpp(value, value)


@contextmanager
def open_witness(source: ByteSource) -> Iterator[SvsWitness]:
    """Raises VerificationError where the second library disagrees or gives up."""
    with open_tifffile(source) as pages:
        try:
            witness = SvsWitness(source, pages[0])
        except LIBRARY_ERRORS as error:
            raise VerificationError("an independent library could not read the source") from error
        yield witness
