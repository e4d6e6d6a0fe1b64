"""Every frame is as close to its source as is promised, and no finer than it takes."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.video.canonical.synthetic import noise, picture, psnr_db, to_rgb, waves
from video.canonical.decoder import SampleDecoder
from video.canonical.encoder import SLICES, SampleEncoder
from video.canonical.fidelity import picture_digest
from video.canonical.group_coder import PROMISED_DB, CodedFrame, GroupCoder
from video.canonical.level import least_level
from video.canonical.nal import ACCESS_UNIT_DELIMITER, IDR_SLICE, SLICE, unit_type, units
from video.canonical.thumbnails import ThumbnailTray
from video.model import PictureFormat, Plane, Sampling


def _text(form: PictureFormat, number: int) -> tuple[Plane, ...]:
    """Burnt-in letters on black: the sharpest edges there are."""
    luma, *chroma = (
        np.full_like(plane, 16 if place == 0 else 128) for place, plane in enumerate(waves(form, 0))
    )
    for row in range(8, form.height_px, 10):
        cv2.putText(luma, f"MI 1.{number} TIS 0.{row}", (1, row), cv2.FONT_HERSHEY_PLAIN, 0.7, 235, 1)
    return (luma, *chroma)


def _black(form: PictureFormat, number: int) -> tuple[Plane, ...]:
    return tuple(np.full_like(plane, 16 if place == 0 else 128) for place, plane in enumerate(waves(form, 0)))


def _mixed(form: PictureFormat, number: int) -> tuple[Plane, ...]:
    """Scenes that have nothing in common, cut hard against each other."""
    return (_black, noise, waves, _text)[number // 3 % 4](form, number)


def _code(
    form: PictureFormat, gop: int, pictures: list[tuple[Plane, ...]]
) -> tuple[list[CodedFrame], SampleDecoder]:
    coder = GroupCoder(form, gop)
    coded = []
    for start in range(0, len(pictures), gop):
        coded += coder.encode(pictures[start : start + gop], start // gop & 1)
    return coded, SampleDecoder(form, SampleEncoder(form, gop, 30).avcc, threads=1)


@pytest.mark.parametrize("draw", [noise, _text, waves, _black, _mixed])
@pytest.mark.parametrize("sampling", list(Sampling))
@pytest.mark.parametrize("gop", [1, 12])
def test_every_plane_and_the_colours_of_every_frame_are_as_close_as_is_promised(
    draw: type[noise], sampling: Sampling, gop: int
) -> None:
    form = picture(96, 64, sampling)
    pictures = [draw(form, number) for number in range(26)]
    coded, decoder = _code(form, gop, pictures)
    for planes, frame in zip(pictures, coded, strict=True):
        shown = decoder.planes(frame.sample)
        measured = [psnr_db(one, other) for one, other in zip(shown, planes, strict=True)]
        measured.append(psnr_db(to_rgb(shown, form).round(), to_rgb(planes, form).round()))
        assert min(measured) >= PROMISED_DB
        assert frame.psnr_db <= min(measured) + 0.1


def test_steady_pictures_are_not_coded_much_finer_than_is_promised() -> None:
    form = picture(320, 240)
    coded, _ = _code(form, 1, [noise(form, number) for number in range(60)])
    assert max(frame.psnr_db for frame in coded[10:]) < PROMISED_DB + 3


@pytest.mark.parametrize("gop", [1, 12])
def test_a_sample_is_a_delimiter_and_slices(gop: int) -> None:
    form = picture(160, 128)
    coded, _ = _code(form, gop, [waves(form, number) for number in range(24)])
    for number, frame in enumerate(coded):
        kinds = [unit_type(unit) for unit in units(frame.sample)]
        assert kinds == [ACCESS_UNIT_DELIMITER] + [SLICE if number % gop else IDR_SLICE] * SLICES


def _bits(unit: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in unit[1:40])


def _exp_golomb(bits: str, position: int) -> tuple[int, int]:
    zeros = bits.index("1", position) - position
    end = position + 2 * zeros + 1
    return int(bits[position + zeros : end], 2) - 1, end


def _idr_picture_id(sample: bytes) -> int:
    """ITU-T H.264, 7.3.3: first_mb_in_slice, slice_type, pic_parameter_set_id, frame_num, idr_pic_id.

    frame_num is 0 in a key frame; libx264's `stitchable` fixes its length.
    """
    bits = _bits(next(unit for unit in units(sample) if unit_type(unit) == IDR_SLICE))
    position = 0
    for _ in range(3):
        _, position = _exp_golomb(bits, position)
    frame_num_bits = 4
    while bits[position : position + frame_num_bits].strip("0"):
        frame_num_bits -= 1
    return _exp_golomb(bits, position + frame_num_bits)[0]


def test_key_frames_in_a_row_bear_different_numbers_whatever_encoder_made_them() -> None:
    form = picture(96, 64)
    coded, _ = _code(form, 1, [_mixed(form, number) for number in range(48)])
    numbers = [_idr_picture_id(frame.sample) for frame in coded]
    assert all(one != other for one, other in pairwise(numbers))


def test_the_parameter_sets_of_all_encoders_are_the_same() -> None:
    form = picture(96, 64, Sampling.YUV444)
    assert len({SampleEncoder(form, 1, quantiser).avcc for quantiser in (1, 10, 25, 40, 51)}) == 1


def test_the_same_frames_become_the_same_bytes() -> None:
    form = picture(96, 64)
    pictures = [_mixed(form, number) for number in range(24)]
    once, again = (_code(form, 1, pictures)[0] for _ in range(2))
    assert [frame.sample for frame in once] == [frame.sample for frame in again]


def test_a_digest_tells_planes_apart_and_does_not_mind_strides() -> None:
    planes = waves(picture(), 1)
    wide = tuple(np.pad(plane, ((0, 0), (0, 9)))[:, : plane.shape[1]] for plane in planes)
    assert picture_digest(planes) == picture_digest(wide)
    wide[2][-1, -1] ^= 1
    assert picture_digest(planes) != picture_digest(wide)


@given(count=st.integers(1, 400), most=st.integers(2, 40))
@settings(deadline=None)
def test_small_pictures_stay_evenly_spaced_and_few(count: int, most: int) -> None:
    tray = ThumbnailTray(most)
    for number in range(count):
        tray.put(number, b"%d" % number)
    kept = [number for number, _ in tray]
    assert kept == list(range(0, count, tray.step))
    assert len(kept) <= most
    assert len(kept) == count or 2 * len(kept) >= most
    assert all(jpeg == b"%d" % number for number, jpeg in tray)


def test_a_stream_of_many_bytes_needs_a_higher_level() -> None:
    assert least_level(np.full(100, 1_000, np.uint32), 25.0, is_444=False) == 11
    assert least_level(np.full(100, 160_000, np.uint32), 25.0, is_444=False) == 41
    assert least_level(np.full(100, 160_000, np.uint32), 25.0, is_444=True) == 30
    assert least_level(np.full(3, 2**31, np.uint32), 60.0, is_444=False) == 62
