"""Three components: in planes or pixel by pixel, halved or not, and whatever the file calls them."""

import imagecodecs
import numpy as np
import pytest
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from tests.video.dicom.dicom_clips import (
    Picture,
    Writing,
    dicom_loop,
    frames_of,
    lossless_jpeg,
    opened,
    pictures,
    run_lengths,
    shows,
    ycbcr,
)
from video.model import Matrix, Sampling


def converted(picture: Picture) -> Picture:
    """(height, width, 3) full-range YCbCr, rounded."""
    return np.stack([np.rint(plane) for plane in ycbcr(picture)], axis=-1).clip(0, 255).astype(np.uint8)


def halved(picture: Picture) -> bytes:
    """Two lumas and the first one's chroma, in turns."""
    height, width = picture.shape[:2]
    padded = np.pad(picture, ((0, 0), (0, width % 2), (0, 0)), mode="edge")
    pairs = np.empty((height, padded.shape[1] // 2, 4), np.uint8)
    pairs[..., 0], pairs[..., 1] = padded[:, ::2, 0], padded[:, 1::2, 0]
    pairs[..., 2:] = padded[:, ::2, 1:]
    return pairs.tobytes()


@pytest.mark.parametrize("planar", [0, 1])
def test_rgb_in_planes_or_pixel_by_pixel(planar: int) -> None:
    loop = pictures(3, 97, 51)
    video = opened(dicom_loop(loop, Writing(planar=planar)))
    assert video.picture.matrix is Matrix.BT601 and video.picture.is_full_range
    assert all(shows(frame, picture) for frame, picture in zip(video.frames(), loop, strict=True))


@pytest.mark.parametrize("planar", [0, 1])
def test_ybr_full_is_handed_on_untouched(planar: int) -> None:
    loop = [converted(picture) for picture in pictures(3, 97, 51)]
    frames = frames_of(dicom_loop(loop, Writing(planar=planar, photometric="YBR_FULL")))
    for frame, picture in zip(frames, loop, strict=True):
        assert np.array_equal(np.dstack(frame.planes), picture)


@pytest.mark.parametrize("width_px", [96, 97])
def test_halved_chroma_is_repeated(width_px: int) -> None:
    loop = [converted(picture) for picture in pictures(3, width_px, 52)]
    video = opened(dicom_loop(loop, Writing(photometric="YBR_FULL_422", encode=halved)))
    assert video.picture.sampling is Sampling.YUV444 and video.picture.is_full_range
    for frame, picture in zip(video.frames(), loop, strict=True):
        assert np.array_equal(frame.planes[0], picture[..., 0])
        for plane, channel in zip(frame.planes[1:], (1, 2), strict=True):
            expected = np.repeat(picture[:, ::2, channel], 2, axis=1)[:, :width_px]
            assert np.array_equal(plane, expected)


def test_partial_range_stays_partial() -> None:
    loop = [converted(picture) for picture in pictures(2, 96, 52)]
    video = opened(dicom_loop(loop, Writing(photometric="YBR_PARTIAL_422", encode=halved)))
    assert not video.picture.is_full_range


def test_chroma_that_is_not_halved_although_the_file_says_so_is_seen_by_the_length() -> None:
    loop = [converted(picture) for picture in pictures(3, 96, 52)]
    frames = frames_of(dicom_loop(loop, Writing(photometric="YBR_FULL_422")))
    for frame, picture in zip(frames, loop, strict=True):
        assert np.array_equal(np.dstack(frame.planes), picture)


@pytest.mark.parametrize(
    "writing",
    [
        Writing(ExplicitVRLittleEndian, photometric="YBR_FULL"),
        Writing(RLELossless, photometric="YBR_FULL"),
        Writing(JPEGLosslessSV1, photometric="YBR_FULL_422"),
    ],
    ids=["uncompressed", "run lengths", "lossless jpeg"],
)
def test_rgb_that_is_called_ycbcr_is_seen_in_the_samples(writing: Writing) -> None:
    loop = pictures(3, 192, 128)
    video = opened(dicom_loop(loop, writing))
    assert all(shows(frame, picture) for frame, picture in zip(video.frames(), loop, strict=True))


@pytest.mark.parametrize("encode", [None, run_lengths], ids=["uncompressed", "run lengths"])
def test_ycbcr_that_is_called_rgb_is_seen_in_the_samples(encode: object) -> None:
    loop = [converted(picture) for picture in pictures(3, 192, 128)]
    writing = Writing(RLELossless, encode=run_lengths) if encode else Writing()
    video = opened(dicom_loop(loop, writing))
    for frame, picture in zip(video.frames(), loop, strict=True):
        assert np.array_equal(np.dstack(frame.planes), picture)
    assert "The samples are read as YCbCr, which they show, not as RGB, as is stated." in video.remarks


def test_a_clip_that_begins_black_is_judged_by_later_frames() -> None:
    loop = pictures(9, 192, 128)
    loop[0] = np.zeros_like(loop[0])
    video = opened(dicom_loop(loop, Writing(photometric="YBR_FULL")))
    assert all(shows(frame, picture) for frame, picture in zip(video.frames(), loop, strict=True))


def test_garish_pictures_stay_what_they_are_called() -> None:
    random = np.random.default_rng(1)
    loop = [random.integers(0, 256, (52, 96, 3), np.uint8) for _ in range(2)]
    assert all(
        shows(frame, picture) for frame, picture in zip(frames_of(dicom_loop(loop)), loop, strict=True)
    )
    kept = frames_of(dicom_loop(loop, Writing(photometric="YBR_FULL")))
    assert all(np.array_equal(np.dstack(frame.planes), p) for frame, p in zip(kept, loop, strict=True))


def jpeg(picture: Picture) -> bytes:
    """YCbCr with a JFIF marker."""
    return bytes(imagecodecs.jpeg8_encode(picture, level=98, subsampling="444"))


def jpeg_of_rgb(picture: Picture) -> bytes:
    """RGB with an Adobe marker that says so."""
    return bytes(
        imagecodecs.jpeg8_encode(picture, level=98, subsampling="444", colorspace="RGB", outcolorspace="RGB")
    )


def without_markers(data: bytes) -> bytes:
    """The same without APP0 and APP14."""
    out, at = data[:2], 2
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] not in (0xE0, 0xEE):
            out += data[at:end]
        at = end
    return out + data[at:]


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("encode", [jpeg, jpeg_of_rgb])
def test_a_jpeg_that_says_what_it_is_is_believed(photometric: str, encode: object) -> None:
    loop = pictures(3, 97, 51)
    chosen = jpeg if encode is jpeg else jpeg_of_rgb
    video = opened(dicom_loop(loop, Writing(JPEGBaseline8Bit, photometric=photometric, encode=chosen)))
    assert all(shows(frame, picture, 8) for frame, picture in zip(video.frames(), loop, strict=True))
    assert video.losses == ()


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("encode", [jpeg, jpeg_of_rgb])
def test_a_jpeg_that_says_nothing_shows_what_it_is(photometric: str, encode: object) -> None:
    loop = pictures(3, 192, 128)
    chosen = jpeg if encode is jpeg else jpeg_of_rgb
    data = dicom_loop(
        loop,
        Writing(
            JPEGBaseline8Bit, photometric=photometric, encode=lambda picture: without_markers(chosen(picture))
        ),
    )
    assert all(shows(frame, picture, 8) for frame, picture in zip(frames_of(data), loop, strict=True))


def test_sixteen_bits_a_component_are_rounded() -> None:
    loop = [picture.astype(np.uint16) * 257 for picture in pictures(2, 96, 52)]
    video = opened(dicom_loop(loop))
    assert "Samples of 16 bits are rounded to 8." in video.remarks
    assert all(
        shows(frame, (picture // 257).astype(np.uint8))
        for frame, picture in zip(video.frames(), loop, strict=True)
    )


def test_lossless_jpeg_of_ycbcr_is_handed_on_untouched() -> None:
    loop = [converted(picture) for picture in pictures(3, 192, 128)]

    def encode(picture: Picture) -> bytes:
        return without_markers(lossless_jpeg(picture))

    frames = frames_of(dicom_loop(loop, Writing(JPEGLosslessSV1, photometric="YBR_FULL", encode=encode)))
    for frame, picture in zip(frames, loop, strict=True):
        assert np.array_equal(np.dstack(frame.planes), picture)


@pytest.mark.parametrize(("stated", "aspect"), [(["1", "1"], 1.0), (["3", "4"], 4 / 3), (["0", "1"], 1.0)])
def test_the_shape_of_a_pixel_is_width_by_height(stated: list[str], aspect: float) -> None:
    video = opened(dicom_loop(pictures(1), PixelAspectRatio=stated))
    assert video.picture.pixel_aspect == pytest.approx(aspect)


def test_encapsulated_frames_without_compression() -> None:
    loop = pictures(3, 97, 51)
    data = dicom_loop(loop, Writing(JPEGBaseline8Bit, encode=lambda picture: bytes(picture.tobytes())))
    # pydicom does not write this transfer syntax.
    data = data.replace(b"1.2.840.10008.1.2.4.50", b"1.2.840.10008.1.2.1.98")
    assert all(shows(frame, picture) for frame, picture in zip(frames_of(data), loop, strict=True))


def test_a_jpeg_with_one_component_is_grey_whatever_the_file_says() -> None:
    loop = pictures(2, 97, 51)

    def encode(picture: Picture) -> bytes:
        return bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(picture[..., 0]), level=98))

    data = dicom_loop(loop, Writing(JPEGBaseline8Bit, photometric="YBR_FULL_422", encode=encode))
    assert opened(data).picture.sampling is Sampling.GRAY


def test_eight_bits_in_frames_of_a_file_that_states_sixteen() -> None:
    loop = pictures(2, 97, 51, colour=False)
    writing = Writing(JPEGLSLossless, encode=lambda picture: bytes(imagecodecs.jpegls_encode(picture)))
    data = dicom_loop(loop, writing, BitsAllocated=16, BitsStored=16, HighBit=15)
    frames = frames_of(data)
    assert [frame.planes[0].tolist() for frame in frames] == [picture.tolist() for picture in loop]


def test_volumes_of_ultrasound_say_what_is_not_kept() -> None:
    video = opened(dicom_loop(pictures(2), SOPClassUID="1.2.840.10008.5.1.4.1.1.6.2"))
    assert any("planes of a volume" in remark for remark in video.remarks)
