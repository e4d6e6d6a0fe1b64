"""Exact frames: what the decoder gives is what FFmpeg gives, and the JPEG shows the same colours."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import simplejpeg

from tests.video.canonical.synthetic import (
    LUMA_WEIGHTS,
    SyntheticVideo,
    canonical,
    noise,
    picture,
    psnr_db,
    to_rgb,
    waves,
)
from video.canonical import FrameDecoder, open_canonical_video
from video.canonical.jpeg import JpegEncoder
from video.canonical.layout import VIDEO_FILE
from video.errors import CanonicalVideoError
from video.model import Matrix, PictureFormat, Sampling

_FORMS = [
    picture(),
    picture(34, 18, is_full_range=True),
    picture(61, 35, Sampling.YUV444),
    picture(62, 34, Sampling.GRAY, is_full_range=True),
    picture(61, 35, Sampling.GRAY, is_full_range=True),
    picture(1, 1, Sampling.YUV444),
    picture(2, 2),
]


@pytest.mark.parametrize("gop", [1, 12])
@pytest.mark.parametrize("form", _FORMS, ids=str)
def test_every_frame_is_ffmpegs_own_in_any_order(tmp_path: Path, form: PictureFormat, gop: int) -> None:
    canonical(SyntheticVideo(form, 29, noise), tmp_path, gop=gop)
    with av.open(str(tmp_path / VIDEO_FILE)) as container:
        expected = [
            [
                np.frombuffer(memoryview(plane), np.uint8)
                .reshape(-1, plane.line_size)[:, : plane.width]
                .copy()
                for plane in frame.planes
            ]
            for frame in container.decode(video=0)
        ]
    assert len(expected) == 29
    with open_canonical_video(tmp_path) as video:
        decoder = FrameDecoder(video.info)
        for number in np.random.default_rng(1).permutation(29).tolist():
            key = video.key_frame_at(number)
            planes = decoder.planes(video.read(key, number - key + 1))
            assert len(planes) == (1 if form.sampling is Sampling.GRAY else 3)
            for mine, theirs in zip(planes, expected[number], strict=False):
                np.testing.assert_array_equal(mine, theirs[: mine.shape[0]])


def test_a_frame_stays_while_the_next_ones_are_decoded(tmp_path: Path) -> None:
    canonical(SyntheticVideo(picture(), 20), tmp_path)
    with open_canonical_video(tmp_path) as video:
        decoder = FrameDecoder(video.info)
        held = [decoder.planes(video.read(number)) for number in range(20)]
        for number, planes in enumerate(held):
            for mine, again in zip(planes, decoder.planes([video.read(number)]), strict=True):
                np.testing.assert_array_equal(mine, again)


@pytest.mark.parametrize("matrix", list(Matrix))
@pytest.mark.parametrize("is_full_range", [False, True])
def test_any_range_and_matrix_becomes_that_of_jpeg_but_for_rounding(
    matrix: Matrix, *, is_full_range: bool
) -> None:
    form = picture(96, 64, Sampling.YUV444, matrix, is_full_range=is_full_range)
    generator = np.random.default_rng(5)
    coarse = generator.integers(0, 256, (8, 12, 3), dtype=np.uint8)
    rgb = cv2.resize(coarse, (96, 64), interpolation=cv2.INTER_CUBIC) / 255
    of_red, of_blue = LUMA_WEIGHTS[matrix]
    luma = rgb @ np.array([of_red, 1 - of_red - of_blue, of_blue])
    blue, red = (rgb[..., 2] - luma) / (2 * (1 - of_blue)), (rgb[..., 0] - luma) / (2 * (1 - of_red))
    gain, base, spread = (255, 0, 255) if is_full_range else (219, 16, 224)
    values = (luma * gain + base, blue * spread + 128, red * spread + 128)
    planes = tuple(np.rint(value).clip(0, 255).astype(np.uint8) for value in values)
    jfif = picture(96, 64, Sampling.YUV444, is_full_range=True)
    difference = np.abs(to_rgb(planes, form) - to_rgb(JpegEncoder(form).to_jfif(planes), jfif))
    assert difference.max() <= 2.0
    assert difference.mean() <= 0.5


def test_frames_in_jpegs_own_colours_are_not_touched() -> None:
    form = picture(is_full_range=True)
    planes = waves(form, 3)
    assert JpegEncoder(form).to_jfif(planes) is planes


@pytest.mark.parametrize("sampling", [Sampling.YUV420, Sampling.YUV444])
@pytest.mark.parametrize("matrix", list(Matrix))
@pytest.mark.parametrize("is_full_range", [False, True])
def test_the_jpeg_shows_ffmpegs_rgb(
    tmp_path: Path, sampling: Sampling, matrix: Matrix, *, is_full_range: bool
) -> None:
    form = picture(160, 96, sampling, matrix, is_full_range=is_full_range)
    canonical(SyntheticVideo(form, 3), tmp_path)
    with av.open(str(tmp_path / VIDEO_FILE)) as container:
        expected = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with open_canonical_video(tmp_path) as video:
        jpeg = FrameDecoder(video.info).jpeg(video.read(2), quality=98)
    assert simplejpeg.decode_jpeg_header(jpeg)[2:] == (
        "YCbCr",
        "420" if sampling is Sampling.YUV420 else "444",
    )
    assert psnr_db(simplejpeg.decode_jpeg(jpeg, "RGB"), expected[2]) > 38


def test_a_grey_video_gives_grey_jpegs(tmp_path: Path) -> None:
    canonical(SyntheticVideo(picture(51, 33, Sampling.GRAY, is_full_range=True), 2), tmp_path)
    with open_canonical_video(tmp_path) as video:
        decoder = FrameDecoder(video.info)
        jpeg, planes = decoder.jpeg(video.read(1)), decoder.planes(video.read(1))
    assert simplejpeg.decode_jpeg_header(jpeg)[2] == "Gray"
    assert psnr_db(simplejpeg.decode_jpeg(jpeg, "Gray")[..., 0], planes[0]) > 38


@pytest.mark.parametrize(
    ("form", "height_px", "size"),
    [
        (picture(160, 96), 48, (48, 80)),
        (picture(160, 96), 33, (32, 54)),
        (picture(160, 96), 1, (2, 2)),
        (picture(160, 96), 500, (96, 160)),
        (picture(161, 97, Sampling.YUV444), 31, (31, 51)),
        (picture(161, 97, Sampling.GRAY), 1, (1, 2)),
    ],
    ids=str,
)
def test_small_jpegs_keep_the_frames_proportions(
    tmp_path: Path, form: PictureFormat, height_px: int, size: tuple[int, int]
) -> None:
    canonical(SyntheticVideo(form, 1), tmp_path)
    with open_canonical_video(tmp_path) as video:
        jpeg = FrameDecoder(video.info).jpeg(video.read(0), height_px=height_px)
    assert simplejpeg.decode_jpeg_header(jpeg)[:2] == size


def test_damage_is_an_error_and_the_next_frame_is_exact(tmp_path: Path) -> None:
    canonical(SyntheticVideo(picture(), 6, noise), tmp_path)
    with open_canonical_video(tmp_path) as video:
        decoder, fresh = FrameDecoder(video.info), FrameDecoder(video.info)
        sample = video.read(3)
        whole = fresh.planes(sample)
        refused = 0
        for seed in range(40):
            generator = np.random.default_rng(seed)
            damaged = np.frombuffer(sample, np.uint8).copy()
            damaged[generator.integers(len(sample), size=20)] = generator.integers(256, size=20)
            try:
                decoder.planes(damaged[: int(generator.integers(1, len(sample)))].tobytes())
            except CanonicalVideoError:
                refused += 1
            for mine, theirs in zip(decoder.planes(sample), whole, strict=True):
                np.testing.assert_array_equal(mine, theirs)
        assert refused == 40


@pytest.mark.parametrize("data", [b"", b"\0\0\0\2\x09\x10", bytes(100), b"\xff" * 100])
def test_bytes_that_are_no_frame_are_refused(tmp_path: Path, data: bytes) -> None:
    canonical(SyntheticVideo(picture(), 2), tmp_path)
    with open_canonical_video(tmp_path) as video, pytest.raises(CanonicalVideoError):
        FrameDecoder(video.info).planes(data)
