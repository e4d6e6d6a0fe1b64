"""A slide through OpenSlide: level 0 as that library lays it out, decoded and encoded once."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from tiling.errors import CorruptSlideError, SlideTooLargeError
from tiling.formats.openslide import facts as stated
from tiling.formats.openslide import zeiss_words
from tiling.formats.openslide.blocks import BlockReader
from tiling.formats.openslide.files import place_one, place_several
from tiling.formats.openslide.handle import Handle
from tiling.formats.openslide.inventory import Inventory, inventory_of_files, inventory_of_tiff
from tiling.formats.openslide.witness import open_second_handle, open_tiff_witness
from tiling.geometry import Size, TileGrid
from tiling.limits import Limits
from tiling.model import AssociatedImage, Carriage, ImageRole, Level, Place, Tile, Witness
from tiling.scratch import Scratch
from tiling.source import ByteSource
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

    carriage = Carriage.ENCODED
    is_rgb = False

    def __init__(self, path: Path, sources: Sequence[ByteSource], limits: Limits) -> None:
        self._path = path
        self._sources = sources
        handle = self._handle = Handle(path)
        sized = handle.levels()
        size = sized[0][0]
        _require_bearable(size, limits)
        self.grid = TileGrid(size, _TILE_SIDE_PX)
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
        self._blocks = BlockReader(handle, self.grid, facts.ground, facts.tile_size)
        self._inventory = self._take_inventory(stated.texts(properties), limits)
        self.l0_bytes = self._inventory.l0_bytes
        self.remarks = stated.remarks(facts, size, is_proved_apart=self._inventory.whole_page is not None)

    def _take_inventory(self, texts: Sequence[bytes], limits: Limits) -> Inventory:
        if len(self._sources) == 1:
            (source,) = self._sources
            if source.read_at(0, 4) in _TIFF_MAGICS:
                return inventory_of_tiff(TiffFile(source, limits), self.grid.size, texts, limits)
            if source.read_at(0, len(zeiss_words.MAGIC)) == zeiss_words.MAGIC:
                texts = [*texts, *zeiss_words.words(source)]
        sizes = [source.size_bytes for source in self._sources]
        return inventory_of_files(sizes, self.levels, self.associated_images, texts)

    def read_tile(self, col: int, row: int) -> Tile:
        pixels = self._blocks.tile(col, row)
        return Tile() if pixels is None else Tile(pixels=pixels)

    def places(self) -> Sequence[Place]:
        return self._inventory.places

    def texts(self) -> Sequence[bytes]:
        return self._inventory.texts

    def witness(self) -> AbstractContextManager[Witness]:
        """tifffile where one page of a TIFF is level 0 as it stands, otherwise OpenSlide a second time."""
        page = self._inventory.whole_page
        if page is not None:
            return open_tiff_witness(self._sources[0], page, self.grid, self._facts)
        return open_second_handle(self._path, _TILE_SIDE_PX)


def _require_bearable(size: Size, limits: Limits) -> None:
    if min(size.width_px, size.height_px) < 1:
        raise CorruptSlideError("the slide has no pixels")
    if size.pixel_count > limits.pixels:
        raise SlideTooLargeError("the slide has more pixels than is supported")
    if TileGrid(size, _TILE_SIDE_PX).count > limits.tiles:
        raise SlideTooLargeError("the slide has more tiles than is supported")
