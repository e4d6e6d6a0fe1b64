"""Ultrasound regions with their scales (PS3.3, C.8.5.5), and what stands in for them."""

from dataclasses import dataclass

from video.formats.dicom import tags
from video.formats.dicom.data_set import DataSet
from video.model import CalibrationRegion, RegionUnit

_MAX_REGIONS = 256
_MM_PER_CM = 10.0
_SPACING_MM = (1e-5, 1e3)
_ROUNDING_PX = 2
# In the order of the standard's numbers (C.8.5.5.1.15).
_UNITS = (
    RegionUnit.NONE,
    RegionUnit.PERCENT,
    RegionUnit.DECIBEL,
    RegionUnit.CENTIMETER,
    RegionUnit.SECOND,
    RegionUnit.HERTZ,
    RegionUnit.DECIBEL_PER_SECOND,
    RegionUnit.CENTIMETER_PER_SECOND,
    RegionUnit.SQUARE_CENTIMETER,
    RegionUnit.SQUARE_CENTIMETER_PER_SECOND,
    RegionUnit.CUBIC_CENTIMETER,
    RegionUnit.CUBIC_CENTIMETER_PER_SECOND,
    RegionUnit.DEGREE,
)
_TWO_DIMENSIONAL, _TISSUE = 1, 1


@dataclass(frozen=True, slots=True)
class Calibration:
    regions: tuple[CalibrationRegion, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Stated:
    """A region as the file states it; box: x0, y0, x1, y1, the last two beyond it."""

    number: int
    item: DataSet
    box: tuple[int, int, int, int]

    @property
    def named(self) -> str:
        x0, y0, x1, y1 = self.box
        return f"Calibration region {self.number + 1}, ({x0}, {y0}) to ({x1}, {y1}),"


def read_calibration(data_set: DataSet, width_px: int, height_px: int) -> Calibration:
    """Raises CorruptVideoError, VideoTooLargeError."""
    if data_set.element(tags.REGIONS) is None:
        return _by_spacing(data_set, width_px, height_px)
    stated: list[_Stated] = []
    remarks: list[str] = []
    for number, item in enumerate(data_set.items(tags.REGIONS, _MAX_REGIONS)):
        box = _box(item)
        if box is None:
            remarks.append(f"Calibration region {number + 1} has no sensible place and is not used.")
        else:
            stated.append(_Stated(number, item, box))
    frame = f"the frame of {width_px} × {height_px} px"
    scaled = next((one for one in stated if _is_scaled(one.box, width_px, height_px)), None)
    if scaled is not None:
        # A frame that was only cropped loses one side; beyond both reach regions of a larger frame.
        remark = (
            f"{scaled.named} lies beyond {frame} on both sides: the frame was made smaller after the regions "
            "were written, so none of their scales is used."
        )
        return Calibration((), (*remarks, remark))
    regions: list[CalibrationRegion] = []
    for one in stated:
        x0, y0, x1, y1 = one.box
        if x0 >= width_px or y0 >= height_px:
            remarks.append(f"{one.named} lies outside {frame} and is not used.")
            continue
        region = _region(one.item, (x0, y0, min(x1, width_px), min(y1, height_px)))
        if region is None:
            remarks.append(f"{one.named} has no sensible scale and is not used.")
            continue
        if x1 > width_px + _ROUNDING_PX or y1 > height_px + _ROUNDING_PX:
            remarks.append(f"{one.named} reaches beyond {frame} and is cut at its edge.")
        regions.append(region)
    return Calibration(tuple(regions), tuple(remarks))


def _box(item: DataSet) -> tuple[int, int, int, int] | None:
    """The standard's last column and row belong to the region."""
    corners = [
        item.number(tag, "u4")
        for tag in (tags.REGION_MIN_X0, tags.REGION_MIN_Y0, tags.REGION_MAX_X1, tags.REGION_MAX_Y1)
    ]
    if any(corner is None or not 0 <= corner < 1 << 20 for corner in corners):
        return None
    x0, y0, x1, y1 = (corner or 0 for corner in corners)
    return (x0, y0, x1 + 1, y1 + 1) if x0 <= x1 and y0 <= y1 else None


def _is_scaled(box: tuple[int, int, int, int], width_px: int, height_px: int) -> bool:
    return box[2] > width_px + _ROUNDING_PX and box[3] > height_px + _ROUNDING_PX


def _region(item: DataSet, box: tuple[int, int, int, int]) -> CalibrationRegion | None:
    unit_x, unit_y = (_unit(item.number(tag)) for tag in (tags.UNITS_X, tags.UNITS_Y))
    delta_x, delta_y = item.real(tags.DELTA_X), item.real(tags.DELTA_Y)
    for unit, delta in ((unit_x, delta_x), (unit_y, delta_y)):
        if unit is None or (unit is not RegionUnit.NONE and not delta):
            return None
    return CalibrationRegion(
        *box,
        spatial_format=item.number(tags.REGION_SPATIAL_FORMAT) or 0,
        data_type=item.number(tags.REGION_DATA_TYPE) or 0,
        unit_x=unit_x or RegionUnit.NONE,
        unit_y=unit_y or RegionUnit.NONE,
        delta_x=delta_x or 0.0,
        delta_y=delta_y or 0.0,
        reference_x_px=item.number(tags.REFERENCE_PIXEL_X0, "i4"),
        reference_y_px=item.number(tags.REFERENCE_PIXEL_Y0, "i4"),
    )


def _unit(number: int | None) -> RegionUnit | None:
    return _UNITS[number] if number is not None and 0 <= number < len(_UNITS) else None


def _by_spacing(data_set: DataSet, width_px: int, height_px: int) -> Calibration:
    """One region of the whole frame where the file states how far apart pixels are in the patient."""
    shared = data_set.first_item(tags.SHARED_GROUPS)
    measures = None if shared is None else shared.first_item(tags.PIXEL_MEASURES)
    for holder in (data_set, measures):
        spacing = [] if holder is None else holder.decimals(tags.PIXEL_SPACING)
        if len(spacing) == 2 and all(_SPACING_MM[0] <= mm <= _SPACING_MM[1] for mm in spacing):
            region = CalibrationRegion(
                0, 0, width_px, height_px, _TWO_DIMENSIONAL, _TISSUE,
                RegionUnit.CENTIMETER, RegionUnit.CENTIMETER,
                spacing[1] / _MM_PER_CM, spacing[0] / _MM_PER_CM,
            )  # fmt: skip
            remark = (
                "The file has no calibration regions; its pixel spacing of "
                f"{spacing[1]:g} × {spacing[0]:g} mm is taken for the whole frame."
            )
            return Calibration((region,), (remark,))
    for tag, name in (
        (tags.IMAGER_PIXEL_SPACING, "at the detector"),
        (tags.NOMINAL_SCANNED_PIXEL_SPACING, "of the scanner"),
    ):
        if data_set.decimals(tag):
            return Calibration(
                (), (f"Only the pixel spacing {name} is stated; it is no scale of the patient.",)
            )
    return Calibration((), ())
