"""Stored values to grey, against pydicom's own modality and VOI transformations."""

import io
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from tests.video.dicom.dicom_clips import Picture, Writing, dicom_loop, opened, pictures
from video.model import Sampling


def ramps(dtype: str = "u2", bits: int = 12) -> list[Picture]:
    """Every value there is."""
    values = np.arange(1 << bits) - (1 << (bits - 1) if dtype == "i2" else 0)
    return [values.astype(dtype).reshape(64, -1)]


def by_pydicom(data: bytes, lowest: float, highest: float) -> Picture:
    """What pydicom shows between two output values, as shares of white."""
    data_set = pydicom.dcmread(io.BytesIO(data))
    values = apply_modality_lut(data_set.pixel_array, data_set)
    shown: Any = apply_voi_lut(values, data_set)
    return ((shown.astype(np.float64) - lowest) / (highest - lowest)).clip(0, 1)


WINDOWS: list[dict[str, Any]] = [
    {"WindowCenter": "2048", "WindowWidth": "1000"},
    {"WindowCenter": ["700.5", "40"], "WindowWidth": ["301", "80"]},
    {"WindowCenter": "100", "WindowWidth": "1"},
    {"WindowCenter": "2048", "WindowWidth": "4096", "VOILUTFunction": "LINEAR_EXACT"},
    {"WindowCenter": "2048", "WindowWidth": "800", "VOILUTFunction": "SIGMOID"},
    {"WindowCenter": "50", "WindowWidth": "350", "RescaleSlope": "0.5", "RescaleIntercept": "-1024"},
]


@pytest.mark.parametrize("dtype", ["u2", "i2"])
@pytest.mark.parametrize("stated", WINDOWS)
def test_windows_show_what_pydicom_shows(dtype: str, stated: dict[str, Any]) -> None:
    data = dicom_loop(ramps(dtype), Writing(bits_stored=12), **stated)
    video = opened(data)
    shown = next(iter(video.frames())).planes[0]
    slope, intercept = float(stated.get("RescaleSlope", 1)), float(stated.get("RescaleIntercept", 0))
    least = -2048 if dtype == "i2" else 0
    expected = by_pydicom(data, least * slope + intercept, (least + 4095) * slope + intercept)
    assert np.abs(shown - 255 * expected).max() <= 0.51
    assert any("window that the file states" in remark for remark in video.remarks)


def lut_item(entries: list[int], first: int, bits: int) -> Dataset:
    item = Dataset()
    item.add_new(0x00283002, "US", [len(entries), first, bits])
    item.add_new(0x00283006, "US", entries)
    return item


def test_a_voi_table_shows_what_pydicom_shows() -> None:
    table = [(value * value) >> 12 for value in range(0, 4096, 4)]
    data = dicom_loop(ramps(), Writing(bits_stored=12), VOILUTSequence=[lut_item(table, 1000, 12)])
    shown = next(iter(opened(data).frames())).planes[0]
    assert np.abs(shown - 255 * by_pydicom(data, 0, 4095)).max() <= 0.51


def test_a_modality_table_comes_before_the_window() -> None:
    table = [4095 - value for value in range(4096)]
    data = dicom_loop(
        ramps(),
        Writing(bits_stored=12),
        ModalityLUTSequence=[lut_item(table, 0, 16)],
        WindowCenter="1000",
        WindowWidth="2000",
    )
    shown = next(iter(opened(data).frames())).planes[0]
    expected = (((4095 - ramps()[0]) - 999.5) / 1999 + 0.5).clip(0, 1)
    assert np.abs(shown - 255 * expected).max() <= 0.51


@pytest.mark.parametrize(
    ("photometric", "shape", "is_inverted"),
    [
        ("MONOCHROME1", None, True),
        ("MONOCHROME1", "INVERSE", True),
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME2", "INVERSE", True),
    ],
)
def test_which_end_is_white(photometric: str, shape: str | None, is_inverted: bool) -> None:
    loop = pictures(1, colour=False)
    stated = {} if shape is None else {"PresentationLUTShape": shape}
    video = opened(dicom_loop(loop, Writing(photometric=photometric), **stated))
    shown = next(iter(video.frames())).planes[0]
    assert np.array_equal(shown, 255 - loop[0] if is_inverted else loop[0])
    assert ("Low values are white, as the file states." in video.remarks) is is_inverted


def test_without_a_window_the_whole_clip_decides_and_a_remark_says_so() -> None:
    loop = [np.full((64, 96), value, np.uint16) for value in (1000, 1500, 2000)]
    video = opened(dicom_loop(loop, Writing(bits_stored=12)))
    assert [int(frame.planes[0][0, 0]) for frame in video.frames()] == [0, 128, 255]
    assert "The file states no window; grey values from 1000 to 2000 are shown." in video.remarks


def test_a_window_in_the_functional_groups_is_used() -> None:
    window, group = Dataset(), Dataset()
    window.WindowCenter, window.WindowWidth = "500", "1001"
    group.FrameVOILUTSequence = [window]
    data = dicom_loop(ramps(), Writing(bits_stored=12), SharedFunctionalGroupsSequence=[group])
    shown = next(iter(opened(data).frames())).planes[0]
    assert np.abs(shown - (ramps()[0] / 1000).clip(0, 1) * 255).max() <= 1


@pytest.mark.parametrize(("center", "width"), [("12", "0"), ("12", "-5"), ("a", "b"), ("1e999", "10")])
def test_a_window_that_makes_no_sense_is_none(center: str, width: str) -> None:
    loop = pictures(1, colour=False)
    data = dicom_loop(loop, WindowCenter="77777", WindowWidth="55555")
    data = data.replace(b"77777 ", center.encode().ljust(6)).replace(b"55555 ", width.encode().ljust(6))
    video = opened(data)
    assert video.picture.sampling is Sampling.GRAY
    assert np.array_equal(next(iter(video.frames())).planes[0], loop[0])
