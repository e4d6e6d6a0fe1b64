"""Samples of every layout as planes: the same samples, or the nearest that 8 bits have."""

import numpy as np
import pytest
from av.video.frame import VideoFrame

from tests.video.picture_code import Pixels
from video.formats.container.planes import colours_of, planes_of
from video.model import Matrix, Sampling

WIDTH, HEIGHT = 64, 48


def _samples(shape: tuple[int, int], seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(16, 236, shape).astype(np.uint8)


def _yuv420() -> tuple[VideoFrame, list[Pixels]]:
    planes = [_samples((HEIGHT, WIDTH), 1), *(_samples((HEIGHT // 2, WIDTH // 2), seed) for seed in (2, 3))]
    stacked = np.concatenate([plane.ravel() for plane in planes]).reshape(HEIGHT * 3 // 2, WIDTH)
    return VideoFrame.from_ndarray(stacked, format="yuv420p"), planes


def _same(ours: tuple[Pixels, ...], theirs: list[Pixels]) -> None:
    assert len(ours) == len(theirs)
    for mine, plane in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine, plane)


@pytest.mark.parametrize(
    "layout", ["yuv420p", "nv12", "nv21", "yuv420p10le", "yuv420p12le", "yuv420p10be", "p010le"]
)
def test_halved_chroma_comes_out_as_it_went_in(layout: str) -> None:
    frame, planes = _yuv420()
    stored = frame if layout == "yuv420p" else frame.reformat(format=layout)
    assert colours_of(stored).sampling is Sampling.YUV420
    _same(planes_of(stored), planes)


@pytest.mark.parametrize("layout", ["yuyv422", "uyvy422", "yuv422p", "yuv422p10le", "nv16"])
def test_chroma_halved_across_is_repeated(layout: str) -> None:
    luma = _samples((HEIGHT, WIDTH), 1)
    chroma = [_samples((HEIGHT, WIDTH // 2), seed) for seed in (2, 3)]
    packed = np.empty((HEIGHT, WIDTH, 2), np.uint8)
    packed[..., 0] = luma
    packed[:, 0::2, 1], packed[:, 1::2, 1] = chroma
    stored = VideoFrame.from_ndarray(packed, format="yuyv422")
    stored = stored if layout == "yuyv422" else stored.reformat(format=layout)
    assert colours_of(stored).is_repeated
    _same(planes_of(stored), [luma, *(np.repeat(plane, 2, axis=1) for plane in chroma)])


def test_planes_that_are_handed_on_cannot_be_written_to() -> None:
    frame, _ = _yuv420()
    assert not any(plane.flags.writeable for plane in planes_of(frame))


def test_full_range_of_many_bits_reaches_both_ends() -> None:
    ramp = np.linspace(0, 1023, WIDTH).astype("<u2")
    deep = np.broadcast_to(ramp, (HEIGHT, WIDTH)).copy()
    frame = VideoFrame.from_ndarray(np.concatenate([deep, deep[: HEIGHT // 2]]), format="yuv420p10le")
    frame.color_range = 2
    luma = planes_of(frame)[0][0]
    assert luma[0] == 0 and luma[-1] == 255
    np.testing.assert_array_equal(luma, np.rint(ramp / 1023 * 255))


def test_video_range_of_many_bits_keeps_its_levels() -> None:
    deep = np.full((HEIGHT, WIDTH), 64, "<u2")
    deep[:, 1], deep[:, 2], deep[:, 3] = 940, 65, 1023
    frame = VideoFrame.from_ndarray(np.concatenate([deep, deep[: HEIGHT // 2]]), format="yuv420p10le")
    assert planes_of(frame)[0][0, :4].tolist() == [16, 235, 16, 255]


@pytest.mark.parametrize("layout", ["rgb24", "bgr24", "rgba", "bgra", "gbrp", "rgb48le"])
def test_rgb_becomes_full_range_bt601(layout: str) -> None:
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[:, :16], rgb[:, 16:32, 0], rgb[:, 32:48, 1], rgb[:, 48:, 2] = 255, 255, 255, 255
    stored = VideoFrame.from_ndarray(rgb, format="rgb24")
    stored = stored if layout == "rgb24" else stored.reformat(format=layout)
    colours = colours_of(stored)
    assert (colours.sampling, colours.matrix, colours.is_full_range) == (Sampling.YUV444, Matrix.BT601, True)
    luma, cb, cr = planes_of(stored)
    # JFIF's values for white, red, green and blue.
    expected = {0: (255, 128, 128), 16: (76, 85, 255), 32: (150, 44, 21), 48: (29, 255, 107)}
    for column, values in expected.items():
        assert np.abs(np.array([luma[0, column], cb[0, column], cr[0, column]], int) - values).max() <= 1


def test_gray_is_one_plane_of_full_range() -> None:
    levels = np.tile(np.arange(256, dtype=np.uint8), (HEIGHT, 1))
    frame = VideoFrame.from_ndarray(levels, format="gray")
    colours = colours_of(frame)
    assert (colours.sampling, colours.is_full_range) == (Sampling.GRAY, True)
    _same(planes_of(frame), [levels])


def test_gray_of_video_range_is_stretched_to_full() -> None:
    levels = np.tile(np.array([0, 16, 126, 235, 255], np.uint8), (HEIGHT, 1))
    frame = VideoFrame.from_ndarray(levels, format="gray")
    frame.color_range = 1
    assert planes_of(frame)[0][0].tolist() == [0, 0, 128, 255, 255]


def test_gray_of_sixteen_bits_is_rounded() -> None:
    deep = np.tile(np.array([0, 257, 128 * 257, 65_535], np.uint16), (HEIGHT, 1))
    frame = VideoFrame.from_ndarray(deep, format="gray16le")
    assert colours_of(frame).is_rounded
    assert planes_of(frame)[0][0].tolist() == [0, 1, 128, 255]
