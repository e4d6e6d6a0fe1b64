"""An Aperio slide: level 0 is the first directory, everything else is recognised and left behind."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from tiling.errors import CorruptSlideError, SlideTooLargeError, UnsupportedSlideError
from tiling.formats.svs.coding import TileDecoder
from tiling.formats.svs.description import is_aperio, parse
from tiling.formats.svs.directories import classify
from tiling.formats.svs.witness import SvsWitness, open_witness
from tiling.geometry import Mpp, TileGrid
from tiling.jpeg import TileCompleter
from tiling.limits import Limits
from tiling.model import AssociatedImage, Carriage, ImageRole, Level, Place, Tile
from tiling.source import ByteSource
from tiling.tiff import tags
from tiling.tiff.images import read_image
from tiling.tiff.inventory import list_places, list_texts, listed_images
from tiling.tiff.reader import TiffFile
from tiling.tiff.tags import Compression, Photometric


def is_svs(tiff: TiffFile, limits: Limits) -> bool:
    """Whether the first directory's description is one that Aperio software writes."""
    entry = tiff.directories[0].entries.get(tags.IMAGE_DESCRIPTION)
    return entry is not None and is_aperio(tiff.raw(entry, limits.text_bytes))


class SvsSlide:
    """Implements `tiling.model.Slide`.

    Raises CorruptSlideError, UnsupportedSlideError, SlideTooLargeError.
    """

    format_name = "aperio-svs"
    remarks: tuple[str, ...] = ()

    def __init__(self, source: ByteSource, tiff: TiffFile, limits: Limits) -> None:
        self._tiff = tiff
        self._source = source
        self._limits = limits
        self._images = tuple(read_image(tiff, d, limits) for d in tiff.directories)
        base = self._images[0]
        self._base = base
        if base.tiles is None:
            raise UnsupportedSlideError("the slide's first image is not tiled")
        if base.tile_width_px != base.tile_height_px:
            raise UnsupportedSlideError("the slide's tiles are not square")
        if base.tile_width_px % 16:
            raise CorruptSlideError("the slide's tile size is not a multiple of 16, as TIFF demands")
        if base.tile_width_px > limits.tile_side_px:
            raise SlideTooLargeError("the slide's tiles are larger than is supported")
        if base.samples_per_pixel != 3 or base.bits_per_sample != 8:
            raise UnsupportedSlideError("only slides with three samples of 8 bits per pixel are supported")
        self.grid = TileGrid(base.size, base.tile_width_px)
        if len(base.tiles.offsets) != self.grid.count:
            raise CorruptSlideError("the slide's tile table does not fit its size")
        self._roles = classify(self._images)
        stated = parse(base.description)
        self.mpp = Mpp(stated.mpp_um, stated.mpp_um) if stated.mpp_um is not None else None
        self.objective_power = stated.objective_power
        icc = base.directory.entries.get(tags.ICC_PROFILE)
        self.icc_profile = tiff.raw(icc) if icc is not None else None
        self.l0_bytes = int(base.tiles.byte_counts.sum())
        holds_jpeg = base.compression == Compression.JPEG
        self.carriage = Carriage.CARRIED if holds_jpeg else Carriage.ENCODED
        if holds_jpeg and base.photometric not in (Photometric.RGB, Photometric.YCBCR):
            raise UnsupportedSlideError("the slide's JPEG tiles are neither RGB nor YCbCr")
        self.is_rgb = holds_jpeg and base.photometric == Photometric.RGB
        if holds_jpeg:
            self._complete = TileCompleter(base.jpeg_tables, self.is_rgb)
        else:
            self._decode = TileDecoder(base)

    @property
    def levels(self) -> tuple[Level, ...]:
        width_px = self._base.size.width_px
        return tuple(
            Level(image.size, width_px / image.size.width_px)
            for image, role in zip(self._images, self._roles, strict=True)
            if role is ImageRole.LEVEL
        )

    @property
    def associated_images(self) -> tuple[AssociatedImage, ...]:
        return tuple(
            AssociatedImage(role, image.size)
            for image, role in zip(self._images, self._roles, strict=True)
            if role is not ImageRole.LEVEL
        )

    def read_tile(self, col: int, row: int) -> Tile:
        """Some Aperio writers leave a tile out (byte count 0) where the scanner saw nothing."""
        data = self._read_stored_tile(col, row)
        if data is None:
            return Tile()
        if self.carriage is Carriage.CARRIED:
            return Tile(jpeg=self._complete(data))
        return Tile(pixels=self._decode(data))

    def _read_stored_tile(self, col: int, row: int) -> bytes | None:
        tiles = self._base.tiles
        if tiles is None:
            raise CorruptSlideError("the slide's first image is not tiled")
        index = row * self.grid.cols + col
        length = int(tiles.byte_counts[index])
        if length == 0:
            return None
        data = self._source.read_at(int(tiles.offsets[index]), length)
        if len(data) != length:
            raise CorruptSlideError("the file ended while it was being read")
        return data

    def places(self) -> Sequence[Place]:
        return list_places(self._tiff, listed_images(self._images, self._roles))

    def witness(self) -> AbstractContextManager[SvsWitness]:
        return open_witness(self._source)

    def texts(self) -> Sequence[bytes]:
        return list_texts(self._tiff, self._tiff.directories, self._limits)
