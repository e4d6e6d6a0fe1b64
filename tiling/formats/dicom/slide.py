"""A DICOM slide: the largest volume image of its instances is level 0, everything else is left behind."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress

import numpy as np

from ground.source import ByteSource
from ground.subject import Subject
from tiling.errors import (
    CorruptSlideError,
    NotASlideError,
    SlideTooLargeError,
    TilingError,
    UnsupportedSlideError,
)
from tiling.formats.dicom import tags
from tiling.formats.dicom.colouring import Colouring, choose_colouring
from tiling.formats.dicom.cutting import frame_cutter
from tiling.formats.dicom.frames import open_frames
from tiling.formats.dicom.instances import Instance, is_dicom, read_instance
from tiling.formats.dicom.inventory import list_places, list_texts
from tiling.formats.dicom.jpeg_colours import holds_rgb
from tiling.formats.dicom.mosaic import lay_out
from tiling.formats.dicom.pictures import FrameDecoder, Samples, single_picture
from tiling.formats.dicom.selection import select
from tiling.formats.dicom.subject import subject_of
from tiling.formats.dicom.witness import Choices, DicomWitness, open_witness
from tiling.geometry import Region, TileGrid
from tiling.jpeg import TileCompleter
from tiling.limits import Limits
from tiling.model import AssociatedImage, Carriage, ImageRole, Level, Pixels, Place, Tile
from tiling.pixels import pad_to
from tiling.tiff.chunk_cache import ChunkCache
from tiling.tiff.jpeg_cutter import JpegCutter

_OWN_TILE_SIDE_PX = 256
_LARGEST_CARRIED_SIDE_PX = 1_024
_LARGEST_ENCODED_SIDE_PX = 512
_CACHE_BYTES = 192 * 2**20
_FRAMES_LOOKED_AT = 8
_JPEG = frozenset({tags.JPEG_BASELINE, tags.JPEG_EXTENDED})
_WHITE = 255


def open_dicom(sources: Sequence[ByteSource], limits: Limits | None = None) -> "DicomSlide":
    """Open the one slide among these files, which may come in any order and with others among them.

    The sources must stay open as long as the slide is used. Raises NotASlideError, UnsupportedSlideError,
    CorruptSlideError, SlideTooLargeError.
    """
    limits = limits or Limits()
    instances: list[Instance] = []
    refusals: list[TilingError] = []
    for number, source in enumerate(sources):
        if not is_dicom(source):
            continue
        try:
            instances.append(read_instance(source, number, limits))
        except (NotASlideError, UnsupportedSlideError) as error:
            refusals.append(error)
    if not instances:
        raise refusals[0] if refusals else NotASlideError("none of the files is a DICOM file")
    return DicomSlide(sources, instances, limits)


class DicomSlide:
    """Implements `tiling.model.Slide`."""

    format_name = "dicom-wsi"

    def __init__(self, sources: Sequence[ByteSource], instances: Sequence[Instance], limits: Limits) -> None:
        self._sources = tuple(sources)
        self._instances = tuple(instances)
        self._limits = limits
        self._selection = select(instances)
        base = self._selection.base
        first = self._first = base[0]
        self._frames = [open_frames(part, limits) for part in base]
        self._mosaic = lay_out(base, self._frames)
        self._firsts = np.cumsum([0, *(part.frame_count for part in base)])
        self._byte_counts = np.concatenate([frames.byte_counts for frames in self._frames])
        is_colour_jpeg = first.transfer_syntax in _JPEG and first.samples == 3 and first.bits_allocated == 8
        jpeg_is_rgb = is_colour_jpeg and self._holds_rgb()
        self.carriage = Carriage.ENCODED
        self._cutter: JpegCutter | None = None
        if is_colour_jpeg and len(self._mosaic.channels) == 1 and self._mosaic.is_aligned:
            if self._is_carried():
                self.carriage = Carriage.CARRIED
            else:
                self._cutter = frame_cutter(
                    self._mosaic,
                    self._byte_counts,
                    self._read,
                    tile_side_px=_OWN_TILE_SIDE_PX,
                    is_rgb=jpeg_is_rgb,
                )
                self.carriage = Carriage.ENCODED if self._cutter is None else Carriage.CUT
        self.grid = TileGrid(first.size, self._tile_side_px())
        if self.grid.count > limits.tiles:
            raise SlideTooLargeError("the slide has more tiles than is supported")
        self.is_rgb = jpeg_is_rgb and self.carriage is not Carriage.ENCODED
        self.mpp = first.mpp
        self.objective_power = first.objective_power
        self.icc_profile = first.icc_profile
        shown = np.concatenate([channel.frames for channel in self._mosaic.channels])
        self.l0_bytes = int(self._byte_counts[shown].sum())
        self.remarks = self._selection.remarks
        self._complete = TileCompleter(b"", self.is_rgb)
        self._cache: ChunkCache[Samples] = ChunkCache(_CACHE_BYTES)
        if self.carriage is Carriage.CARRIED:
            self._table = self._mosaic.frame_table()
        elif self.carriage is Carriage.ENCODED:
            self._decode = FrameDecoder(first, is_rgb=jpeg_is_rgb)
            self._colour: Colouring = choose_colouring(first, self._mosaic, self._samples_of)
            self.remarks += self._colour.remarks
        if self._mosaic.plane_count > 1:
            self.remarks += (
                f"Focal plane {self._mosaic.plane} of {self._mosaic.plane_count} is shown: its images hold "
                "the most detail.",
            )
        if first.shows_label:
            self.remarks += ("The file says that the slide's label can be seen in the image.",)

    def _is_carried(self) -> bool:
        side = self._first.frame_size.width_px
        largest = min(self._limits.tile_side_px, _LARGEST_CARRIED_SIDE_PX)
        return self._first.frame_size.height_px == side and side % 16 == 0 and side <= largest

    def _holds_rgb(self) -> bool:
        """By the first frame that can be read: one that is damaged does not spoil the others."""
        numbers = self._mosaic.channels[0].frames[:_FRAMES_LOOKED_AT].tolist()
        for number in numbers:
            with suppress(CorruptSlideError):
                return holds_rgb(self._first.photometric, self._read(number))
        return self._first.photometric == "RGB"

    def _tile_side_px(self) -> int:
        side = self._first.frame_size.width_px
        is_suited = self._first.frame_size.height_px == side and side % 16 == 0
        if self.carriage is not Carriage.ENCODED:
            return side if self.carriage is Carriage.CARRIED else _OWN_TILE_SIDE_PX
        return side if is_suited and 64 <= side <= _LARGEST_ENCODED_SIDE_PX else _OWN_TILE_SIDE_PX

    @property
    def levels(self) -> tuple[Level, ...]:
        width_px = self.grid.size.width_px
        sizes = {volume.size for volume in self._selection.volumes}
        smaller = sorted(sizes, key=lambda size: -size.pixel_count)
        return (
            Level(self.grid.size, 1.0),
            *(Level(size, width_px / size.width_px) for size in smaller),
        )

    @property
    def associated_images(self) -> tuple[AssociatedImage, ...]:
        return tuple(
            AssociatedImage(instance.role, instance.size)
            for instance in self._instances
            if instance.role is not ImageRole.LEVEL
        )

    @property
    def subject(self) -> Subject | None:
        return subject_of(self._first.source)

    def associated_pixels(self, role: ImageRole) -> Pixels | None:
        instance = next((one for one in self._instances if one.role is role), None)
        if instance is None or role is ImageRole.LEVEL:
            return None
        return single_picture(instance, self._limits)

    def read_tile(self, col: int, row: int) -> Tile:
        """A tile that the scanner left out is none; sparse slides do that."""
        if self.carriage is Carriage.CARRIED:
            number = int(self._table[row, col])
            return Tile() if number < 0 else Tile(jpeg=self._complete(self._read(number)))
        if self._cutter is not None:
            return Tile(jpeg=self._cutter.tile(col, row))
        region = self.grid.region(col, row)
        channels = range(len(self._mosaic.channels))
        parts = [self._samples_in(region, channel) for channel in channels]
        if all(part is None for part in parts):
            return Tile()
        side = self.grid.tile_size_px
        return Tile(pixels=pad_to(self._colour(parts, region.size), side, side))

    def _read(self, number: int) -> bytes:
        """A frame's bytes; `number` counts through all parts."""
        part = int(np.searchsorted(self._firsts, number, side="right")) - 1
        return self._frames[part].read(number - int(self._firsts[part]))

    def _samples_of(self, number: int) -> Samples:
        return self._cache.get(number, self._decode.frame_bytes, lambda: self._decode(self._read(number)))

    def _samples_in(self, region: Region, channel: int) -> Samples | None:
        """(height, width, samples) of a region in one channel; None where no frame shows any of it."""
        found = self._mosaic.frames_in(region, channel)
        if not found:
            return None
        size, origin = region.size, region.origin
        fill = _WHITE if self._first.samples == 3 else 0
        out = np.full((size.height_px, size.width_px, self._first.samples), fill, self._decode.dtype)
        for number, column, row in found:
            frame = self._samples_of(number)
            x, y = column - origin.x, row - origin.y
            target = out[max(0, y) : y + frame.shape[0], max(0, x) : x + frame.shape[1]]
            target[...] = frame[max(0, -y) :, max(0, -x) :][: target.shape[0], : target.shape[1]]
        return out

    def places(self) -> Sequence[Place]:
        return list_places(self._sources, self._instances, self._selection.base)

    def witness(self) -> AbstractContextManager[DicomWitness]:
        return open_witness(
            Choices(
                parts=tuple(part.source for part in self._selection.base),
                carriage=self.carriage,
                tile_side_px=self.grid.tile_size_px,
                plane=self._mosaic.plane - 1,
                colour=self._colour if self.carriage is Carriage.ENCODED else None,
            )
        )

    def texts(self) -> Sequence[bytes]:
        return list_texts(self._sources, self._limits)
