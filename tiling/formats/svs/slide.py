"""An Aperio slide: its largest tiled image is level 0, everything else is recognised and left behind."""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager

import tifffile

from ground.source import ByteSource
from ground.subject import Subject
from tiling.errors import SlideTooLargeError, UnsupportedSlideError
from tiling.formats.svs.description import is_aperio, parse
from tiling.formats.svs.directories import choose_base, classify
from tiling.formats.svs.edges import Edge, SvsWitness
from tiling.geometry import Mpp, TileGrid
from tiling.limits import Limits
from tiling.model import AssociatedImage, Carriage, ImageRole, Level, Pixels, Place, Tile
from tiling.tiff import tags
from tiling.tiff.chunk_cache import ChunkCache
from tiling.tiff.images import read_image
from tiling.tiff.inventory import list_places, listed_images, with_linked
from tiling.tiff.jpeg_tiles import ENCODED_AGAIN, OWN_TILE_SIDE_PX, jpeg_tiles
from tiling.tiff.page_witness import AS_IT_IS, PageWitness, open_page_witness
from tiling.tiff.reader import TiffFile
from tiling.tiff.region_reader import RegionReader, padded, whole_picture
from tiling.tiff.tags import Compression, Photometric
from tiling.tiff.texts import list_texts

_CACHE_BYTES = 128 * 2**20
_WHITE = 255


def is_svs(tiff: TiffFile, limits: Limits) -> bool:
    """Whether the first directory's description is one that Aperio software writes."""
    entry = tiff.directories[0].entries.get(tags.IMAGE_DESCRIPTION)
    return entry is not None and is_aperio(tiff.raw(entry, limits.text_bytes))


class SvsSlide:
    """Implements `tiling.model.Slide`.

    Raises CorruptSlideError, UnsupportedSlideError, SlideTooLargeError.
    """

    format_name = "aperio-svs"
    subject: Subject | None = None  # Aperio's words name a patient at will, if at all

    def __init__(self, source: ByteSource, tiff: TiffFile, limits: Limits) -> None:
        self._tiff = tiff
        self._remarks: tuple[str, ...] = ()
        self._source = source
        self._images = tuple(read_image(tiff, d, limits) for d in tiff.directories)
        self._base_number = choose_base(self._images)
        self._roles = classify(self._images, self._base_number)
        listed = listed_images(self._images, self._roles, self._base_number)
        self._listed = with_linked(tiff, listed, limits)
        base = self._base = self._images[self._base_number]
        if base.samples_per_pixel != 3 or base.bits_per_sample != 8:
            raise UnsupportedSlideError("only slides with three samples of 8 bits per pixel are supported")
        if base.photometric not in (Photometric.RGB, Photometric.YCBCR):
            raise UnsupportedSlideError("the slide's tiles are neither RGB nor YCbCr")
        self._reader = RegionReader(
            source,
            tiff,
            base,
            ChunkCache(_CACHE_BYTES),
            jpeg_is_rgb=base.photometric == Photometric.RGB,
        )
        self._jpegs = jpeg_tiles(self._reader, limits.tile_side_px)
        if self._jpegs is not None:
            self.carriage, self.grid = self._jpegs.carriage, self._jpegs.grid
        else:
            side = base.tile_width_px
            is_suited = side == base.tile_height_px and side % 16 == 0 and side <= limits.tile_side_px
            self.carriage = Carriage.ENCODED
            self.grid = TileGrid(base.size, side if is_suited else OWN_TILE_SIDE_PX)
            if base.compression == Compression.JPEG:
                self._remarks = (ENCODED_AGAIN,)
        if self.grid.count > limits.tiles:
            raise SlideTooLargeError("the slide has more tiles than is supported")
        self._edge = Edge(self.grid)
        stated = parse(base.description)
        self.mpp = Mpp(stated.mpp_um, stated.mpp_um) if stated.mpp_um is not None else None
        self.objective_power = stated.objective_power
        icc = base.directory.entries.get(tags.ICC_PROFILE)
        self.icc_profile = tiff.raw(icc) if icc is not None else None
        self.l0_bytes = int(self._reader.table.byte_counts.sum())
        self.is_rgb = self._jpegs is not None and self._reader.jpeg_is_rgb

    @property
    def remarks(self) -> tuple[str, ...]:
        """Complete once all tiles have been read."""
        return (*self._remarks, *self._edge.remarks)

    @property
    def levels(self) -> tuple[Level, ...]:
        width_px = self._base.size.width_px
        sizes = [
            image.size
            for image, role in zip(self._images, self._roles, strict=True)
            if role is ImageRole.LEVEL and image is not self._base
        ]
        return (
            Level(self._base.size, 1.0),
            *(Level(size, width_px / size.width_px) for size in sizes if size != self._base.size),
        )

    @property
    def associated_images(self) -> tuple[AssociatedImage, ...]:
        return tuple(
            AssociatedImage(role, image.size)
            for image, role in zip(self._images, self._roles, strict=True)
            if role is not ImageRole.LEVEL
        )

    def associated_pixels(self, role: ImageRole) -> Pixels | None:
        if role not in self._roles:
            return None
        return whole_picture(self._source, self._tiff, self._images[self._roles.index(role)])

    def read_tile(self, col: int, row: int) -> Tile:
        """Some Aperio writers leave a tile out (byte count 0) where the scanner saw nothing."""
        return self._edge.tile(col, row, lambda: self._read_tile(col, row))

    def _read_tile(self, col: int, row: int) -> Tile:
        if self._jpegs is not None:
            return Tile(jpeg=self._jpegs.read(col, row))
        samples = self._reader.read(self.grid.region(col, row), fill=_WHITE)
        return Tile() if samples is None else Tile(pixels=padded(samples, self.grid.tile_size_px))

    def places(self) -> Sequence[Place]:
        return list_places(self._tiff, self._listed)

    def witness(self) -> AbstractContextManager[PageWitness]:
        return open_page_witness(
            self._source,
            [self._base_number],
            self.grid.tile_size_px,
            _mpp_of_page,
            colour=None if self._jpegs is not None else AS_IT_IS,
            cut_jpeg_is_rgb=self.is_rgb if self.carriage is Carriage.CUT else None,
            kind=SvsWitness,
        )

    def texts(self) -> Sequence[bytes]:
        return list_texts(self._tiff, self._listed)


def _mpp_of_page(page: tifffile.TiffPage) -> Mpp | None:
    """The scale in the eyes of other code than `description`."""
    description = page.tags.valueof(tags.IMAGE_DESCRIPTION)
    # tifffile hands out bytes where a description is not ASCII.
    text = description.decode("latin-1") if isinstance(description, bytes) else str(description)
    stated = re.findall(r"\|\s*MPP\s*=\s*([^|\0]*)", text, re.IGNORECASE)
    try:
        values = {float(value.replace(",", ".")) for value in stated}
    except ValueError:
        return None
    if len(values) != 1:
        return None
    value = values.pop()
    return Mpp(value, value)
