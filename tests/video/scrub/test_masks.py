"""Masked rectangles are black to the last pixel, and nothing else is touched."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ground.finding import Box
from tests.video.canonical.synthetic import SyntheticVideo, canonical, noise, picture, psnr_db
from video.canonical import FrameDecoder, open_canonical_video
from video.canonical.layout import THUMBNAILS_FILE
from video.model import Kept, Sampling
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
    mask = Box(min(x), min(y), max(x), max(y))
    is_masked = np.zeros((48, 64), bool)
    is_masked[max(0, mask.y0) : max(0, mask.y1), max(0, mask.x0) : max(0, mask.x1)] = True
    if not is_masked.any():
        with pytest.raises(ValueError, match="within the frame"):
            Blanker(form, [mask])
        return
    source = noise(form, 3)
    blanked = [plane.copy() for plane in source]
    blanker = Blanker(form, [mask])
    blanker.blank(blanked, 0)
    assert (blanked[0][is_masked] == (0 if is_full_range else 16)).all()
    np.testing.assert_array_equal(blanked[0][~is_masked], source[0][~is_masked])
    step = 2 if sampling is Sampling.YUV420 else 1
    shares = is_masked.reshape(48 // step, step, 64 // step, step).any(axis=(1, 3))
    for before, after in zip(source[1:], blanked[1:], strict=True):
        assert (after[shares] == 128).all()
        np.testing.assert_array_equal(after[~shares], before[~shares])
    assert blanker.residue(blanked, 0) == 0


@pytest.mark.parametrize("gop", [1, 12])
def test_what_was_masked_is_in_no_frame_and_in_no_small_picture(tmp_path: Path, gop: int) -> None:
    form = picture(96, 80)
    mask = Box(16, 16, 80, 48)
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
        canonical(video, tmp_path / name, masks=[Box(0, 0, 64, 48)])
    files = [(tmp_path / name / THUMBNAILS_FILE).read_bytes() for name in ("one", "other")]
    assert files[0] == files[1]


def test_a_mask_beside_the_frame_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="within the frame"):
        canonical(SyntheticVideo(picture(), 3), tmp_path, masks=[Box(64, 0, 90, 10)])
    assert not list(tmp_path.iterdir())


@given(first=st.none() | st.integers(0, 20), last=st.none() | st.integers(0, 20), number=st.integers(0, 25))
def test_a_mask_of_some_frames_is_in_those_and_in_no_other(
    first: int | None, last: int | None, number: int
) -> None:
    form = picture(64, 48)
    blanker = Blanker(form, [Box(4, 4, 20, 12, first, last)])
    planes = [plane.copy() for plane in noise(form, number)]
    blanker.blank(planes, number)
    is_meant = (0 if first is None else first) <= number <= (99 if last is None else last)
    assert (planes[0][4:12, 4:20] == 16).all() == is_meant
    assert np.array_equal(planes[0], noise(form, number)[0]) != is_meant
    assert blanker.area(number, number).sum() == (128 if is_meant else 0)


_POINTS = st.tuples(st.integers(-20, 90), st.integers(-20, 70))
_POLYGONS = st.lists(_POINTS, min_size=3, max_size=7).map(tuple)


@settings(deadline=None)
@given(
    polygons=st.lists(_POLYGONS, min_size=1, max_size=3).map(tuple), sampling=st.sampled_from(list(Sampling))
)
def test_beyond_all_kept_polygons_everything_is_black(
    polygons: tuple[tuple[tuple[int, int], ...], ...], sampling: Sampling
) -> None:
    form = picture(64, 48, sampling)
    pixels = [(x, y) for y in range(48) for x in range(64)]
    within, near = (
        np.array([any(_lies(point, polygon, far_px) for polygon in polygons) for point in pixels]).reshape(
            48, 64
        )
        for far_px in (-1.0, 1.5)
    )
    if not near.any():
        with pytest.raises(ValueError, match="nothing"):
            Blanker(form, (), Kept(polygons))
        return
    if not within.any():
        return
    source = noise(form, 3)
    planes = [plane.copy() for plane in source]
    blanker = Blanker(form, (), Kept(polygons))
    blanker.blank(planes, 5)
    inside = ~blanker.area(5, 5)
    assert inside[within].all()
    assert not inside[~near].any()
    assert (planes[0][~inside] == 16).all()
    np.testing.assert_array_equal(planes[0][inside], source[0][inside])
    step = 2 if sampling is Sampling.YUV420 else 1
    shares = ~inside.reshape(48 // step, step, 64 // step, step).all(axis=(1, 3))
    for before, after in zip(source[1:], planes[1:], strict=True):
        assert (after[shares] == 128).all()
        np.testing.assert_array_equal(after[~shares], before[~shares])
    assert blanker.residue(planes, 5) == 0


def _lies(point: tuple[int, int], polygon: tuple[tuple[int, int], ...], far_px: float) -> bool:
    """Whether it is inside of the polygon by the even-odd rule, or outside by at most `far_px`."""
    x, y = point
    crossed, distance = False, np.inf
    for (x0, y0), (x1, y1) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (y0 <= y) != (y1 <= y) and x0 + (y - y0) * (x1 - x0) / (y1 - y0) <= x:
            crossed = not crossed
        length = (x1 - x0) ** 2 + (y1 - y0) ** 2
        along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length if length else 0.0
        along = min(1.0, max(0.0, along))
        distance = min(distance, float(np.hypot(x0 + along * (x1 - x0) - x, y0 + along * (y1 - y0) - y)))
    return crossed and distance > -far_px if far_px < 0 else crossed or distance <= far_px


def test_a_word_beyond_what_is_kept_is_a_residue_however_small(tmp_path: Path) -> None:
    form = picture(640, 480)
    blanker = Blanker(form, (), Kept((((320, 0), (640, 0), (640, 480), (320, 480)),)))
    planes = [plane.copy() for plane in noise(form, 1)]
    blanker.blank(planes, 0)
    assert blanker.residue(planes, 0) == 0
    planes[0][100:108, 50:90:3] = 120
    assert blanker.residue(planes, 0) > 4


def test_what_is_masked_for_some_frames_is_gone_from_those_frames_of_the_file(tmp_path: Path) -> None:
    form = picture(96, 80)
    masks = [Box(0, 0, 96, 80, 5, 9), Box(16, 16, 32, 32, 20, None)]
    report = canonical(SyntheticVideo(form, 26, noise), tmp_path / "noise", masks=masks)
    assert report.psnr_db["min"] >= 45
    assert report.proof["frames"]["worst_mask_residue"] < 2
    with open_canonical_video(tmp_path / "noise") as video:
        decoder = FrameDecoder(video.info)
        for number in range(26):
            luma = decoder.planes(video.read(number))[0]
            assert (luma.std() < 2) == (5 <= number <= 9)
            assert (luma[18:30, 18:30].std() < 12) == (5 <= number <= 9 or number >= 20)
