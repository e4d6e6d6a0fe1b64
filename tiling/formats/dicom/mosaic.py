"""Level 0 as its frames lay it out: which frame shows which part, of which optical path and focal plane."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError
from tiling.formats.dicom.frames import Frames
from tiling.formats.dicom.instances import Instance
from tiling.formats.dicom.placement import FramePlaces
from tiling.geometry import Region, Size, ceil_div

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Channel:
    """The frames of one optical path in one focal plane.

    All (frames,): numbers of frames in the whole slide, and the level-0 pixels of their upper left corners.
    """

    frames: Numbers
    columns: Numbers
    rows: Numbers


@dataclass(frozen=True, slots=True)
class Mosaic:
    """channels: one an optical path, in the file's order. plane: the focal plane that is shown, from 1."""

    size: Size
    frame_size: Size
    channels: tuple[Channel, ...]
    plane: int
    plane_count: int

    @property
    def is_aligned(self) -> bool:
        """Whether all frames lie on the grid of their own size, no two on one place."""
        size = self.frame_size
        return all(
            not ((c.columns % size.width_px).any() or (c.rows % size.height_px).any())
            and len(np.unique(self._cells(c))) == len(c.frames)
            for c in self.channels
        )

    def _cells(self, channel: Channel) -> Numbers:
        across = ceil_div(self.size.width_px, self.frame_size.width_px)
        cells: Numbers = (
            channel.rows // self.frame_size.height_px * across + channel.columns // self.frame_size.width_px
        )
        return cells

    def frame_table(self, channel: int = 0) -> Numbers:
        """(rows, columns) numbers of the frames of an aligned mosaic, -1 where there is none."""
        size, frame = self.size, self.frame_size
        rows, columns = ceil_div(size.height_px, frame.height_px), ceil_div(size.width_px, frame.width_px)
        table = np.full(rows * columns, -1, np.int64)
        chosen = self.channels[channel]
        table[self._cells(chosen)] = chosen.frames
        return table.reshape(rows, columns)

    def frames_in(self, region: Region, channel: int) -> list[tuple[int, int, int]]:
        """Number, column and row of each frame that shows a part of a region; later ones lie above."""
        chosen, frame = self.channels[channel], self.frame_size
        left, top = region.origin.x, region.origin.y
        is_in = (chosen.columns < left + region.size.width_px) & (chosen.columns + frame.width_px > left)
        is_in &= (chosen.rows < top + region.size.height_px) & (chosen.rows + frame.height_px > top)
        at = np.flatnonzero(is_in)
        return list(
            zip(
                chosen.frames[at].tolist(), chosen.columns[at].tolist(), chosen.rows[at].tolist(), strict=True
            )
        )


def lay_out(parts: Sequence[Instance], frames: Sequence[Frames]) -> Mosaic:
    """Where the frames of all parts of level 0 lie. Raises CorruptSlideError."""
    first = parts[0]
    if any(
        (p.size, p.frame_size, p.transfer_syntax) != (first.size, first.frame_size, first.transfer_syntax)
        or (p.samples, p.bits_allocated, p.photometric)
        != (first.samples, first.bits_allocated, first.photometric)
        for p in parts
    ):
        raise CorruptSlideError("the parts of the slide's concatenated DICOM files do not fit together")
    if all(part.places is None for part in parts):
        paths, planes, columns, rows = _full_order(first, sum(part.frame_count for part in parts))
    else:
        paths, planes, columns, rows = _stated_order(parts)
    outside = (columns >= first.size.width_px) | (rows >= first.size.height_px)
    if outside.any():
        raise CorruptSlideError("a frame of the DICOM slide lies outside the slide")
    weights = np.concatenate([part.byte_counts for part in frames]).astype(np.float64)
    plane_count = int(planes.max()) + 1
    plane = _sharpest(np.bincount(planes, weights, plane_count).astype(np.float64))
    channels = []
    for path in range(int(paths.max()) + 1):
        here = np.flatnonzero((paths == path) & (planes == plane))
        if len(here):
            channels.append(Channel(here, columns[here], rows[here]))
    return Mosaic(first.size, first.frame_size, tuple(channels), plane + 1, plane_count)


def _sharpest(bytes_of_planes: NDArray[np.float64]) -> int:
    """At one quality, the plane that takes most bytes holds most detail; the middle one of equals."""
    most = np.flatnonzero(bytes_of_planes == bytes_of_planes.max())
    return int(most[len(most) // 2])


def _full_order(first: Instance, count: int) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Path, plane, column and row of each frame in the order of TILED_FULL."""
    across = ceil_div(first.size.width_px, first.frame_size.width_px)
    down = ceil_div(first.size.height_px, first.frame_size.height_px)
    per_path = across * down * first.focal_planes
    if count % per_path or not count:
        raise CorruptSlideError("the DICOM slide does not have as many frames as its size needs")
    index = np.arange(count, dtype=np.int64)
    path, rest = np.divmod(index, per_path)
    plane, rest = np.divmod(rest, across * down)
    row, column = np.divmod(rest, across)
    return path, plane, column * first.frame_size.width_px, row * first.frame_size.height_px


def _stated_order(parts: Sequence[Instance]) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """The same, as every frame says itself."""
    places = [part.places for part in parts if part.places is not None]
    if len(places) != len(parts):
        raise CorruptSlideError("the parts of the slide's concatenated DICOM files do not fit together")
    columns = np.concatenate([place.columns for place in places])
    rows = np.concatenate([place.rows for place in places])
    names = [path.identifier for path in parts[0].paths]
    known = {name: number for number, name in reversed(list(enumerate(names)))}
    stated = [name for place in places for name in place.paths]
    paths = np.array([known.get(name, 0) for name in stated], np.int64)
    planes = np.zeros(len(columns), np.int64)
    if parts[0].focal_planes > 1:
        planes = _ranks(places, paths, columns, rows)
    return paths, planes, columns, rows


def _ranks(places: Sequence[FramePlaces], paths: Numbers, columns: Numbers, rows: Numbers) -> Numbers:
    """The focal plane of each frame: its height's rank among the frames of the same place.

    Not its height, since scanners follow the tissue: one plane then has another height at each place.
    """
    heights = np.nan_to_num(np.concatenate([place.z_mm for place in places]))
    order = np.lexsort((heights, columns, rows, paths))
    is_new = np.ones(len(order), np.bool_)
    for values in (columns, rows, paths):
        is_new[1:] &= values[order[1:]] == values[order[:-1]]
    is_new[1:] = ~is_new[1:]
    starts = np.flatnonzero(is_new)
    ranks = np.zeros(len(order), np.int64)
    ranks[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return ranks
