"""The same clips by another route: FFmpeg opens the file by its name, chooses how, and decodes on threads."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from ground.source import FileSource
from tests.video.clips import NAMES, BytesSource, Clip, make
from tests.video.picture_code import Pixels
from video.model import Frame, Sampling, Video
from video.open_video import open_video

REAL = (
    "derived/us-burnedname-h264.mp4",
    "surgical/VID05_1858_and_VID08_1331_a.mp4",
    "surgical/VID43_303_and_VID42_395_a.mp4",
    "surgical/VID47_1131_and_VID23_841_a.mp4",
    "surgical/endo.mp4",
    "surgical/test_rotated_90_video.mp4",
    "ultrasound/Cov_convex_volpecelli_sonographic_v3.mov",
    "ultrasound/Pneu-Atlas-pneumonia.gif",
    "ultrasound/Pneu_Avi_Video_002.mp4",
    "ultrasound/Pneu_northumbria_0409_set1_vid1.avi",
    "ultrasound/Reg_pat1Image_133232.mpeg",
    "ultrasound/Vir_prospective_file1.mp4",
)
_QUICK = {name for name in REAL if not name.startswith("surgical/VID")}


def plainly(path: Path, stream: int = 0) -> Iterator[VideoFrame]:
    with av.open(str(path)) as container:
        container.streams.video[stream].thread_type = "AUTO"
        yield from container.decode(video=stream)


def _assert_same(ours: Frame, theirs: VideoFrame, video: Video) -> None:
    expected = _expected(theirs, video.picture.sampling)
    if theirs.rotation:
        # FFmpeg's number is of a turn against the clock.
        expected = [np.rot90(plane, theirs.rotation // 90) for plane in expected]
    tolerance = 0 if theirs.format.name.startswith(("yuv", "gray")) else 1
    assert len(ours.planes) == len(expected)
    for mine, plane in zip(ours.planes, expected, strict=True):
        difference = np.abs(mine.astype(np.int16) - plane)
        assert difference.max() <= tolerance


def _expected(frame: VideoFrame, sampling: Sampling) -> list[Pixels]:
    name = frame.format.name
    if not name.startswith(("yuv", "gray")):
        return _of_rgb(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
    planes = [_plane(frame, index) for index in range(1 if sampling is Sampling.GRAY else 3)]
    if sampling is not Sampling.YUV444:
        return planes
    shape = planes[0].shape
    return [planes[0], *(_spread(plane, shape) for plane in planes[1:])]


def _plane(frame: VideoFrame, index: int) -> Pixels:
    """Rounded by plain arithmetic where it is deeper than 8 bits."""
    plane = frame.planes[index]
    bits = frame.format.components[index].bits
    raw = np.frombuffer(bytes(plane), np.uint8 if bits == 8 else np.uint16)
    samples = raw.reshape(plane.height, -1)[:, : plane.width]
    if bits == 8:
        return np.asarray(samples, np.uint8)
    # To the nearest, ties to the even one, as IEEE 754 has it.
    return np.asarray(np.clip(np.rint(samples / 2 ** (bits - 8)), 0, 255), np.uint8)


def _spread(plane: Pixels, shape: tuple[int, ...]) -> Pixels:
    across, down = -(-shape[1] // plane.shape[1]), -(-shape[0] // plane.shape[0])
    return np.repeat(np.repeat(plane, across, axis=1), down, axis=0)[: shape[0], : shape[1]]


def _of_rgb(rgb: Pixels) -> list[Pixels]:
    """ITU-R BT.601, full range (JFIF's equations)."""
    red, green, blue = (rgb[..., channel].astype(np.float64) for channel in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    cb, cr = 128 + (blue - luma) / 1.772, 128 + (red - luma) / 1.402
    return [np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in (luma, cb, cr)]


@pytest.mark.parametrize("name", NAMES)
def test_every_plane_is_that_of_plain_decoding(name: str, tmp_path: Path) -> None:
    clip: Clip = make(name)
    path = tmp_path / f"clip.{clip.suffix}"
    path.write_bytes(clip.data)
    video = open_video(clip.source)
    stream = 1 if name == "two_video_streams" else 0
    count = 0
    for ours, theirs in zip(video.frames(), plainly(path, stream), strict=True):
        _assert_same(ours, theirs, video)
        count += 1
    assert count == len(clip.codes)


@pytest.mark.parametrize("name", ["h264_transport_stream", "mpeg2_transport_stream", "mpeg2_program_stream"])
@pytest.mark.parametrize("share", [0.25, 0.5, 0.7])
def test_a_recording_joined_late_shows_what_plain_decoding_shows(
    name: str, share: float, tmp_path: Path
) -> None:
    """What cannot be decoded for want of its references is not shown, and neither is it made up."""
    clip = make(name)
    step = 188 if clip.suffix == "ts" else 2048
    data = clip.data[int(len(clip.data) * share) // step * step :]
    path = tmp_path / f"clip.{clip.suffix}"
    path.write_bytes(data)
    video = open_video(BytesSource(data))
    frames = list(zip(video.frames(), plainly(path), strict=True))
    for ours, theirs in frames:
        _assert_same(ours, theirs, video)
    assert 0 < len(frames) < len(clip.codes)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in _QUICK else pytest.mark.slow) for name in REAL]
)
def test_every_plane_and_time_of_a_real_file_is_that_of_plain_decoding(name: str, shared_data: Path) -> None:
    path = shared_data / name
    with FileSource(path) as source:
        video = open_video(source)
        count, first_s = 0, 0.0
        for ours, theirs in zip(video.frames(), plainly(path), strict=True):
            _assert_same(ours, theirs, video)
            stamp = theirs.dts if theirs.pts is None else theirs.pts
            assert stamp is not None and theirs.time_base is not None
            time_s = float(stamp * theirs.time_base)
            first_s = first_s if count else time_s
            assert ours.time_s == pytest.approx(time_s - first_s, abs=1e-6)
            count += 1
    assert count
    assert video.losses == ()
