"""MPEG-2, H.264 and HEVC in DICOM: the stream's frames, DICOM's calibration and counts."""

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from pydicom.dataset import Dataset
from pydicom.uid import HEVCMP51, MPEG2MPML, MPEG4HP41, UID

from tests.video.clips import draw_code, read_code
from tests.video.dicom.dicom_clips import Writing, dicom_loop, opened, pictures
from video.errors import UnsupportedVideoError
from video.model import Sampling

WIDTH_PX, HEIGHT_PX, COUNT = 192, 144, 12
STREAMS = [
    ("mpeg", "mpeg2video", MPEG2MPML, "dicom (mpeg-ps of mpeg2video)"),
    ("mpegts", "mpeg2video", MPEG2MPML, "dicom (mpeg-ts of mpeg2video)"),
    ("mpeg2video", "mpeg2video", MPEG2MPML, "dicom (mpeg-video of mpeg2video)"),
    ("mp4", "libx264", MPEG4HP41, "dicom (mp4 of h264)"),
    ("mpegts", "libx264", MPEG4HP41, "dicom (mpeg-ts of h264)"),
    ("h264", "libx264", MPEG4HP41, "dicom (h264-stream of h264)"),
    ("mp4", "libx265", HEVCMP51, "dicom (mp4 of hevc)"),
    ("hevc", "libx265", HEVCMP51, "dicom (hevc-stream of hevc)"),
]


def clip(container: str, codec: str, count: int = COUNT) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=container) as handle:
        stream: Any = handle.add_stream(codec, rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        if codec == "libx265":
            stream.options = {"x265-params": "log-level=none:bframes=2"}
        for number in range(count):
            frame = VideoFrame.from_ndarray(draw_code(number, WIDTH_PX, HEIGHT_PX), "rgb24")
            handle.mux(stream.encode(frame))
        handle.mux(stream.encode(None))
    return out.getvalue()


def stream_file(data: bytes, syntax: UID, *, fragments: int = 1, **stated: Any) -> bytes:
    writing = Writing(
        syntax, photometric="YBR_PARTIAL_420", encode=lambda picture: data, fragments=fragments, table="none"
    )
    picture = np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    return dicom_loop([picture], writing, **{"NumberOfFrames": COUNT, **stated})


@pytest.mark.parametrize(("container", "codec", "syntax", "name"), STREAMS, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("fragments", [1, 3])
def test_every_frame_of_a_stream(container: str, codec: str, syntax: UID, name: str, fragments: int) -> None:
    region = Dataset()
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 0, 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 99, 99
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.01
    region.RegionSpatialFormat = region.RegionDataType = 1
    data = stream_file(
        clip(container, codec), syntax, fragments=fragments, SequenceOfUltrasoundRegions=[region]
    )
    video = opened(data)
    assert video.format_name == name
    assert video.picture.sampling is Sampling.YUV420
    frames = list(video.frames())
    assert [read_code(frame.planes[0]) for frame in frames] == list(range(COUNT))
    assert [frame.time_s for frame in frames] == pytest.approx([n / 25 for n in range(COUNT)], abs=2e-3)
    assert video.losses == ()
    assert [(r.x0, r.y0, r.x1, r.y1) for r in video.regions] == [(0, 0, 100, 100)]
    assert video.promised_frames == COUNT


def test_a_bare_stream_has_the_times_of_its_data_set() -> None:
    video = opened(stream_file(clip("h264", "libx264"), MPEG4HP41, FrameTime="100"))
    assert [frame.time_s for frame in video.frames()] == pytest.approx([n / 10 for n in range(COUNT)])


def test_a_stream_with_times_keeps_them() -> None:
    video = opened(stream_file(clip("mp4", "libx264"), MPEG4HP41, FrameTime="100"))
    assert [frame.time_s for frame in video.frames()] == pytest.approx(
        [n / 25 for n in range(COUNT)], abs=2e-3
    )


def test_more_or_fewer_frames_than_stated_are_told() -> None:
    few = opened(stream_file(clip("mp4", "libx264"), MPEG4HP41, NumberOfFrames="99"))
    assert len(list(few.frames())) == COUNT
    assert few.losses == ("The stream holds 12 frames of 99 that the file promises.",)
    many = opened(stream_file(clip("mp4", "libx264"), MPEG4HP41, NumberOfFrames="3"))
    assert len(list(many.frames())) == COUNT
    assert "The file speaks of 3 frames and holds 12; all are shown." in many.remarks
    assert many.losses == ()


def test_a_stream_is_known_by_its_content_whatever_the_transfer_syntax_says() -> None:
    video = opened(stream_file(clip("mp4", "libx264"), MPEG2MPML))
    assert [read_code(frame.planes[0]) for frame in video.frames()] == list(range(COUNT))


@pytest.mark.parametrize("container", ["mpeg", "mpegts", "mpeg2video", "h264"])
@pytest.mark.parametrize("share", [0.6, 0.7, 0.8, 0.9])
@pytest.mark.parametrize("fragments", [1, 3])
def test_of_a_stream_that_is_cut_short_a_true_beginning_is_shown(
    container: str, share: float, fragments: int
) -> None:
    codec = "libx264" if container == "h264" else "mpeg2video"
    data = stream_file(clip(container, codec, 40), MPEG4HP41, fragments=fragments, NumberOfFrames=40)
    start = data.index(b"\xe0\x7f\x10\0OB")
    video = opened(data[: start + int((len(data) - start) * share)])
    codes = [read_code(frame.planes[0]) for frame in video.frames()]
    assert 0 < len(codes) < 40
    assert codes == list(range(len(codes)))
    assert f"The stream holds {len(codes)} frames of 40 that the file promises." in video.losses


def test_what_is_no_stream_is_refused() -> None:
    with pytest.raises(UnsupportedVideoError, match="stream"):
        opened(stream_file(b"\x12\x34" * 500, MPEG4HP41))


def test_texts_inside_the_stream_are_handed_over_with_those_around_it() -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as handle:
        handle.metadata["title"] = "TitleOfThePatient"
        stream: Any = handle.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        frame = VideoFrame.from_ndarray(draw_code(0, WIDTH_PX, HEIGHT_PX), "rgb24")
        handle.mux(stream.encode(frame))
        handle.mux(stream.encode(None))
    video = opened(stream_file(out.getvalue(), MPEG4HP41, PatientName="QUIXOTE^DULCINEA"))
    assert {b"TitleOfThePatient", b"QUIXOTE^DULCINEA"} <= set(video.texts())
    names = {place.name for place in video.places()}
    assert "PatientName" in names
    assert any(name.startswith("in the stream: ") for name in names)


def test_pictures_of_a_usual_syntax_are_no_stream() -> None:
    assert opened(dicom_loop(pictures(2))).format_name == "dicom (uncompressed)"
