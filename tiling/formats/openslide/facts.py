"""What OpenSlide's properties say that a canonical slide states: scale, power, the scanned area, the ground.

https://openslide.org/api/openslide_8h.html names the standard properties.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tiling.geometry import Mpp, Point, Region, Size

_PLAUSIBLE_UM = (0.01, 50.0)
_PLAUSIBLE_POWER = (0.1, 400.0)
_WHITE = (255, 255, 255)
_HEX_COLOUR = re.compile(r"[0-9a-fA-F]{6}")
_STANDARD = "openslide."
_MIN_TEXT_BYTES = 6

# OpenSlide's name of a format: ours, and how people call it.
_KINDS = {
    "aperio": ("aperio-svs", "An Aperio"),
    "argos": ("argos-avs", "An Argos"),
    "dicom": ("dicom", "A DICOM"),
    "hamamatsu": ("hamamatsu", "A Hamamatsu"),
    "huron": ("huron-tiff", "A Huron"),
    "leica": ("leica-scn", "A Leica SCN"),
    "mirax": ("3dhistech-mrxs", "A 3DHISTECH MRXS"),
    "philips": ("philips-tiff", "A Philips TIFF"),
    "sakura": ("sakura-svslide", "A Sakura"),
    "trestle": ("trestle-tiff", "A Trestle"),
    "ventana": ("ventana-bif", "A Ventana"),
    "zeiss": ("zeiss-czi", "A Zeiss CZI"),
}
_FALLBACK = "generic-tiff"
_OTHER_KIND = ("openslide", "A")


@dataclass(frozen=True, slots=True)
class Facts:
    """bounds: the part of level 0 that was scanned, where the format says. ground: what shows elsewhere.

    is_fallback: OpenSlide recognised no scanner, only a TIFF.
    """

    format_name: str
    called: str
    mpp: Mpp | None
    objective_power: float | None
    bounds: Region | None
    ground: tuple[int, int, int]
    tile_size: Size | None
    is_fallback: bool

    @property
    def is_on_glass(self) -> bool:
        return self.ground == _WHITE


def read_facts(properties: Mapping[str, str], level_0: Size) -> Facts:
    """Whatever is missing or makes no sense is None."""
    x_um, y_um = (_number(properties, f"openslide.mpp-{axis}", *_PLAUSIBLE_UM) for axis in "xy")
    vendor = properties.get("openslide.vendor", "")
    format_name, called = _KINDS.get(vendor, _OTHER_KIND)
    return Facts(
        format_name,
        called,
        None if x_um is None or y_um is None else Mpp(x_um, y_um),
        _number(properties, "openslide.objective-power", *_PLAUSIBLE_POWER),
        _bounds(properties, level_0),
        _ground(properties),
        _tile_size(properties),
        vendor == _FALLBACK,
    )


def remarks(facts: Facts, level_0: Size, *, is_stored: bool, is_proved_apart: bool) -> tuple[str, ...]:
    """In our own words, with numbers.

    is_stored: the tiles are the file's own. is_proved_apart: another library reads the source for the proof.
    """
    if is_stored:
        said = [f"{facts.called} slide; OpenSlide told its layout."]
    else:
        said = [f"{facts.called} slide, read through OpenSlide: decoded and encoded once."]
    bounds = facts.bounds
    if bounds is not None and bounds != Region(Point(0, 0), level_0):
        size = bounds.size
        said.append(
            f"The scanned area of {size.width_px:,} × {size.height_px:,} pixels begins at "
            f"x {bounds.origin.x:,}, y {bounds.origin.y:,}; positions count from the whole image's corner, "
            "as in OpenSlide (QuPath counts from the scanned area's)."
        )
    if not is_proved_apart:
        said.append("The proof's second reader was OpenSlide again: no other library here reads this layout.")
    return tuple(said)


def texts(properties: Mapping[str, str]) -> list[bytes]:
    """Every value that the file brought along; the library's own numbers and names are not such."""
    values = {
        value.encode("utf-8", "surrogateescape")
        for name, value in properties.items()
        if not name.startswith(_STANDARD) or name in ("openslide.comment", "openslide.barcode")
    }
    return sorted(value for value in values if len(value) >= _MIN_TEXT_BYTES)


def _number(properties: Mapping[str, str], name: str, lowest: float, highest: float) -> float | None:
    try:
        value = float(properties[name])
    except (KeyError, ValueError):
        return None
    return value if math.isfinite(value) and lowest <= value <= highest else None


def _integers(properties: Mapping[str, str], names: Sequence[str]) -> list[int] | None:
    try:
        return [int(properties[name]) for name in names]
    except (KeyError, ValueError):
        return None


def _bounds(properties: Mapping[str, str], level_0: Size) -> Region | None:
    stated = _integers(properties, [f"openslide.bounds-{name}" for name in ("x", "y", "width", "height")])
    if stated is None:
        return None
    x, y, width, height = stated
    is_inside = (
        min(x, y) >= 0
        and min(width, height) > 0
        and x + width <= level_0.width_px
        and y + height <= level_0.height_px
    )
    return Region(Point(x, y), Size(width, height)) if is_inside else None


def _ground(properties: Mapping[str, str]) -> tuple[int, int, int]:
    stated = properties.get("openslide.background-color", "")
    if not _HEX_COLOUR.fullmatch(stated):
        return _WHITE
    red, green, blue = bytes.fromhex(stated)
    return red, green, blue


def _tile_size(properties: Mapping[str, str]) -> Size | None:
    stated = _integers(properties, [f"openslide.level[0].tile-{name}" for name in ("width", "height")])
    return Size(*stated) if stated and min(stated) > 0 else None
