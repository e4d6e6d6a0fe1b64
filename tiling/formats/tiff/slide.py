"""A TIFF slide: its largest image is level 0, everything else is recognised and left behind."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from ground.source import ByteSource
from ground.subject import Subject
from tiling.errors import CorruptSlideError, SlideTooLargeError, TilingError, UnsupportedSlideError
from tiling.formats.tiff.appearance import MOST_CHANNELS, appearance
from tiling.formats.tiff.colouring import Colouring, RgbColouring
from tiling.formats.tiff.layout import Layout
from tiling.formats.tiff.ome import is_ome, ome_layout, ome_mpp
from tiling.formats.tiff.pages import plain_layout
from tiling.formats.tiff.qptiff import is_qptiff, qptiff_layout
from tiling.formats.tiff.sampling import sampled, sharpest
from tiling.formats.tiff.scale import mpp_from_tags, mpp_of_page
from tiling.formats.tiff.selection import classify
from tiling.geometry import Mpp, TileGrid
from tiling.limits import Limits
from tiling.model import AssociatedImage, Carriage, ImageRole, Level, Pixels, Place, Tile
from tiling.tiff import tags
from tiling.tiff.chunk_cache import ChunkCache
from tiling.tiff.images import TiffImage, read_image
from tiling.tiff.inventory import Listed, list_places, with_linked
from tiling.tiff.jpeg_tiles import ENCODED_AGAIN, OWN_TILE_SIDE_PX, jpeg_tiles
from tiling.tiff.page_witness import PageWitness, open_page_witness
from tiling.tiff.reader import TiffFile
from tiling.tiff.region_reader import RegionReader, padded
from tiling.tiff.tags import Compression
from tiling.tiff.texts import list_texts

_SMALLEST_SIDE_PX = 64
_LARGEST_ENCODED_SIDE_PX = 512
_LARGEST_CARRIED_SIDE_PX = 1_024
_COLOUR_SPACE_IN_ICC = slice(16, 20)
_CACHE_BYTES = 192 * 2**20


class TiffSlide:
    """Implements `tiling.model.Slide`.

    Raises CorruptSlideError, UnsupportedSlideError, SlideTooLargeError.
    """

    subject: Subject | None = None

    def __init__(self, source: ByteSource, tiff: TiffFile, limits: Limits) -> None:
        self._source = source
        self._tiff = tiff
        self._images = tuple(read_image(tiff, directory, limits) for directory in tiff.directories)
        layout = find_layout(self._images)
        cache: ChunkCache[NDArray[Any]] = ChunkCache(_CACHE_BYTES)

        def reader_of(image: TiffImage) -> RegionReader:
            return RegionReader(source, tiff, image, cache)

        plane, reason = sharpest([reader_of(self._images[pages[0]]) for pages in layout.stack])
        self._pages = layout.stack[plane][:MOST_CHANNELS]
        self._readers = [reader_of(self._images[page]) for page in self._pages]
        base = self._base = self._images[self._pages[0]]
        if any(reader.dtype != self._readers[0].dtype for reader in self._readers) or any(
            self._images[page].size != base.size for page in self._pages
        ):
            raise UnsupportedSlideError("the slide's channels differ in size or in kind")
        self._roles = classify(self._images, self._pages)
        self._listed = with_linked(tiff, self._list(), limits)
        first = self._readers[0]
        self._jpegs = jpeg_tiles(first, _LARGEST_CARRIED_SIDE_PX) if len(self._pages) == 1 else None
        self._colour: Colouring | None = None
        remarks: tuple[str, ...] = ()
        if self._jpegs is not None:
            self.carriage, self.grid = self._jpegs.carriage, self._jpegs.grid
        else:
            self.carriage = Carriage.ENCODED
            self.grid = TileGrid(base.size, _tile_side_px(base))

            def look() -> list[NDArray[Any]]:
                pairs = zip(self._readers, self._pages, strict=True)
                return [sampled(reader, self._overviews(page, reader_of)) for reader, page in pairs]

            self._colour, remarks = appearance(tiff, base, len(layout.stack[plane]), look, layout.colours)
            if base.compression == Compression.JPEG:
                remarks += (ENCODED_AGAIN,)
        if self.grid.count > limits.tiles:
            raise SlideTooLargeError("the slide has more tiles than is supported")
        self.is_rgb = self._jpegs is not None and first.jpeg_is_rgb
        if len(layout.stack) > 1:
            remarks = (f"Focal plane {plane + 1} of {len(layout.stack)} is shown: {reason}.", *remarks)
        if tiff.integer(base.directory, tags.ORIENTATION, 1) != 1:
            remarks += ("The file asks to be shown turned or mirrored; it is shown as it is stored.",)
        self.remarks = (*layout.remarks, *remarks)
        self.format_name = layout.format_name
        self._is_ome = layout.format_name == "ome-tiff"
        self.mpp = layout.mpp or mpp_from_tags(tiff, base.directory)
        self.objective_power = layout.objective_power
        self.icc_profile = self._rgb_profile()
        self.l0_bytes = sum(int(reader.table.byte_counts.sum()) for reader in self._readers)

    def _overviews(self, page: int, reader_of: Callable[[TiffImage], RegionReader]) -> list[RegionReader]:
        """The reduced images in a page's sub-directories, as far as they can be read."""
        readers = []
        for one in self._listed:
            if one.image and one.is_level and one.name.startswith(f"directory {page} "):
                with suppress(TilingError):
                    readers.append(reader_of(one.image))
        return readers

    def _rgb_profile(self) -> bytes | None:
        """The page's colour profile, unless it speaks of grey or ink, or the colours are of our choosing."""
        entry = self._base.directory.entries.get(tags.ICC_PROFILE)
        if entry is None or not (self._jpegs is not None or isinstance(self._colour, RgbColouring)):
            return None
        profile = self._tiff.raw(entry)
        return profile if profile[_COLOUR_SPACE_IN_ICC] == b"RGB " else None

    @property
    def levels(self) -> tuple[Level, ...]:
        reduced = {
            image.size: Level(image.size, self._base.size.width_px / image.size.width_px)
            for image in self._level_images()
            if image.size != self._base.size
        }
        smaller = sorted(reduced.values(), key=lambda level: level.downsample)
        return (Level(self._base.size, 1.0), *smaller)

    def _level_images(self) -> Iterator[TiffImage]:
        """The reduced images of level 0: pages of their own, or sub-directories of its page."""
        roles = zip(self._images, self._roles, strict=True)
        chain = (image for image, role in roles if role is ImageRole.LEVEL)
        linked = (one.image for one in self._listed if one.is_level and one.image)
        return itertools.chain(chain, linked)

    @property
    def associated_images(self) -> tuple[AssociatedImage, ...]:
        return tuple(
            AssociatedImage(role, image.size)
            for image, role in zip(self._images, self._roles, strict=True)
            if role is not ImageRole.LEVEL
        )

    def associated_pixels(self, _role: ImageRole) -> Pixels | None:
        """None: nothing in a plain TIFF says reliably what its other pages show."""
        return None

    def read_tile(self, col: int, row: int) -> Tile:
        """A tile that the file leaves out is none; sparse files do that."""
        if self._jpegs is not None:
            return Tile(jpeg=self._jpegs.read(col, row))
        if self._colour is None:
            raise CorruptSlideError("the slide has no colours")
        region = self.grid.region(col, row)
        parts = [reader.read(region, fill=self._colour.ground) for reader in self._readers]
        if self._colour.is_on_glass and all(part is None for part in parts):
            return Tile()
        samples = np.concatenate(
            [
                reader.empty(region, self._colour.ground) if part is None else part
                for reader, part in zip(self._readers, parts, strict=True)
            ],
            axis=2,
        )
        return Tile(pixels=padded(self._colour(samples), self.grid.tile_size_px))

    def places(self) -> Sequence[Place]:
        return list_places(self._tiff, self._listed)

    def texts(self) -> Sequence[bytes]:
        return list_texts(self._tiff, self._listed)

    def witness(self) -> AbstractContextManager[PageWitness]:
        return open_page_witness(
            self._source,
            self._pages,
            self.grid.tile_size_px,
            self._mpp_of_page,
            colour=self._colour,
            cut_jpeg_is_rgb=self.is_rgb if self.carriage is Carriage.CUT else None,
        )

    def _mpp_of_page(self, page: tifffile.TiffPage) -> Mpp | None:
        stated = ome_mpp(self._images[0].description, self.grid.size) if self._is_ome else None
        return stated or mpp_of_page(page)

    def _list(self) -> list[Listed]:
        return [
            Listed(
                f"directory {number} ({'level 0' if number in self._pages else role.value})",
                image.directory,
                image,
                is_base=number in self._pages,
            )
            for number, (image, role) in enumerate(zip(self._images, self._roles, strict=True))
        ]


def find_layout(images: Sequence[TiffImage]) -> Layout:
    """What to show, by whichever description the file has. Raises UnsupportedSlideError."""
    described = None
    if is_ome(images[0].description):
        described = ome_layout(images)
    elif is_qptiff(images[0].description):
        described = qptiff_layout(images)
    return described or plain_layout(images)


def _tile_side_px(image: TiffImage) -> int:
    """The source's own where it suits, so that each of its tiles is decoded for one of ours."""
    side = image.tile_width_px
    is_suited = side == image.tile_height_px and side % 16 == 0
    return side if is_suited and _SMALLEST_SIDE_PX <= side <= _LARGEST_ENCODED_SIDE_PX else OWN_TILE_SIDE_PX
