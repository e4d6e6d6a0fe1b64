"""A Hamamatsu slide: the largest level is cut into tiles, everything else is recognised and left behind."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from ground.source import ByteSource
from ground.subject import Subject
from tiling.errors import (
    CorruptSlideError,
    SlideTooLargeError,
    TilingError,
    UncroppableJpegError,
    UnsupportedSlideError,
)
from tiling.formats.ndpi.cutting import TileCutter
from tiling.formats.ndpi.directories import NdpiFile
from tiling.formats.ndpi.images import choose_base, read_image, remarks_on
from tiling.formats.ndpi.inventory import list_places, list_texts
from tiling.formats.ndpi.witness import NdpiWitness, open_witness
from tiling.geometry import Size, TileGrid
from tiling.jpeg.headers import find_image_data, stated_size
from tiling.jpeg.regrid import Regridder
from tiling.limits import Limits
from tiling.model import AssociatedImage, Carriage, ImageRole, Level, Pixels, Place, Tile
from tiling.pixels import decode_jpeg, require_picture
from tiling.tiff.tags import Compression

TILE_SIDE_PX = 256
_HEADER_BYTES = 1 << 20
_LARGEST_JPEG_PX = 65_500  # what libjpeg writes at most


def is_ndpi(source: ByteSource, limits: Limits) -> bool:
    """Whether the first directory, read the way of NDPI, has Hamamatsu's tag."""
    try:
        NdpiFile(source, limits)
    except TilingError:
        return False  # read as NDPI, another TIFF's header points anywhere
    return True


class NdpiSlide:
    """Implements `tiling.model.Slide`.

    Raises NotASlideError, CorruptSlideError, UnsupportedSlideError, SlideTooLargeError.
    """

    format_name = "hamamatsu-ndpi"
    icc_profile: bytes | None = None
    is_rgb = False
    subject: Subject | None = None  # Hamamatsu's reference is free text

    def __init__(self, source: ByteSource, limits: Limits) -> None:
        self._source = source
        self._file = NdpiFile(source, limits)
        self._images = tuple(read_image(self._file, d, limits) for d in self._file.read_directories())
        self._base_number = choose_base(self._images)
        base = self._images[self._base_number]
        self.grid = TileGrid(base.size, TILE_SIDE_PX)
        if self.grid.count > limits.tiles:
            raise SlideTooLargeError("the slide has more tiles than is supported")
        if base.compression != Compression.JPEG:
            raise UnsupportedSlideError("the slide's image is not coded as JPEG")
        self.mpp = base.mpp
        self.objective_power = base.objective_power
        self.remarks = remarks_on(self._images, base)
        self.l0_bytes = base.strip_bytes
        header = self._file.bytes_at(base.strip_offset, min(base.strip_bytes, _HEADER_BYTES))
        image_data = find_image_data(header)
        _check_size(base.size, stated_size(header))
        try:
            regridder = Regridder(header[:image_data], tile_side_px=TILE_SIDE_PX)
        except UncroppableJpegError as error:
            raise UnsupportedSlideError(str(error)) from error
        self._cutter = TileCutter(self._file, base, regridder, image_data)
        # Readers expect three samples of a slide; a grey one is shown in colour, which takes coding it again.
        self._is_grey = len(regridder.frame.components) == 1
        self.carriage = Carriage.ENCODED if self._is_grey else Carriage.CUT

    @property
    def levels(self) -> tuple[Level, ...]:
        base = self._images[self._base_number]
        return tuple(
            Level(image.size, base.size.width_px / image.size.width_px)
            for image in self._images
            if image.role is ImageRole.LEVEL and image.z_nm == base.z_nm
        )

    @property
    def associated_images(self) -> tuple[AssociatedImage, ...]:
        return tuple(
            AssociatedImage(image.role, image.size)
            for image in self._images
            if image.role is not ImageRole.LEVEL
        )

    def associated_pixels(self, role: ImageRole) -> Pixels | None:
        """Hamamatsu stores the picture of the whole glass, and none of the label alone."""
        image = next((image for image in self._images if image.role is role), None)
        if image is None or role is ImageRole.LEVEL:
            return None
        require_picture(image.size)
        if image.compression != Compression.JPEG:
            raise UnsupportedSlideError("a picture beside the slide is not coded as JPEG")
        jpeg = self._file.bytes_at(image.strip_offset, image.strip_bytes)
        return decode_jpeg(jpeg, image.size.width_px, image.size.height_px)

    def read_tile(self, col: int, row: int) -> Tile:
        tile = self._cutter.tile(col, row)
        if self._is_grey:
            return Tile(pixels=decode_jpeg(tile, TILE_SIDE_PX, TILE_SIDE_PX))
        return Tile(jpeg=tile)

    def places(self) -> Sequence[Place]:
        return list_places(self._file, self._images, self._base_number)

    def witness(self) -> AbstractContextManager[NdpiWitness]:
        return open_witness(self._source, self._base_number)

    def texts(self) -> Sequence[bytes]:
        return list_texts(self._file, self._images)


def _check_size(size: Size, stated_px: tuple[int, int]) -> None:
    """The TIFF's size counts, as a JPEG header cannot state more than 65,535 px a side.

    Where it can, both must agree, or rows would be taken for others. Raises CorruptSlideError.
    """
    if max(size.width_px, size.height_px) > _LARGEST_JPEG_PX or 0 in stated_px:
        return
    if stated_px != (size.width_px, size.height_px):
        raise CorruptSlideError("the slide's image states another size than its directory")
