"""OME-TIFF: which page is which plane, said in XML (OME Data Model 2016-06, OME-TIFF specification)."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tiling.errors import UnsupportedSlideError
from tiling.formats.tiff.layout import Layout, Rgb
from tiling.formats.tiff.scale import plausible_mpp
from tiling.geometry import Mpp, Size
from tiling.tiff.images import TiffImage
from tiling.tiff.xml import Element, XmlError, parse_xml

_UM = Fraction(1)
_UM_PER_UNIT = {
    "µm": _UM,
    "\N{GREEK SMALL LETTER MU}m": _UM,
    "um": _UM,
    "nm": _UM / 1_000,
    "mm": _UM * 1_000,
    "cm": _UM * 10_000,
    "m": _UM * 1_000_000,
}
# Bounded: an exponent of nine digits would make a number that fills the memory.
_NUMBER = re.compile(r"\d{1,12}(\.\d{0,30})?([eE][+-]?\d{1,2})?")
_POWER_RANGE = (0.1, 400.0)
_NAMED_OTHERWISE = re.compile(r"\b(label|macro|overview|thumbnail)\b", re.IGNORECASE)
_MAX_PLANES = 100_000


@dataclass(frozen=True, slots=True)
class _Plane:
    z: int
    channel: int
    time: int


@dataclass(frozen=True, slots=True)
class _Image:
    """One Image element. pages: where each plane lies in this file."""

    size: Size
    is_named_otherwise: bool
    depth: int
    channels: int
    times: int
    pages: dict[_Plane, int]
    lacks_pages: bool
    colours: tuple[Rgb | None, ...]
    mpp: Mpp | None
    objective_power: float | None


def is_ome(description: bytes) -> bool:
    """As the specification asks: the first page's description ends like OME-XML."""
    return description.rstrip(b"\0 \r\n\t").endswith(b"OME>")


def ome_layout(images: Sequence[TiffImage]) -> Layout | None:
    """None where the description is not usable: then the file is a TIFF like others.

    Raises UnsupportedSlideError where the slide's planes lie in several files.
    """
    try:
        root = parse_xml(images[0].description)
        stated = [_image(root, element, len(images)) for element in root.all("Image")]
    except (XmlError, ValueError, OverflowError):
        return None
    fitting = [image for image in stated if _fits(image, images)]
    slides = [image for image in fitting if not image.is_named_otherwise] or fitting
    if not slides:
        if any(image.lacks_pages for image in stated):
            raise UnsupportedSlideError("the slide is spread over several OME-TIFF files")
        return None
    slide = max(slides, key=lambda image: image.size.pixel_count)
    if slide.lacks_pages:
        raise UnsupportedSlideError("the slide is spread over several OME-TIFF files")
    stack = tuple(
        tuple(slide.pages[_Plane(z, channel, 0)] for channel in range(slide.channels))
        for z in range(slide.depth)
    )
    remarks: tuple[str, ...] = ()
    if slide.times > 1:
        remarks = (f"Time point 1 of {slide.times} is shown.",)
    return Layout("ome-tiff", stack, slide.colours, slide.mpp, slide.objective_power, remarks)


def ome_mpp(description: bytes, size: Size) -> Mpp | None:
    """The scale of the image of this size by another route than the layout's: for the second reader."""
    text = description.decode("utf-8", "replace")
    for pixels in re.findall(r"<(?:\w+:)?Pixels\b[^>]*>", text):
        stated = dict(re.findall(r"(\w+)\s*=\s*[\"']([^\"']*)[\"']", pixels))
        if (stated.get("SizeX"), stated.get("SizeY")) == (str(size.width_px), str(size.height_px)):
            return _mpp(stated)
    return None


