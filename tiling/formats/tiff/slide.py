"""A TIFF slide: its largest image is level 0, everything else is recognised and left behind."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from tiling.errors import SlideTooLargeError, UnsupportedSlideError
from tiling.formats.tiff.colouring import Colouring, GreyColouring, RgbColouring, Window
from tiling.formats.tiff.scale import mpp_from_tags, mpp_of_page
from tiling.formats.tiff.selection import choose_base, classify
from tiling.geometry import TileGrid
from tiling.jpeg import TileCompleter
from tiling.limits import Limits
from tiling.model import AssociatedImage, Carriage, ImageRole, Level, Place, Tile
from tiling.source import ByteSource
from tiling.tiff import tags
from tiling.tiff.chunk_cache import ChunkCache
from tiling.tiff.images import TiffImage, read_image
from tiling.tiff.inventory import Listed, list_places, list_texts
from tiling.tiff.page_witness import PageWitness, open_page_witness
from tiling.tiff.reader import TiffFile
from tiling.tiff.region_reader import RegionReader, padded
from tiling.tiff.tags import Compression, Photometric, SampleFormat

_OWN_TILE_SIDE_PX = 256
_LARGEST_ENCODED_SIDE_PX = 512
_LARGEST_CARRIED_SIDE_PX = 1_024
_CACHE_BYTES = 192 * 2**20
_WHITE = 255


class TiffSlide:
    """Implements `tiling.model.Slide`.

    Raises CorruptSlideError, UnsupportedSlideError, SlideTooLargeError.
    """

    format_name = "tiff"
    objective_power: float | None = None

    def __init__(self, source: ByteSource, tiff: TiffFile, limits: Limits) -> None:
        self._source = source
        self._tiff = tiff
        self._limits = limits
        self._images = tuple(read_image(tiff, directory, limits) for directory in tiff.directories)
        self._base_number = choose_base(self._images)
        self._roles = classify(self._images, self._base_number)
        base = self._images[self._base_number]
        self._base = base
        self._reader = RegionReader(source, tiff, base, ChunkCache(_CACHE_BYTES))
        self.carriage = Carriage.CARRIED if _can_be_carried(base) else Carriage.ENCODED
        self.grid = TileGrid(base.size, _tile_side_px(base, self.carriage))
        if self.grid.count > limits.tiles:
            raise SlideTooLargeError("the slide has more tiles than is supported")
        self.is_rgb = self.carriage is Carriage.CARRIED and self._reader.jpeg_is_rgb
        if self.carriage is Carriage.CARRIED:
            self._complete = TileCompleter(base.jpeg_tables, self.is_rgb)
        else:
            self._colour = _colouring(base)
        self.mpp = mpp_from_tags(tiff, base.directory)
        icc = base.directory.entries.get(tags.ICC_PROFILE)
        self.icc_profile = tiff.raw(icc) if icc is not None else None
        self.l0_bytes = int(self._reader.table.byte_counts.sum())
        self.remarks: tuple[str, ...] = ()

    @property
    def levels(self) -> tuple[Level, ...]:
        reduced = {
            image.size: Level(image.size, self._base.size.width_px / image.size.width_px)
            for image, role in zip(self._images, self._roles, strict=True)
            if role is ImageRole.LEVEL and image.size != self._base.size
        }
        smaller = sorted(reduced.values(), key=lambda level: level.downsample)
        return (Level(self._base.size, 1.0), *smaller)

    @property
    def associated_images(self) -> tuple[AssociatedImage, ...]:
        return tuple(
            AssociatedImage(role, image.size)
            for image, role in zip(self._images, self._roles, strict=True)
            if role is not ImageRole.LEVEL
        )

    def read_tile(self, col: int, row: int) -> Tile:
        """A tile that the file leaves out is none; sparse files do that."""
        if self.carriage is Carriage.CARRIED:
            data = self._reader.stored(row * self.grid.cols + col)
            return Tile() if data is None else Tile(jpeg=self._complete(data))
        samples = self._reader.read(self.grid.region(col, row), fill=_WHITE)
        if samples is None:
            return Tile()
        side = self.grid.tile_size_px
        return Tile(pixels=padded(self._colour(samples), side))

    def places(self) -> Sequence[Place]:
        return list_places(self._tiff, self._listed())

    def _listed(self) -> list[Listed]:
        return [
            Listed(
                f"directory {number} ({'level 0' if number == self._base_number else role.value})",
                image.directory,
                image,
                is_base=number == self._base_number,
            )
            for number, (image, role) in enumerate(zip(self._images, self._roles, strict=True))
        ]

    def witness(self) -> AbstractContextManager[PageWitness]:
        colour = None if self.carriage is Carriage.CARRIED else self._colour
        return open_page_witness(
            self._source, [self._base_number], self.grid.tile_size_px, colour, _WHITE, mpp_of_page
        )

    def texts(self) -> Sequence[bytes]:
        return list_texts(self._tiff, self._tiff.directories, self._limits)


def _can_be_carried(image: TiffImage) -> bool:
    side = image.tile_width_px
    return (
        image.compression == Compression.JPEG
        and image.samples_per_pixel == 3
        and image.bits_per_sample == 8
        and image.planar_configuration == 1
        and image.photometric in (Photometric.RGB, Photometric.YCBCR)
        and image.tile_height_px == side
        and 0 < side <= _LARGEST_CARRIED_SIDE_PX
        and side % 16 == 0
    )


def _tile_side_px(image: TiffImage, carriage: Carriage) -> int:
    side = image.tile_width_px
    is_suited = side == image.tile_height_px and side % 16 == 0 and 64 <= side <= _LARGEST_ENCODED_SIDE_PX
    return side if carriage is Carriage.CARRIED or is_suited else _OWN_TILE_SIDE_PX


def _colouring(image: TiffImage) -> Colouring:
    window = Window(0, 255)
    if (image.bits_per_sample, image.sample_format) != (8, SampleFormat.UNSIGNED):
        raise UnsupportedSlideError("only slides with samples of 8 bits are supported")
    if image.photometric in (Photometric.RGB, Photometric.YCBCR) and image.samples_per_pixel >= 3:
        return RgbColouring(window)
    if image.photometric in (Photometric.MIN_IS_BLACK, Photometric.MIN_IS_WHITE):
        return GreyColouring(window, is_inverted=image.photometric == Photometric.MIN_IS_WHITE)
    raise UnsupportedSlideError("the slide's colours are of a kind that is not supported")
