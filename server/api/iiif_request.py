"""What an image request of the IIIF Image API 3.0 asks for: section 4 of the specification.

Pure: the parts of the address in, a rectangle and its transformation out.
"""

import math
import re
from dataclasses import dataclass, field

from server.errors import BadImageRequestError
from tiling.geometry import Size
from tiling.render import Picture, View

_PIXELS = r"(0|[1-9][0-9]{0,9})"
_NUMBER = r"([0-9]{1,10}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})"
_REGION_PIXELS = re.compile(f"{_PIXELS},{_PIXELS},{_PIXELS},{_PIXELS}", re.ASCII)
_REGION_PERCENT = re.compile(f"pct:{_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER}", re.ASCII)
_SIZE = re.compile(rf"(\^?)(?:(max)|pct:{_NUMBER}|(!?){_PIXELS}?,{_PIXELS}?)", re.ASCII)
_ROTATION = re.compile(f"(!?){_NUMBER}", re.ASCII)
QUALITIES = ("default", "color", "gray", "bitonal")
FORMATS = {"jpg": Picture.JPEG, "png": Picture.PNG}


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What may be asked for: a side, and the size that the slide has."""

    full: Size
    most_side_px: int


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """A request, worked out. canonical: its one form (section 4.8), from the region on.

    x, y, width, height: the region in pixels of the full image, cropped to it. rotation: degrees clockwise,
    after mirroring.
    """

    x: int
    y: int
    width: int
    height: int
    size: Size
    is_mirrored: bool
    rotation: int
    quality: str
    kind: Picture
    canonical: str = field(compare=False)

    @property
    def view(self) -> View:
        """What is to be rendered."""
        return View(self.x, self.y, self.width, self.height, self.size.width_px, self.size.height_px)

    @property
    def is_plain(self) -> bool:
        """Whether nothing is done to the pixels beyond scaling, and they come as JPEG."""
        return (
            not self.is_mirrored
            and not self.rotation
            and self.quality == "default"
            and self.kind is Picture.JPEG
        )


def parse_image_request(
    limits: ImageLimits, region: str, size: str, rotation: str, quality: str, extension: str
) -> ImageRequest:
    """Work out an image request. Raises BadImageRequestError."""
    x, y, width, height = _region(region, limits.full)
    scaled, size_name = _size(size, Size(width, height), limits.most_side_px)
    is_mirrored, degrees = _rotation(rotation)
    if quality not in QUALITIES:
        raise BadImageRequestError(f"The quality must be one of {', '.join(QUALITIES)}.")
    if extension not in FORMATS:
        raise BadImageRequestError(f"The format must be one of {', '.join(FORMATS)}.")
    quality = "default" if quality == "color" else quality
    is_full = (x, y, width, height) == (0, 0, limits.full.width_px, limits.full.height_px)
    region_name = "full" if is_full else f"{x},{y},{width},{height}"
    canonical = f"{region_name}/{size_name}/{'!' * is_mirrored}{degrees}/{quality}.{extension}"
    return ImageRequest(
        x, y, width, height, scaled, is_mirrored, degrees, quality, FORMATS[extension], canonical
    )


def _region(text: str, full: Size) -> tuple[int, int, int, int]:
    if text == "full":
        return 0, 0, full.width_px, full.height_px
    if text == "square":
        side = min(full.width_px, full.height_px)
        return (full.width_px - side) // 2, (full.height_px - side) // 2, side, side
    if found := _REGION_PIXELS.fullmatch(text):
        x, y, width, height = (int(number) for number in found.groups())
    elif found := _REGION_PERCENT.fullmatch(text):
        left, top, across, down = (float(number) / 100 for number in found.groups())
        x, y = _nearest(left * full.width_px), _nearest(top * full.height_px)
        # However small a part is asked for, it is a pixel.
        width = max(_nearest(across * full.width_px), int(across > 0))
        height = max(_nearest(down * full.height_px), int(down > 0))
    else:
        raise BadImageRequestError("The region must be full, square, x,y,w,h or pct:x,y,w,h.")
    width, height = min(width, full.width_px - x), min(height, full.height_px - y)
    if width <= 0 or height <= 0:
        raise BadImageRequestError("The region is empty, or lies outside of the image.")
    return x, y, width, height


def _size(text: str, region: Size, most_side_px: int) -> tuple[Size, str]:
    """The size, and its canonical name."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise BadImageRequestError(
            "The size must be max, w, or ,h or pct:n or w,h or !w,h; with ^ to enlarge."
        )
    caret, is_max, percent, is_confined, *sides = found.groups()
    stated_width, stated_height = (int(side) if side else None for side in sides)
    most = min(most_side_px / region.width_px, most_side_px / region.height_px)
    scale = most if caret else min(most, 1.0)
    biggest = _scaled(region, scale)
    if is_max:
        size = biggest
    elif percent:
        size = _scaled(region, float(percent) / 100) if float(percent) else Size(0, 0)
    elif is_confined:
        if stated_width is None or stated_height is None:
            raise BadImageRequestError("The size !w,h needs both of its numbers.")
        fitting = min(stated_width / region.width_px, stated_height / region.height_px)
        size = _scaled(region, min(scale, fitting)) if fitting else Size(0, 0)
    elif stated_width is None and stated_height is None:
        raise BadImageRequestError("The size needs a width or a height.")
    else:
        size = Size(
            stated_width
            if stated_width is not None
            else max(1, _nearest(region.width_px * (stated_height or 0) / region.height_px)),
            stated_height
            if stated_height is not None
            else max(1, _nearest(region.height_px * (stated_width or 0) / region.width_px)),
        )
    _check_size(size, region, is_enlarging=bool(caret), most_side_px=most_side_px)
    is_larger = size.width_px > region.width_px or size.height_px > region.height_px
    if size == biggest:
        return size, "^max" if is_larger else "max"
    return size, f"{'^' * is_larger}{size.width_px},{size.height_px}"


def _check_size(size: Size, region: Size, *, is_enlarging: bool, most_side_px: int) -> None:
    if min(size.width_px, size.height_px) < 1:
        raise BadImageRequestError("The image would be smaller than a pixel.")
    if max(size.width_px, size.height_px) > most_side_px:
        raise BadImageRequestError(f"The image would be larger than {most_side_px:,} px a side.")
    if not is_enlarging and (size.width_px > region.width_px or size.height_px > region.height_px):
        raise BadImageRequestError(
            "The image would be larger than the region; say ^ before a size to enlarge."
        )


def _rotation(text: str) -> tuple[bool, int]:
    found = _ROTATION.fullmatch(text)
    degrees = float(found[2]) if found else -1.0
    if found is None or degrees not in {0.0, 90.0, 180.0, 270.0, 360.0}:
        raise BadImageRequestError(
            "The rotation must be 0, 90, 180 or 270; with ! before it to mirror first."
        )
    return bool(found[1]), int(degrees) % 360


def _scaled(size: Size, scale: float) -> Size:
    return Size(*(max(1, _nearest(side * scale)) for side in (size.width_px, size.height_px)))


def _nearest(value: float) -> int:
    return math.floor(value + 0.5)
