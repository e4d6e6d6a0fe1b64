"""A slide through OpenSlide: level 0 as that library lays it out, decoded and encoded once."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from ground.source import ByteSource
from ground.subject import Subject
from tiling.errors import CorruptSlideError, SlideTooLargeError
from tiling.formats.openslide import facts as stated
from tiling.formats.openslide import zeiss_words
from tiling.formats.openslide.blocks import BlockReader
from tiling.formats.openslide.files import place_one, place_several
from tiling.formats.openslide.handle import Handle
from tiling.formats.openslide.inventory import Inventory, inventory_of_files, inventory_of_tiff
from tiling.formats.openslide.stored import StoredTiles, stored_tiles
from tiling.formats.openslide.witness import open_second_handle, open_stored_witness
from tiling.geometry import Mpp, Size, TileGrid
from tiling.limits import Limits
from tiling.model import AssociatedImage, Carriage, ImageRole, Level, Pixels, Place, Tile, Witness
from tiling.pixels import require_picture
from tiling.scratch import Scratch
from tiling.tiff.page_witness import AS_IT_IS, open_page_witness
from tiling.tiff.reader import TiffFile

_TILE_SIDE_PX = 256
_TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ROLES = {"label": ImageRole.LABEL, "macro": ImageRole.MACRO, "thumbnail": ImageRole.THUMBNAIL}


def open_with_openslide(
    files: Mapping[str, ByteSource] | ByteSource, limits: Limits, scratch: Scratch
) -> "OpenSlideSlide":
    """Open one file, or several that make up one slide, by their names relative to a common folder.

    `files` and `scratch` must stay open as long as the slide is used. Raises UnsupportedSlideError,
    CorruptSlideError, NotASlideError, SlideTooLargeError; OSError where the disk has no room for the copy.
    """
    if isinstance(files, Mapping):
        return OpenSlideSlide(place_several(files, scratch), tuple(files.values()), limits)
    return OpenSlideSlide(place_one(files, scratch), (files,), limits)


class OpenSlideSlide:
    """Implements `tiling.model.Slide`."""

    subject: Subject | None = None

    def __init__(self, path: Path, sources: Sequence[ByteSource], limits: Limits) -> None:
        self._path = path
        self._sources = sources
        handle = self._handle = Handle(path)
        sized = handle.levels()
        size = sized[0][0]
        _require_bearable(size, limits)
        self.levels = (
            Level(size, 1.0),
            *(Level(smaller, downsample) for smaller, downsample in sized[1:] if downsample > 1),
        )
        self.associated_images = tuple(
            AssociatedImage(_ROLES.get(name, ImageRole.UNKNOWN), shown)
            for name, shown in handle.associated_images().items()
        )
        properties = handle.properties
        facts = stated.read_facts(properties, size)
        if facts.is_fallback:
            # A damaged file of a scanner must not pass for a plain TIFF: its first picture may be the label.
            raise CorruptSlideError("the words that say how the slide is laid out are damaged")
        self.format_name = facts.format_name
        self.mpp = facts.mpp
        self.objective_power = facts.objective_power
        self.icc_profile = handle.icc_profile()
        self._facts = facts
        tiff = self._tiff(limits)
        self._inventory = self._take_inventory(tiff, size, stated.texts(properties), limits)
        self.l0_bytes = self._inventory.l0_bytes
        self._stored: StoredTiles | None = None
        if tiff is not None and self._inventory.image is not None:
            self._stored = stored_tiles(sources[0], tiff, self._inventory.image, facts, limits)
        if self._stored is not None:
            self.carriage, self.grid = self._stored.jpegs.carriage, self._stored.jpegs.grid
            self.is_rgb = self._stored.is_rgb
        else:
            self.carriage, self.grid = Carriage.ENCODED, TileGrid(size, _TILE_SIDE_PX)
            self.is_rgb = False
        self._blocks = BlockReader(handle, self.grid, facts.ground, facts.tile_size)
        self._is_proved_apart = self._inventory.page is not None and facts.is_on_glass
        self.remarks = stated.remarks(
            facts, size, is_stored=self._stored is not None, is_proved_apart=self._is_proved_apart
        )

    def _tiff(self, limits: Limits) -> TiffFile | None:
        is_tiff = len(self._sources) == 1 and self._sources[0].read_at(0, 4) in _TIFF_MAGICS
        return TiffFile(self._sources[0], limits) if is_tiff else None

    def _take_inventory(
        self, tiff: TiffFile | None, level_0: Size, texts: Sequence[bytes], limits: Limits
    ) -> Inventory:
        if tiff is not None:
            return inventory_of_tiff(tiff, level_0, texts, limits)
        if self._sources[0].read_at(0, len(zeiss_words.MAGIC)) == zeiss_words.MAGIC:
            texts = [*texts, *zeiss_words.words(self._sources[0])]
        sizes = [source.size_bytes for source in self._sources]
        return inventory_of_files(sizes, self.levels, self.associated_images, texts)

    def associated_pixels(self, role: ImageRole) -> Pixels | None:
        for name, size in self._handle.associated_images().items():
            if _ROLES.get(name) is role:
                require_picture(size)
                return self._handle.associated_pixels(name)
        return None

    def read_tile(self, col: int, row: int) -> Tile:
        if self._stored is not None:
            return Tile(jpeg=self._stored.jpegs.read(col, row))
        pixels = self._blocks.tile(col, row)
        return Tile() if pixels is None else Tile(pixels=pixels)

    def places(self) -> Sequence[Place]:
        return self._inventory.places

    def texts(self) -> Sequence[bytes]:
        return self._inventory.texts

    def witness(self) -> AbstractContextManager[Witness]:
        """tifffile where one page of a TIFF is level 0 as it stands, otherwise OpenSlide a second time."""
        page, side = self._inventory.page, self.grid.tile_size_px
        if page is None or not self._is_proved_apart:
            return open_second_handle(self._path, side)
        if self._stored is None:
            return open_page_witness(
                self._sources[0], [page], side, self._mpp_of_page, colour=AS_IT_IS, cut_jpeg_is_rgb=None
            )
        is_cut = self.carriage is Carriage.CUT
        return open_stored_witness(
            self._path,
            open_page_witness(
                self._sources[0],
                [page],
                side,
                self._mpp_of_page,
                colour=None,
                cut_jpeg_is_rgb=self.is_rgb if is_cut else None,
            ),
            side,
        )

    def _mpp_of_page(self, _page: object) -> Mpp | None:
        """Scales stand in words that nobody but OpenSlide was asked for."""
        return self._facts.mpp


def _require_bearable(size: Size, limits: Limits) -> None:
    if min(size.width_px, size.height_px) < 1:
        raise CorruptSlideError("the slide has no pixels")
    if size.pixel_count > limits.pixels:
        raise SlideTooLargeError("the slide has more pixels than is supported")
    if TileGrid(size, _TILE_SIDE_PX).count > limits.tiles:
        raise SlideTooLargeError("the slide has more tiles than is supported")
