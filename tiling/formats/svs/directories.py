"""The images of an SVS, told apart by their geometry."""

from collections.abc import Sequence

from tiling.errors import UnsupportedSlideError
from tiling.model import ImageRole
from tiling.tiff.images import TiffImage, is_same_view

_KNOWN_SUBFILE_ROLES = {1: ImageRole.LABEL, 9: ImageRole.MACRO}  # NewSubfileType as Aperio uses it


def choose_base(images: Sequence[TiffImage]) -> int:
    """The place of level 0: the largest tiled image; the first one, as Aperio's software writes files.

    Raises UnsupportedSlideError.
    """
    tiled = [number for number, image in enumerate(images) if image.tiles is not None]
    if not tiled:
        raise UnsupportedSlideError("none of the slide's images is tiled")
    return max(tiled, key=lambda number: (images[number].size.pixel_count, -number))


def classify(images: Sequence[TiffImage], base: int) -> tuple[ImageRole, ...]:
    """Tell levels from everything else, by what the pictures are rather than by what they are called.

    A level is tiled and has level 0's proportions. ImageDePHI #141 and our own leak tests show files whose
    label carries no description, or another one: so a directory that is nothing provable is UNKNOWN, and
    left behind.
    """
    return tuple(
        ImageRole.LEVEL if number == base else _role(image, images[base], number)
        for number, image in enumerate(images)
    )


def _role(image: TiffImage, base: TiffImage, number: int) -> ImageRole:
    if image.tiles is not None:
        return ImageRole.LEVEL if is_same_view(image.size, base.size) else ImageRole.UNKNOWN
    if image.subfile_type in _KNOWN_SUBFILE_ROLES:
        return _KNOWN_SUBFILE_ROLES[image.subfile_type]
    if number == 1 and is_same_view(image.size, base.size):
        return ImageRole.THUMBNAIL
    return ImageRole.UNKNOWN
