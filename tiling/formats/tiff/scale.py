"""µm per pixel from a TIFF's resolution tags, where they can be those of a scan."""

from fractions import Fraction

import tifffile

from tiling.geometry import Mpp
from tiling.tiff import tags
from tiling.tiff.reader import Directory, TiffFile

_UM_PER_UNIT = {2: Fraction(25_400), 3: Fraction(10_000)}  # ResolutionUnit: inch, centimetre
# Every image program writes 72 or 96 dots an inch because it must write something: that is 353 or 265 µm, and
# OpenSlide hands it on. No microscope works there, so a measurement on such a scale would be wrong: none.
_PLAUSIBLE_UM = (0.05, 20.0)


def mpp_from_tags(tiff: TiffFile, directory: Directory) -> Mpp | None:
    """None where the tags state no unit, or a size that no scan has."""
    unit_entry = directory.entries.get(tags.RESOLUTION_UNIT)
    um_per_unit = _UM_PER_UNIT.get(tiff.integer(directory, tags.RESOLUTION_UNIT)) if unit_entry else None
    across, down = (tiff.rational(directory, tag) for tag in (tags.X_RESOLUTION, tags.Y_RESOLUTION))
    if um_per_unit is None or across is None or down is None:
        return None
    return plausible_mpp(_um_per_pixel(um_per_unit, across), _um_per_pixel(um_per_unit, down))


def mpp_of_page(page: tifffile.TiffPage) -> Mpp | None:
    """The same in tifffile's eyes."""
    um_per_unit = _UM_PER_UNIT.get(page.tags.valueof(tags.RESOLUTION_UNIT))
    values = [page.tags.valueof(tag) for tag in (tags.X_RESOLUTION, tags.Y_RESOLUTION)]
    if um_per_unit is None or any(value is None for value in values):
        return None
    across, down = (_um_per_pixel(um_per_unit, value) for value in values)
    return plausible_mpp(across, down)


def plausible_mpp(x_um: float | None, y_um: float | None) -> Mpp | None:
    lowest, highest = _PLAUSIBLE_UM
    if x_um is None or y_um is None or not (lowest <= x_um <= highest and lowest <= y_um <= highest):
        return None
    return Mpp(x_um, y_um)


def _um_per_pixel(um_per_unit: Fraction, pixels_per_unit: tuple[int, int]) -> float | None:
    numerator, denominator = pixels_per_unit
    if numerator == 0 or denominator == 0:
        return None
    return float(um_per_unit * denominator / numerator)
