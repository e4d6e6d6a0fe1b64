"""Which of a TIFF's images is the slide, and what the others are to it."""

import re
from collections.abc import Sequence

from tiling.errors import UnsupportedSlideError
from tiling.model import ImageRole
from tiling.tiff.images import TiffImage, is_same_view
from tiling.tiff.tags import Photometric

_REDUCED = 1  # bit 0 of NewSubfileType: a smaller version of another image
_MASK = 4  # bit 2: which pixels of another image count
_NAMED_OTHERWISE = re.compile(rb"\b(label|macro|overview)\b", re.IGNORECASE)
# A pyramid is the slide even where a picture without one is somewhat larger; no farther.
_LARGER_THAN_A_PYRAMID = 4


def choose_base(images: Sequence[TiffImage]) -> int:
    """The place of level 0 in `images`: the largest image, a pyramid before a single picture.

    Raises UnsupportedSlideError.
    """
    candidates = [number for number, image in enumerate(images) if _can_be_base(image)]
    if not candidates:
        raise UnsupportedSlideError("the file holds no image that could be a slide")
    largest = max(candidates, key=lambda number: _rank(images, number))
    pyramids = [number for number in candidates if _level_count(images, number)]
    if not pyramids:
        return largest
    pyramid = max(pyramids, key=lambda number: _rank(images, number))
    pixels, most_pixels = (images[number].size.pixel_count for number in (pyramid, largest))
    return pyramid if pixels * _LARGER_THAN_A_PYRAMID >= most_pixels else largest


def classify(images: Sequence[TiffImage], shown: Sequence[int]) -> tuple[ImageRole, ...]:
    """Levels are the pages shown, and what shows them smaller in the same kind of samples."""
    return tuple(
        ImageRole.LEVEL if number in shown or is_level(image, images[shown[0]]) else ImageRole.UNKNOWN
        for number, image in enumerate(images)
    )


def _can_be_base(image: TiffImage) -> bool:
    has_pixels = image.tiles is not None or image.strips is not None
    is_mask = bool(image.subfile_type & _MASK) or image.photometric == Photometric.MASK
    return has_pixels and not is_mask and not _NAMED_OTHERWISE.search(image.description[:4096])


def _rank(images: Sequence[TiffImage], number: int) -> tuple[int, int, int]:
    image = images[number]
    return image.size.pixel_count, -(image.subfile_type & _REDUCED), -number


def _level_count(images: Sequence[TiffImage], base: int) -> int:
    return sum(is_level(image, images[base]) for image in images)


def is_level(image: TiffImage, base: TiffImage) -> bool:
    return (
        image.size != base.size
        and is_same_view(image.size, base.size)
        and image.samples_per_pixel == base.samples_per_pixel
        and image.bits_per_sample == base.bits_per_sample
        and (image.tile_width_px > 0) == (base.tile_width_px > 0)
    )
