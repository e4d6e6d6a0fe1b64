"""Every way of writing samples down gives the samples back: exactly where it is lossless."""

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from tests.video.clips import read_code
from tests.video.dicom.dicom_clips import (
    HTJ2K_LOSSLESS,
    Picture,
    Writing,
    dicom_loop,
    frames_of,
    lossless_jpeg,
    opened,
    pictures,
    shows,
)
from video.formats.dicom.frame_header import jpeg_xl_size
from video.model import Sampling

LOSSLESS = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
    HTJ2K_LOSSLESS,
)


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: syntax.name)
@pytest.mark.parametrize("size_px", [(96, 64), (97, 51)], ids=["even", "odd"])
def test_colours_come_back_exactly(syntax: UID, size_px: tuple[int, int]) -> None:
    loop = pictures(3, *size_px)
    frames = frames_of(dicom_loop(loop, Writing(syntax)))
    assert len(frames) == 3
    assert all(shows(frame, picture) for frame, picture in zip(frames, loop, strict=True))


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: syntax.name)
def test_grey_comes_back_exactly(syntax: UID) -> None:
    loop = pictures(3, 97, 51, colour=False)
    video = opened(dicom_loop(loop, Writing(syntax)))
    assert video.picture.sampling is Sampling.GRAY
    frames = list(video.frames())
    assert [frame.planes[0].tolist() for frame in frames] == [picture.tolist() for picture in loop]
    assert [read_code(frame.planes[0]) for frame in frames] == [0, 1, 2]


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: syntax.name)
def test_sixteen_bits_are_windowed_as_the_file_says(syntax: UID) -> None:
    loop = [picture.astype(np.uint16) * 16 for picture in pictures(2, 97, 51, colour=False)]
    data = dicom_loop(loop, Writing(syntax, bits_stored=12), WindowCenter="2048", WindowWidth="4096")
    for frame, picture in zip(frames_of(data), loop, strict=True):
        assert np.abs(frame.planes[0] - picture * (255 / 4095)).max() <= 0.51


@pytest.mark.parametrize(
    "syntax",
    [syntax for syntax in LOSSLESS if syntax not in (JPEGLosslessSV1, JPEGLSLossless)],
    ids=lambda syntax: syntax.name,
)
def test_signed_samples_keep_their_sign(syntax: UID) -> None:
    loop = [(picture.astype(np.int16) - 128) * 100 for picture in pictures(2, 96, 64, colour=False)]
    data = dicom_loop(loop, Writing(syntax), WindowCenter="0", WindowWidth="25601")
    for frame, picture in zip(frames_of(data), loop, strict=True):
        assert np.abs(frame.planes[0] - (picture / 25600 + 0.5) * 255).max() <= 1


def test_bits_of_signed_samples_in_codings_without_sign_are_reinterpreted() -> None:
    loop = [(picture.astype(np.int16) - 128) * 100 for picture in pictures(2, 96, 64, colour=False)]

    def encode(picture: Picture) -> bytes:
        return bytes(imagecodecs.jpegls_encode(picture.view(np.uint16)))

    data = dicom_loop(loop, Writing(JPEGLSLossless, encode=encode), WindowCenter="0", WindowWidth="25601")
    for frame, picture in zip(frames_of(data), loop, strict=True):
        assert np.abs(frame.planes[0] - (picture / 25600 + 0.5) * 255).max() <= 1


@pytest.mark.parametrize("predictor", range(1, 8))
def test_every_predictor_of_lossless_jpeg(predictor: int) -> None:
    loop = pictures(2, 97, 51)
    writing = Writing(JPEGLossless, encode=lambda picture: lossless_jpeg(picture, predictor))
    frames = frames_of(dicom_loop(loop, writing))
    assert all(shows(frame, picture) for frame, picture in zip(frames, loop, strict=True))


def near(picture: Picture) -> bytes:
    return bytes(imagecodecs.jpegls_encode(picture, level=2))


def wavelets(picture: Picture) -> bytes:
    """With the irreversible transform of colours."""
    return bytes(imagecodecs.jpeg2k_encode(picture, level=50, reversible=False, codecformat="j2k", mct=True))


