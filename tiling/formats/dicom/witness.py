"""A DICOM slide read by pydicom, and decoded by other libraries than ours: what the proof rests on.

Of our reading only choices are taken over: which files are level 0, which focal plane is shown, how stored
values become colours. Where a frame stands in the file and in the picture is found anew.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ground.source import ByteSource
from tiling.errors import VerificationError
from tiling.formats.dicom.colouring import Colouring
from tiling.formats.dicom.second_decoder import CODEC_ERRORS, decode, decode_plainly
from tiling.formats.dicom.second_file import LIBRARY_ERRORS, SecondFile
from tiling.geometry import Mpp, Region, Size, TileGrid, ceil_div
from tiling.model import Carriage, Pixels
from tiling.tiff.chunk_cache import ChunkCache

_UM_PER_MM = 1000.0
_MPP_UM_RANGE = (0.01, 100.0)
_WHITE = 255
_KEPT_BYTES = 96 * 2**20

_Corner = tuple[int, int]
_Frame = tuple[int, int]
_Channel = Mapping[_Corner, _Frame]


@dataclass(frozen=True, slots=True)
class Choices:
    """What our reading chose. parts: the files of level 0 in order; plane: of the focal planes, from 0.

    colour is None where frames are carried over or cut.
    """

    parts: tuple[ByteSource, ...]
    carriage: Carriage
    tile_side_px: int
    plane: int
    colour: Colouring | None


class DicomWitness:
    """Implements `tiling.model.Witness`."""

    jpeg_tables = b""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._files = [SecondFile(source) for source in choices.parts]
        first = self._files[0].dataset
        self._frame = Size(int(first.Columns), int(first.Rows))
        size = Size(int(first.TotalPixelMatrixColumns), int(first.TotalPixelMatrixRows))
        self.grid = TileGrid(size, choices.tile_side_px)
        self.mpp = _mpp(first)
        self._channels = _channels(self._files, choices.plane)
        self._plain_frames: ChunkCache[Any] = ChunkCache(_KEPT_BYTES)
        width, height = self._frame.width_px, self._frame.height_px
        self._is_regular = all(
            x % width == 0 and y % height == 0 for channel in self._channels for x, y in channel
        )

    def stored_tile(self, index: int) -> bytes | None:
        place = self._place(index)
        if self._choices.carriage is Carriage.CARRIED:
            found = self._channels[0].get((place.origin.x, place.origin.y))
            return None if found is None else self._bytes(found)
        return b"" if any(self._near(channel, place) for channel in self._channels) else None

    def tile_pixels(self, index: int) -> Pixels:
        place, side = self._place(index), self.grid.tile_size_px
        beyond = ((0, side - place.size.height_px), (0, side - place.size.width_px), (0, 0))
        if self._choices.carriage is Carriage.CUT:
            # What a cut tile shows beyond the slide is not the source's.
            return np.pad(self._samples(self._channels[0], place), beyond, mode="edge")
        if self._choices.colour is None:
            samples = self._samples(self._channels[0], Region(place.origin, Size(side, side)))
            if samples is None:
                raise VerificationError("two libraries disagree about which tiles the source has")
            return np.ascontiguousarray(np.broadcast_to(samples, (side, side, 3)))
        parts = [self._samples(channel, place) for channel in self._channels]
        shown = self._choices.colour(parts, place.size)
        return np.pad(shown, beyond, mode="edge")

    def plain_pixels(self, index: int) -> Pixels:
        place, side = self._place(index), self.grid.tile_size_px
        samples = self._samples(self._channels[0], Region(place.origin, Size(side, side)), self._plain)
        if samples is None:
            raise VerificationError("two libraries disagree about which tiles the source has")
        return np.ascontiguousarray(samples)

    def _place(self, index: int) -> Region:
        return self.grid.region(index % self.grid.cols, index // self.grid.cols)

    def _samples(
        self, channel: _Channel, place: Region, decode: "Callable[[_Frame], Any] | None" = None
    ) -> Any:
        """(height, width, samples) of a region; None where no frame shows any of it."""
        canvas: Any = None
        for (left, top), found in self._near(channel, place):
            frame = (decode or self._decoded)(found)
            if canvas is None:
                fill = _WHITE if frame.shape[2] == 3 else 0
                canvas = np.full(
                    (place.size.height_px, place.size.width_px, frame.shape[2]), fill, frame.dtype
                )
            y, x = top - place.origin.y, left - place.origin.x
            y0, y1 = max(0, y), min(canvas.shape[0], y + frame.shape[0])
            x0, x1 = max(0, x), min(canvas.shape[1], x + frame.shape[1])
            canvas[y0:y1, x0:x1] = frame[y0 - y : y1 - y, x0 - x : x1 - x]
        return canvas

    def _near(self, channel: _Channel, place: Region) -> list[tuple[_Corner, _Frame]]:
        """The frames that show a part of a region."""
        left, top = place.origin.x, place.origin.y
        right, lower = left + place.size.width_px, top + place.size.height_px
        width, height = self._frame.width_px, self._frame.height_px
        if self._is_regular:
            corners = (
                (x, y)
                for y in range(top // height * height, lower, height)
                for x in range(left // width * width, right, width)
            )
            return [(corner, channel[corner]) for corner in corners if corner in channel]
        return [
            ((x, y), frame)
            for (x, y), frame in channel.items()
            if x < right and x + width > left and y < lower and y + height > top
        ]

    def _bytes(self, frame: _Frame) -> bytes:
        try:
            return self._files[frame[0]].frame(frame[1])
        except LIBRARY_ERRORS as error:
            raise VerificationError("a tile of the source could not be read a second time") from error

    def _decoded(self, frame: _Frame, *, is_plain: bool = False) -> Any:
        data = self._bytes(frame)
        try:
            return (decode_plainly if is_plain else decode)(data, self._files[frame[0]].header)
        except CODEC_ERRORS as error:
            raise VerificationError("a tile of the source could not be decoded a second time") from error

    def _plain(self, frame: _Frame) -> Any:
        """A frame is asked for by every tile that it crosses."""
        size = self._frame.pixel_count * 3
        return self._plain_frames.get(frame, size, lambda: self._decoded(frame, is_plain=True))


def _channels(files: Sequence[SecondFile], plane: int) -> list[_Channel]:
    """For each optical path: upper left corner of each frame → its file and its number in it."""
    first = files[0].dataset
    plane_count = int(first.get("TotalPixelMatrixFocalPlanes") or 1)
    numbered = [(part, number) for part, file in enumerate(files) for number in range(file.frame_count)]
    stacks: dict[int, dict[_Corner, list[tuple[float, _Frame]]]] = defaultdict(lambda: defaultdict(list))
    if (
        first.get("DimensionOrganizationType") == "TILED_FULL"
        or "PerFrameFunctionalGroupsSequence" not in first
    ):
        across = ceil_div(int(first.TotalPixelMatrixColumns), int(first.Columns))
        down = ceil_div(int(first.TotalPixelMatrixRows), int(first.Rows))
        for position, frame in enumerate(numbered):
            rest, col = divmod(position, across)
            rest, row = divmod(rest, down)
            path, height = divmod(rest, plane_count)
            corner = (col * int(first.Columns), row * int(first.Rows))
            stacks[path][corner].append((float(height), frame))
    else:
        names = [str(item.get("OpticalPathIdentifier", "")) for item in first.get("OpticalPathSequence", [])]
        for part, number in numbered:
            group = files[part].dataset.PerFrameFunctionalGroupsSequence[number]
            position = group.PlanePositionSlideSequence[0]
            corner = (
                int(position.ColumnPositionInTotalImagePixelMatrix) - 1,
                int(position.RowPositionInTotalImagePixelMatrix) - 1,
            )
            name = _path_name(group)
            height_mm = float(position.get("ZOffsetInSlideCoordinateSystem") or 0)
            path = names.index(name) if name in names else 0
            stacks[path][corner].append((height_mm, (part, number)))
    chosen: list[_Channel] = []
    for path in sorted(stacks):
        # Where a slide has one plane, of several frames on one place the last one lies above.
        rank = plane if plane_count > 1 else -1
        by_corner = {
            corner: (sorted(stack, key=lambda pair: pair[0]) if plane_count > 1 else stack)[rank][1]
            for corner, stack in stacks[path].items()
            if plane_count == 1 or len(stack) > plane
        }
        if by_corner:
            chosen.append(by_corner)
    return chosen


def _path_name(group: Any) -> str:
    found = group.get("OpticalPathIdentificationSequence")
    return str(found[0].get("OpticalPathIdentifier", "")) if found else ""


def _mpp(dataset: Any) -> Mpp | None:
    try:
        spacing = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing
        y_um, x_um = (float(value) * _UM_PER_MM for value in spacing)
    except LIBRARY_ERRORS:
        return None
    is_sensible = all(_MPP_UM_RANGE[0] <= um <= _MPP_UM_RANGE[1] for um in (x_um, y_um))
    return Mpp(x_um, y_um) if is_sensible else None


@contextmanager
def open_witness(choices: Choices) -> Iterator[DicomWitness]:
    """Raises VerificationError where the second library disagrees or gives up."""
    try:
        witness = DicomWitness(choices)
    except LIBRARY_ERRORS as error:
        raise VerificationError("an independent library could not read the source") from error
    yield witness
