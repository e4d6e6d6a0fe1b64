"""Real loops and stills, frame by frame against pydicom's own decoding."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels import (
    apply_color_lut,
    apply_modality_lut,
    apply_voi_lut,
    convert_color_space,
    pixel_array,
)
from pydicom.uid import JPEGLosslessSV1

from ground.source import FileSource
from tests.contracts.video_source import VideoContract
from tests.video.clips import BytesSource
from video.formats.dicom import is_dicom_video, open_dicom_video
from video.model import Frame, Sampling, Video


@dataclass(frozen=True)
class Real:
    """What is known of a file. off: by how many levels a sample of RGB may differ."""

    name: str
    format_name: str
    size_px: tuple[int, int]
    sampling: Sampling
    frames: int
    last_time_s: float
    regions: int
    off: int = 1


FILES = (
    Real("JPGLosslessP14SV1_1s_1f_8b.dcm", "jpeg lossless", (1024, 768), Sampling.GRAY, 1, 0.0, 1),
    Real("OBXXXX1A_2frame.dcm", "uncompressed", (800, 600), Sampling.YUV444, 2, 0.04, 2),
    Real("US-PAL-8-10x-echo", "rle", (600, 430), Sampling.YUV444, 10, 0.684, 0),
    Real("US-YBR_FULL_422-EVRLE.dcm", "uncompressed", (800, 555), Sampling.YUV444, 1, 0.0, 1),
    Real("cornerstone-philips-TEST-1234.dcm", "rle", (800, 600), Sampling.YUV444, 1, 0.0, 3),
    Real("dcm4che-YBR_FULL-RLE-DOE-JOHN.dcm", "rle", (640, 480), Sampling.YUV444, 1, 0.0, 2),
    Real("examples_jpeg2k.dcm", "jpeg 2000", (640, 480), Sampling.YUV444, 1, 0.0, 0),
    Real("examples_palette.dcm", "uncompressed", (800, 350), Sampling.YUV444, 1, 0.0, 1),
    Real("examples_ybr_color.dcm", "jpeg", (320, 240), Sampling.YUV420, 30, 0.966657, 0, off=3),
    Real("gdcm-US-ALOKA-16.dcm", "uncompressed", (640, 480), Sampling.YUV444, 1, 0.0, 3),
    Real("orthanc-Issue164-87fr-burnedname.dcm", "jpeg", (975, 743), Sampling.YUV444, 87, 3.009375, 1),
    Real("orthanc-Issue19-ATL-burnedtext.dcm", "uncompressed", (640, 480), Sampling.YUV444, 1, 0.0, 0),
)


@pytest.fixture(params=FILES, ids=lambda real: real.name)
def real(request: pytest.FixtureRequest) -> Real:
    chosen: Real = request.param
    return chosen


@pytest.fixture
def path(shared_data: Path, real: Real) -> Path:
    return shared_data / "ultrasound" / real.name


def test_what_each_file_is(path: Path, real: Real) -> None:
    with FileSource(path) as source:
        assert is_dicom_video(source)
        video = open_dicom_video(source)
        picture = video.picture
        assert video.format_name == f"dicom ({real.format_name})"
        assert (picture.width_px, picture.height_px) == real.size_px
        assert picture.sampling is real.sampling
        times_s = [frame.time_s for frame in video.frames()]
        assert len(times_s) == real.frames == video.promised_frames
        assert times_s[-1] == pytest.approx(real.last_time_s, abs=1e-6)
        assert len(video.regions) == real.regions
        assert video.losses == ()


def test_frames_show_what_pydicom_shows(path: Path, real: Real) -> None:
    chosen = {0, real.frames // 3, real.frames // 2, real.frames - 1}
    compare(path, real, chosen)


@pytest.mark.slow
def test_every_frame_shows_what_pydicom_shows(path: Path, real: Real) -> None:
    compare(path, real, set(range(real.frames)))


def compare(path: Path, real: Real, numbers: set[int]) -> None:
    data_set = pydicom.dcmread(path)
    with FileSource(path) as source:
        for frame in open_dicom_video(source).frames():
            if frame.number not in numbers:
                continue
            wanted = by_pydicom(path, data_set, frame.number)
            if real.sampling is Sampling.GRAY:
                assert np.array_equal(frame.planes[0], wanted)
            else:
                difference = np.abs(as_rgb(frame).astype(int) - wanted)
                assert difference.max() <= real.off
                assert difference.mean() < 0.3


def as_rgb(frame: Frame) -> NDArray[np.uint8]:
    luma, *chroma = frame.planes
    blue, red = (
        plane if plane.shape == luma.shape else cv2.resize(plane, luma.shape[::-1]) for plane in chroma
    )
    return np.asarray(cv2.cvtColor(np.dstack([luma, red, blue]), cv2.COLOR_YCrCb2RGB), np.uint8)


def by_pydicom(path: Path, data_set: Dataset, number: int) -> NDArray[Any]:
    """(height, width) or (height, width, 3) uint8."""
    syntax, photometric = data_set.file_meta.TransferSyntaxUID, data_set.PhotometricInterpretation
    pixels: Any
    if syntax == JPEGLosslessSV1:
        # pydicom has no decoder of its own for it; this one is not the one that is tested.
        pixels = imagecodecs.jpegsof3_decode(list(generate_frames(data_set.PixelData))[number])
    elif syntax.is_compressed:
        pixels = pixel_array(path, index=number)
    else:
        pixels = pixel_array(path, index=number, raw=True)
    if photometric == "PALETTE COLOR":
        return np.asarray(apply_color_lut(pixels, data_set) >> 8, np.uint8)
    if photometric.startswith("YBR") and not syntax.is_compressed:
        return np.asarray(convert_color_space(pixels, "YBR_FULL", "RGB"))
    if data_set.SamplesPerPixel == 1:
        return np.rint(apply_voi_lut(apply_modality_lut(pixels, data_set), data_set)).astype(np.uint8)
    return np.asarray(pixels)


class TestContract(VideoContract):
    """One file of each coding."""

    @pytest.fixture(
        params=(
            "JPGLosslessP14SV1_1s_1f_8b.dcm",
            "OBXXXX1A_2frame.dcm",
            "US-PAL-8-10x-echo",
            "examples_jpeg2k.dcm",
            "examples_ybr_color.dcm",
        )
    )
    def video(self, shared_data: Path, request: pytest.FixtureRequest) -> Video:
        return open_dicom_video(BytesSource((shared_data / "ultrasound" / request.param).read_bytes()))


def test_a_region_of_a_larger_frame_is_not_used_and_a_cut_one_is(shared_data: Path) -> None:
    ultrasound = shared_data / "ultrasound"
    with FileSource(ultrasound / "examples_ybr_color.dcm") as source:
        video = open_dicom_video(source)
        assert video.regions == ()
        assert any("(84, 31) to (596, 415)" in remark for remark in video.remarks)
    with FileSource(ultrasound / "examples_palette.dcm") as source:
        video = open_dicom_video(source)
        assert [(r.x0, r.y0, r.x1, r.y1) for r in video.regions] == [(120, 60, 800, 350)]


def test_every_byte_of_every_file_is_counted_once(path: Path) -> None:
    with FileSource(path) as source:
        places = open_dicom_video(source).places()
        assert sum(place.byte_count for place in places) == source.size_bytes


def test_every_text_that_pydicom_reads_is_handed_over(path: Path) -> None:
    with FileSource(path) as source:
        texts = open_dicom_video(source).texts()
    data_set = pydicom.dcmread(io.BytesIO(path.read_bytes()))
    missing = []
    for element in data_set.iterall():
        if element.VR in ("PN", "LO", "SH", "LT", "ST", "UT", "DA", "TM", "DT", "UI", "AE"):
            values = element.value if element.VM > 1 else [element.value]
            for value in values or []:
                raw = str(value).strip().encode("latin-1", "replace")
                if len(raw) >= 6 and not raw.startswith(b"1.2.840.10008."):
                    missing += [] if any(raw in text for text in texts) else [element.keyword or element.tag]
    assert missing == []


def test_the_malformed_files_are_refused_in_a_sentence(shared_data: Path) -> None:
    sentences = []
    for path in sorted((shared_data / "malformed").iterdir()):
        with FileSource(path) as source:
            if is_dicom_video(source):
                with pytest.raises(Exception, match=r"^[a-z].{10,}") as caught:
                    open_dicom_video(source)
                sentences.append((path.name, type(caught.value).__name__))
    assert sentences == [
        ("GH177_D_CLUNIE_CT1_IVRLE_BigEndian_undefined_length.dcm", "CorruptVideoError"),
        ("MR_truncated.dcm", "CorruptVideoError"),
        ("badVR.dcm", "UnsupportedVideoError"),
    ]
