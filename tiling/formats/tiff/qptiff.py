"""QPTIFF: Akoya's and PerkinElmer's slides, whose pages each say in XML what they are."""

import re
from collections.abc import Sequence

from tiling.formats.tiff.layout import Layout, Rgb
from tiling.tiff.images import TiffImage
from tiling.tiff.xml import Element, XmlError, parse_xml

_ROOT = b"<PerkinElmer-QPI-ImageDescription"
_FULL_RESOLUTION = "FullResolution"
_POWER = re.compile(r"(\d{1,3}(?:\.\d{1,2})?)\s*[xX]")
_POWER_RANGE = (0.1, 400.0)
_COLOUR = re.compile(r"\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*")


def is_qptiff(description: bytes) -> bool:
    return _ROOT in description[:1024]


def qptiff_layout(images: Sequence[TiffImage]) -> Layout | None:
    """The pages at full resolution: one of RGB, or one a channel. None where there are none."""
    described = [(number, _described(image)) for number, image in enumerate(images)]
    full = [
        (number, element)
        for number, element in described
        if element is not None and element.text_of("ImageType") == _FULL_RESOLUTION
    ]
    full = [(number, element) for number, element in full if images[number].size == images[full[0][0]].size]
    if not full:
        return None
    return Layout(
        "qptiff",
        (tuple(number for number, _ in full),),
        tuple(_colour(element) for _, element in full),
        objective_power=_power(full[0][1]),
    )


def _described(image: TiffImage) -> Element | None:
    if not is_qptiff(image.description):
        return None
    try:
        return parse_xml(image.description)
    except XmlError:
        return None


def _colour(element: Element) -> Rgb | None:
    match = _COLOUR.fullmatch(element.text_of("Color"))
    if match is None:
        return None
    red, green, blue = (min(255, int(value)) for value in match.groups())
    return red, green, blue


def _power(element: Element) -> float | None:
    match = _POWER.fullmatch(element.text_of("Objective"))
    value = float(match.group(1)) if match else 0.0
    return value if _POWER_RANGE[0] <= value <= _POWER_RANGE[1] else None