def test_near_lossless_jpeg_ls_stays_within_its_bound() -> None:
    loop = pictures(2, 97, 51, colour=False)
    for frame, picture in zip(
        frames_of(dicom_loop(loop, Writing(JPEGLSNearLossless, encode=near))), loop, strict=True
    ):
        assert np.abs(frame.planes[0].astype(int) - picture).max() <= 2


@pytest.mark.parametrize("photometric", ["YBR_ICT", "RGB"])
def test_the_colour_transform_of_jpeg_2000_is_undone_whatever_the_file_calls_it(photometric: str) -> None:
    loop = pictures(2, 97, 51)
    data = dicom_loop(loop, Writing(JPEG2000, photometric=photometric, encode=wavelets))
    assert all(shows(frame, picture, 6) for frame, picture in zip(frames_of(data), loop, strict=True))


def test_jpeg_with_halved_chroma_and_even_sides_keeps_it_halved() -> None:
    loop = pictures(3, 128, 96)

    def encode(picture: Picture) -> bytes:
        return bytes(imagecodecs.jpeg8_encode(picture, level=95, subsampling="420"))

    video = opened(dicom_loop(loop, Writing(JPEGBaseline8Bit, photometric="YBR_FULL_422", encode=encode)))
    assert video.picture.sampling is Sampling.YUV420
    assert video.picture.is_full_range
    for number, frame in enumerate(video.frames()):
        luma, blue, red = frame.planes
        assert read_code(luma) == number
        whole = imagecodecs.jpeg8_decode(encode(loop[number]), outcolorspace="YCBCR")
        assert np.abs(luma.astype(int) - whole[..., 0]).max() <= 2
        for plane, channel in ((blue, 1), (red, 2)):
            means = whole[..., channel].reshape(48, 2, 64, 2).mean(axis=(1, 3))
            assert np.abs(plane - means).mean() < 1


@pytest.mark.parametrize("subsampling", ["420", "422", "444"])
def test_jpeg_of_odd_sides_is_what_libjpeg_makes_of_it(subsampling: str) -> None:
    loop = pictures(2, 97, 51)

    def encode(picture: Picture) -> bytes:
        return bytes(imagecodecs.jpeg8_encode(picture, level=95, subsampling=subsampling))

    data = dicom_loop(loop, Writing(JPEGBaseline8Bit, photometric="YBR_FULL_422", encode=encode))
    for frame, picture in zip(frames_of(data), loop, strict=True):
        expected = imagecodecs.jpeg8_decode(encode(picture), outcolorspace="YCBCR")
        assert np.array_equal(np.dstack(frame.planes), expected)


def test_jpeg_of_twelve_bits() -> None:
    loop = [picture.astype(np.uint16) * 16 for picture in pictures(2, 96, 64, colour=False)]

    def encode(picture: Picture) -> bytes:
        return bytes(imagecodecs.jpeg8_encode(picture, level=98, bitspersample=12))

    data = dicom_loop(
        loop,
        Writing(JPEGExtended12Bit, encode=encode, bits_stored=12),
        WindowCenter="2048",
        WindowWidth="4096",
    )
    for frame, picture in zip(frames_of(data), loop, strict=True):
        assert np.abs(frame.planes[0] - picture * (255 / 4095)).mean() < 1


def test_deflated_frames() -> None:
    loop = pictures(2, 97, 51)

    def encode(picture: Picture) -> bytes:
        return bytes(imagecodecs.deflate_encode(picture.tobytes(), raw=True))

    data = dicom_loop(loop, Writing(JPEGBaseline8Bit, encode=encode))
    # pydicom does not write this transfer syntax yet.
    data = data.replace(b"1.2.840.10008.1.2.4.50", b"1.2.840.10008.1.2.8.1\0")
    frames = frames_of(data)
    assert all(shows(frame, picture) for frame, picture in zip(frames, loop, strict=True))


@pytest.mark.parametrize("size_px", [(97, 51), (96, 64), (128, 96), (160, 90), (640, 480)])
@pytest.mark.parametrize("has_boxes", [False, True])
def test_jpeg_xl(size_px: tuple[int, int], has_boxes: bool) -> None:
    loop = pictures(2, *size_px)

    def encode(picture: Picture) -> bytes:
        return bytes(imagecodecs.jpegxl_encode(picture, lossless=True, usecontainer=has_boxes))

    assert jpeg_xl_size(encode(loop[0])) == size_px
    # By its content: pydicom does not write the transfer syntax yet.
    video = opened(dicom_loop(loop, Writing(JPEGBaseline8Bit, encode=encode)))
    assert video.format_name == "dicom (jpeg xl)"
    assert all(shows(frame, picture) for frame, picture in zip(video.frames(), loop, strict=True))


