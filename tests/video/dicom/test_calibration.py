"""Ultrasound regions and what stands in for them."""

from typing import Any

import pytest
from pydicom.dataset import Dataset

from tests.video.dicom.dicom_clips import dicom_loop, opened, pictures
from video.model import CalibrationRegion, RegionUnit

LOOP = pictures(1, 96, 64, colour=False)


def region(box: tuple[int, int, int, int], **stated: Any) -> Dataset:
    """box: as the standard has it, the last column and row included."""
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType, item.RegionFlags = 1, 1, 0
    item.RegionLocationMinX0, item.RegionLocationMinY0 = box[:2]
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = box[2:]
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX, item.PhysicalDeltaY = 0.02, 0.03
    for keyword, value in stated.items():
        setattr(item, keyword, value)
    return item


def video_with(*regions: Dataset, **stated: Any) -> Any:
    return opened(dicom_loop(LOOP, SequenceOfUltrasoundRegions=list(regions), **stated))


def test_a_region_is_read_whole() -> None:
    stated = region((10, 20, 89, 59), ReferencePixelX0=-4, ReferencePixelY0=7, PhysicalUnitsYDirection=4)
    assert video_with(stated).regions == (
        CalibrationRegion(
            10, 20, 90, 60, 1, 1, RegionUnit.CENTIMETER, RegionUnit.SECOND, 0.02, 0.03, -4, 7
        ),
    )  # fmt: skip


def test_every_unit_of_the_standard_is_known() -> None:
    found = [video_with(region((0, 0, 9, 9), PhysicalUnitsXDirection=n)).regions[0].unit_x for n in range(13)]
    assert found == list(RegionUnit)


def test_deltas_keep_their_sign() -> None:
    assert video_with(region((0, 0, 9, 9), PhysicalDeltaY=-0.5)).regions[0].delta_y == -0.5


def test_a_region_that_reaches_over_by_a_rounding_is_cut_without_a_word() -> None:
    video = video_with(region((10, 20, 96, 64)))
    assert [(r.x1, r.y1) for r in video.regions] == [(96, 64)]
    assert video.remarks == ()


def test_regions_of_a_frame_that_was_cropped_are_cut_and_dropped_with_numbers() -> None:
    video = video_with(region((10, 20, 95, 90)), region((10, 70, 95, 90)))
    assert [(r.x0, r.y0, r.x1, r.y1) for r in video.regions] == [(10, 20, 96, 64)]
    assert video.remarks == (
        "Calibration region 1, (10, 20) to (96, 91), reaches beyond the frame of 96 × 64 px and is cut at "
        "its edge.",
        "Calibration region 2, (10, 70) to (96, 91), lies outside the frame of 96 × 64 px and is not used.",
    )


def test_no_scale_of_a_frame_that_was_made_smaller_is_used() -> None:
    video = video_with(region((10, 20, 50, 40)), region((20, 10, 150, 120)))
    assert video.regions == ()
    assert video.remarks[0].startswith("Calibration region 2, (20, 10) to (151, 121), lies beyond the frame")


@pytest.mark.parametrize(
    "stated",
    [
        region((10, 20, 5, 40)),
        region((10, 20, 2**31 + 5, 40)),
        region((10, 20, 50, 40), PhysicalDeltaX=0.0),
        region((10, 20, 50, 40), PhysicalDeltaY=float("nan")),
        region((10, 20, 50, 40), PhysicalDeltaY=float("inf")),
        region((10, 20, 50, 40), PhysicalUnitsXDirection=99),
    ],
)
def test_nonsense_is_dropped_and_the_others_stay(stated: Dataset) -> None:
    video = video_with(stated, region((0, 0, 9, 9)))
    assert len(video.regions) == 1
    assert len(video.remarks) == 1
    assert video.remarks[0].startswith("Calibration region 1")


def test_a_region_without_units_needs_no_scale() -> None:
    bar = region((0, 0, 9, 9), PhysicalUnitsXDirection=0, PhysicalDeltaX=0.0)
    assert video_with(bar).regions[0].delta_x == 0.0


def test_pixel_spacing_stands_in_for_regions() -> None:
    video = opened(dicom_loop(LOOP, PixelSpacing=["0.3", "0.25"]))
    (whole,) = video.regions
    assert (whole.x0, whole.y0, whole.x1, whole.y1) == (0, 0, 96, 64)
    assert (whole.delta_x, whole.delta_y) == pytest.approx((0.025, 0.03))
    assert whole.unit_x is RegionUnit.CENTIMETER
    assert video.remarks == (
        "The file has no calibration regions; its pixel spacing of 0.25 × 0.3 mm is taken for the whole "
        "frame.",
    )


def test_regions_come_before_pixel_spacing() -> None:
    video = video_with(region((0, 0, 9, 9)), PixelSpacing=["0.3", "0.25"])
    assert [r.delta_x for r in video.regions] == [0.02]


def test_a_detectors_spacing_is_no_scale_of_the_patient() -> None:
    video = opened(dicom_loop(LOOP, ImagerPixelSpacing=["0.3", "0.25"]))
    assert video.regions == ()
    assert video.remarks == (
        "Only the pixel spacing at the detector is stated; it is no scale of the patient.",
    )
