"""A look at a slide before it is shown: which values occur, and which focal plane is the sharpest."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError
from tiling.geometry import Point, Region, Size
from tiling.tiff.region_reader import RegionReader

_PATCHES_PER_SIDE = 8
_PATCH_SIDE_PX = 64
_FOCUS_PATCHES_PER_SIDE = 3
_FOCUS_PATCH_SIDE_PX = 256
_MOST_WORK_BYTES = 4 * 2**30
_SMALL_PX = 2_048  # a reduced image of this size at most is looked at as a whole
_FEWEST_PX = 256


def sampled(reader: RegionReader, reduced: Sequence[RegionReader]) -> NDArray[Any]:
    """(pixels, samples): of a reduced image of the same page if there is a small one, else of 64 patches.

    Raises CorruptSlideError where nothing can be read.
    """
    for small in sorted(reduced, key=lambda one: one.image.size.pixel_count):
        size = small.image.size
        if small.dtype == reader.dtype and _FEWEST_PX <= max(size.width_px, size.height_px) <= _SMALL_PX:
            parts = list(_read(small, [Region(Point(0, 0), size)]))
            if parts:
                return parts[0].reshape(-1, parts[0].shape[2])
    parts = list(_read(reader, _patches(reader.image.size, _PATCHES_PER_SIDE, _PATCH_SIDE_PX)))
    if not parts:
        raise CorruptSlideError("the slide has no image: none of its tiles is there and readable")
    return np.concatenate([part.reshape(-1, part.shape[2]) for part in parts])


def sharpest(planes: Sequence[RegionReader]) -> tuple[int, str]:
    """The focal plane with the strongest edges (variance of the Laplacian, Pech-Pacheco 2000), and why.

    All planes are looked at in the same nine places. It is the middle one where they do not differ, and of
    stacks that would take minutes to look at.
    """
    middle = len(planes) // 2
    work_bytes = sum(_FOCUS_PATCHES_PER_SIDE**2 * plane.piece_bytes for plane in planes)
    if len(planes) == 1 or work_bytes > _MOST_WORK_BYTES:
        return middle, "it is the middle one"
    sharpness = [_sharpness(plane) for plane in planes]
    best = max(range(len(planes)), key=lambda number: (sharpness[number], -abs(number - middle)))
    if sharpness[best] == 0:
        return middle, "it is the middle one"
    return best, "it is the sharpest"


def _sharpness(plane: RegionReader) -> float:
    patches = _patches(plane.image.size, _FOCUS_PATCHES_PER_SIDE, _FOCUS_PATCH_SIDE_PX)
    return sum(
        float(cv2.Laplacian(np.ascontiguousarray(part[:, :, 0], np.float32), cv2.CV_32F).var())
        for part in _read(plane, patches)
    )


def _read(reader: RegionReader, regions: Sequence[Region]) -> list[NDArray[Any]]:
    """What can be read of these regions: a few damaged tiles do not matter here."""
    parts = []
    for region in regions:
        try:
            part = reader.read(region, fill=0)
        except CorruptSlideError:
            continue
        if part is not None:
            parts.append(part)
    return parts


def _patches(size: Size, per_side: int, side_px: int) -> list[Region]:
    """Evenly spread over the image; one that shows it all where it is small."""
    if size.fits_in(per_side * side_px):
        return [Region(Point(0, 0), size)]
    width_px, height_px = min(side_px, size.width_px), min(side_px, size.height_px)
    xs, ys = (
        sorted({(total - part) * number // (per_side - 1) for number in range(per_side)})
        for total, part in ((size.width_px, width_px), (size.height_px, height_px))
    )
    return [Region(Point(x, y), Size(width_px, height_px)) for y in ys for x in xs]