@settings(deadline=None)
@given(st.integers(1, 2**18), st.integers(1, 2**18))
def test_the_size_of_jpeg_xl_is_read_as_it_is_written(width_px: int, height_px: int) -> None:
    bits, at = 0, 0
    for value, count in ((0, 1), (2, 2), (height_px - 1, 18), (0, 3), (2, 2), (width_px - 1, 18)):
        bits |= value << at
        at += count
    assert jpeg_xl_size(b"\xff\x0a" + bits.to_bytes(8, "little")) == (width_px, height_px)


def test_a_frame_of_another_coding_than_the_file_states_is_read_as_what_it_is() -> None:
    loop = pictures(2, 97, 51)
    video = opened(dicom_loop(loop, Writing(JPEGBaseline8Bit, encode=lossless_jpeg)))
    assert video.format_name == "dicom (jpeg lossless)"
    assert all(shows(frame, picture) for frame, picture in zip(video.frames(), loop, strict=True))


def test_frames_of_another_size_than_the_file_states_have_their_own() -> None:
    loop = pictures(2, 97, 51)
    video = opened(dicom_loop(loop, Writing(JPEGLSLossless), Rows=100, Columns=200))
    assert (video.picture.width_px, video.picture.height_px) == (97, 51)
    assert "The frames themselves have 97 × 51 px, not 200 × 100 px as the file states." in video.remarks
    assert all(shows(frame, picture) for frame, picture in zip(video.frames(), loop, strict=True))


def test_bytes_of_big_endian_words_are_turned_round() -> None:
    loop = pictures(3, 97, 51, colour=False)  # an odd number of bytes a frame
    whole = b"".join(picture.tobytes() for picture in loop) + b"\0"
    turned = np.frombuffer(whole, ">u2").astype("<u2").tobytes()
    pieces = [turned[number * 97 * 51 : (number + 1) * 97 * 51] for number in range(3)]
    pieces[2] += turned[3 * 97 * 51 :]
    given = iter(pieces)
    data = dicom_loop(loop, Writing(ExplicitVRBigEndian, encode=lambda picture: next(given)))
    assert data.count(b"\x7f\xe0\0\x10OB") == 1
    frames = frames_of(data.replace(b"\x7f\xe0\0\x10OB", b"\x7f\xe0\0\x10OW"))
    assert [frame.planes[0].tolist() for frame in frames] == [picture.tolist() for picture in loop]


def test_single_bits_run_on_from_frame_to_frame() -> None:
    loop = [(picture > 128).astype(np.uint8) for picture in pictures(3, 97, 51, colour=False)]
    bits = np.concatenate([picture.ravel() for picture in loop])
    packed = np.packbits(bits, bitorder="little").tobytes()
    data = dicom_loop(
        loop, Writing(encode=lambda picture: packed if picture is loop[0] else b""),
        BitsAllocated=1, BitsStored=1, HighBit=0,
    )  # fmt: skip
    frames = frames_of(data)
    assert [frame.planes[0].tolist() for frame in frames] == [(picture * 255).tolist() for picture in loop]


@pytest.mark.parametrize("high_bit", [11, 13, 15])
def test_what_lies_beside_the_stored_bits_is_not_shown(high_bit: int) -> None:
    shift = high_bit - 11
    plain = [picture.astype(np.uint16) * 16 for picture in pictures(2, 96, 64, colour=False)]
    overlay = np.uint16(~(0xFFF << shift) & 0xFFFF)
    loop = [(picture << shift) | overlay for picture in plain]
    data = dicom_loop(
        loop, Writing(bits_stored=12, high_bit=high_bit), WindowCenter="2048", WindowWidth="4096"
    )
    for frame, picture in zip(frames_of(data), plain, strict=True):
        assert np.abs(frame.planes[0] - picture * (255 / 4095)).max() <= 0.51
