"""Masked rectangles are black to the last pixel, and nothing else is touched."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.video.canonical.synthetic import SyntheticVideo, canonical, noise, picture, psnr_db
from video.canonical import FrameDecoder, open_canonical_video
from video.canonical.layout import THUMBNAILS_FILE
from video.model import Mask, Sampling
from video.scrub.masks import Blanker

_SIDES = st.integers(-10, 80)


@given(
    x=st.tuples(_SIDES, _SIDES),
    y=st.tuples(_SIDES, _SIDES),
    sampling=st.sampled_from(list(Sampling)),
    is_full_range=st.booleans(),
)
def test_exactly_the_masked_pixels_are_black(
    x: tuple[int, int], y: tuple[int, int], sampling: Sampling, *, is_full_range: bool
) -> None:
    form = picture(64, 48, sampling, is_full_range=is_full_range)
    mask = Mask(min(x), min(y), max(x), max(y))
    is_masked = np.zeros((48, 64), bool)
    is_masked[max(0, mask.y0) : max(0, mask.y1), max(0, mask.x0) : max(0, mask.x1)] = True
    if not is_masked.any():
        with pytest.raises(ValueError, match="within the frame"):
            Blanker(form, [mask])
        return
    source = noise(form, 3)
    blanked = [plane.copy() for plane in source]
    blanker = Blanker(form, [mask])
    blanker.blank(blanked)
    assert (blanked[0][is_masked] == (0 if is_full_range else 16)).all()
    np.testing.assert_array_equal(blanked[0][~is_masked], source[0][~is_masked])
    step = 2 if sampling is Sampling.YUV420 else 1
    shares = is_masked.reshape(48 // step, step, 64 // step, step).any(axis=(1, 3))
    for before, after in zip(source[1:], blanked[1:], strict=True):
        assert (after[shares] == 128).all()
        np.testing.assert_array_equal(after[~shares], before[~shares])
    assert blanker.residue(blanked) == 0


@pytest.mark.parametrize("gop", [1, 12])
def test_what_was_masked_is_in_no_frame_and_in_no_small_picture(tmp_path: Path, gop: int) -> None:
    form = picture(96, 80)
    mask = Mask(16, 16, 80, 48)
    report = canonical(SyntheticVideo(form, 26, noise), tmp_path / "noise", gop=gop, masks=[mask])
    assert report.proof["frames"]["frames_masked"] == 26
    assert report.proof["frames"]["worst_mask_residue"] < 1
    assert report.psnr_db["min"] >= 45
    with open_canonical_video(tmp_path / "noise") as video:
        decoder = FrameDecoder(video.info)
        for number in range(26):
            key = video.key_frame_at(number)
            luma = decoder.planes(video.read(key, number - key + 1))[0]
            assert np.abs(luma[16:48, 16:80].astype(int) - 16).max() <= 12
            assert psnr_db(luma[48:], noise(form, number)[0][48:]) > 44


def test_a_frame_that_is_all_mask_gives_the_same_files_whatever_it_showed(tmp_path: Path) -> None:
    form = picture(64, 48)
    for name in ("one", "other"):
        video = SyntheticVideo(form, 3, lambda form, number, name=name: noise(form, number + len(name)))
        canonical(video, tmp_path / name, masks=[Mask(0, 0, 64, 48)])
    files = [(tmp_path / name / THUMBNAILS_FILE).read_bytes() for name in ("one", "other")]
    assert files[0] == files[1]


def test_a_mask_beside_the_frame_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="within the frame"):
        canonical(SyntheticVideo(picture(), 3), tmp_path, masks=[Mask(64, 0, 90, 10)])
    assert not list(tmp_path.iterdir())