def _image(root: Element, element: Element, page_count: int) -> _Image:
    pixels = element.first("Pixels")
    if pixels is None:
        raise XmlError("an image has no pixels")
    stated = pixels.attributes
    depth, samples, times = (int(stated[f"Size{axis}"]) for axis in "ZCT")
    channels = list(pixels.all("Channel"))
    per_channel = [int(channel.attributes.get("SamplesPerPixel", "1")) for channel in channels]
    # Files without Channel elements have a channel for each sample.
    count = len(channels) if channels and sum(per_channel) == samples else samples
    if min(depth, count, times) < 1 or depth * count * times > _MAX_PLANES:
        raise XmlError("an image has an impossible number of planes")
    pages = dict(_pages(root, pixels, (depth, count, times)))
    wanted = [_Plane(z, channel, 0) for z in range(depth) for channel in range(count)]
    return _Image(
        size=Size(int(stated["SizeX"]), int(stated["SizeY"])),
        is_named_otherwise=bool(_NAMED_OTHERWISE.search(element.attributes.get("Name", ""))),
        depth=depth,
        channels=count,
        times=times,
        pages=pages,
        lacks_pages=any(pages.get(plane, page_count) >= page_count for plane in wanted),
        colours=tuple(_colour(channel) for channel in channels),
        mpp=_mpp(stated),
        objective_power=_objective_power(root, element),
    )


def _pages(root: Element, pixels: Element, sizes: tuple[int, int, int]) -> Iterator[tuple[_Plane, int]]:
    """Each plane that lies in this file, and the number of its page."""
    order = pixels.attributes.get("DimensionOrder", "XYCZT")
    own_id = root.attributes.get("UUID")
    limits = dict(zip("ZCT", sizes, strict=True))
    if sorted(order) != sorted("XYZCT") or not order.startswith("XY"):
        raise XmlError("an image has an impossible order of planes")
    total = math.prod(sizes)
    blocks = list(pixels.all("TiffData")) or [Element("TiffData", {})]
    for block in blocks:
        file_id = block.text_of("UUID")
        if file_id and own_id and file_id != own_id:
            continue
        stated = block.attributes
        first = {axis: int(stated.get(f"First{axis}", "0")) for axis in "ZCT"}
        page = int(stated.get("IFD", "0"))
        count = int(stated.get("PlaneCount", "1" if "IFD" in stated else str(total)))
        index, step = 0, 1
        for axis in order[2:]:
            index += first[axis] * step
            step *= limits[axis]
        if page < 0 or index < 0:
            raise XmlError("a plane has an impossible place")
        for offset in range(min(count, total - index)):
            rest, place = index + offset, {}
            for axis in order[2:]:
                rest, place[axis] = divmod(rest, limits[axis])
            yield _Plane(place["Z"], place["C"], place["T"]), page + offset


def _fits(image: _Image, images: Sequence[TiffImage]) -> bool:
    """Whether the first plane's page is there and as large as is said."""
    page = image.pages.get(_Plane(0, 0, 0), len(images))
    return page < len(images) and images[page].size == image.size


def _colour(channel: Element) -> Rgb | None:
    """Channel/@Color is a signed 32-bit number, RGBA from its highest byte on; white stands for none."""
    stated = channel.attributes.get("Color")
    if stated is None:
        return None
    value = int(stated) & 0xFFFFFFFF
    red, green, blue = value >> 24, value >> 16 & 255, value >> 8 & 255
    return None if (red, green, blue) in ((255, 255, 255), (0, 0, 0)) else (red, green, blue)


def _mpp(stated: dict[str, str]) -> Mpp | None:
    sides = []
    for axis in "XY":
        unit = _UM_PER_UNIT.get(stated.get(f"PhysicalSize{axis}Unit", "µm"))
        text = stated.get(f"PhysicalSize{axis}", "").strip()
        is_number = unit is not None and _NUMBER.fullmatch(text)
        sides.append(float(Fraction(text) * unit) if unit is not None and is_number else None)
    return plausible_mpp(sides[0], sides[1])


def _objective_power(root: Element, element: Element) -> float | None:
    """The nominal magnification of the objective that the image refers to."""
    settings = element.first("ObjectiveSettings")
    if settings is None:
        return None
    for instrument in root.all("Instrument"):
        for objective in instrument.all("Objective"):
            if objective.attributes.get("ID") == settings.attributes.get("ID"):
                value = float(objective.attributes.get("NominalMagnification", "nan"))
                return value if _POWER_RANGE[0] <= value <= _POWER_RANGE[1] else None
    return None
