"""The opened canonical video: numbers to byte ranges, times to numbers, and no damage unnoticed."""

import os
import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.video.canonical.synthetic import FILES, REGION, SyntheticVideo, canonical, picture
from video.canonical import CanonicalVideo, open_canonical_video
from video.canonical.layout import (
    DESCRIPTION_FILE,
    FRAMES_FILE,
    FRAMES_MAGIC,
    THUMBNAILS_FILE,
    VIDEO_FILE,
    Description,
    StoredFile,
)
from video.canonical.nal import split_samples
from video.canonical.writer import is_constant, pace
from video.errors import CanonicalVideoError, FrameNotFoundError
from video.model import RegionUnit

TIMES_S = [0.0, 0.04, 0.1, 0.1, 0.35, 1.0, 1.04]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("canonical")
    canonical(SyntheticVideo(picture(), len(TIMES_S), times_s=TIMES_S), directory)
    return directory


def _large(directory: Path, count: int) -> CanonicalVideo:
    """A canonical video of very many frames whose samples nobody has ever written."""
    canonical(SyntheticVideo(picture(), 2), directory)
    sizes = np.random.default_rng(1).integers(1_000, 90_000, count).astype("<u4")
    ends = 4096 + np.cumsum(sizes, dtype="<u8")
    thumbnails = np.arange(0, count, -(-count // 2_000), dtype="<u4")
    columns = (np.arange(count) / 25, ends - sizes, sizes, thumbnails, np.full(len(thumbnails), 10, "<u4"))
    index = FRAMES_MAGIC + b"".join(column.tobytes() for column in columns)
    (directory / FRAMES_FILE).write_bytes(index)
    os.truncate(directory / VIDEO_FILE, int(ends[-1]))
    stated = Description.from_json((directory / DESCRIPTION_FILE).read_bytes())
    os.truncate(directory / THUMBNAILS_FILE, 8 + stated.still_bytes + 10 * len(thumbnails))
    description = replace(
        stated,
        frame_count=count,
        thumbnail_count=len(thumbnails),
        video=StoredFile(int(ends[-1]), "0"),
        frames=StoredFile(len(index), sha256(index).hexdigest()),
        thumbnails=StoredFile(8 + stated.still_bytes + 10 * len(thumbnails), "0"),
    )
    (directory / DESCRIPTION_FILE).write_bytes(description.to_json())
    return open_canonical_video(directory)


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_it_says_what_a_viewer_needs(folder: Path) -> None:
    with open_canonical_video(folder) as video:
        info = video.info
    assert (info.width_px, info.height_px, info.frame_count, info.gop) == (64, 48, 7, 1)
    assert info.codec == f"avc1.{info.description[1:4].hex()}"
    assert info.regions == (REGION,)
    assert info.regions[0].unit_x is RegionUnit.CENTIMETER
    assert (info.remarks, info.losses, info.source_format) == (("Frames by a formula.",), (), "formula")
    assert not info.is_constant_rate
    assert info.duration_s == pytest.approx(1.04 * 7 / 6)


def test_times_are_the_sources_own(folder: Path) -> None:
    with open_canonical_video(folder) as video:
        times_s = video.times_s()
        assert times_s.tolist() == TIMES_S
    assert times_s.tolist() == TIMES_S  # still there when the video is closed


def test_samples_of_neighbours_are_one_range(folder: Path) -> None:
    with open_canonical_video(folder) as video:
        each = [video.read(number) for number in range(7)]
        assert video.read(2, 4) == b"".join(each[2:6])
        assert split_samples(video.read(0, 7)) == each
        place = video.locate(3)
        assert os.pread(place.file, place.length, place.offset) == each[3]


@pytest.mark.parametrize(("number", "count"), [(-1, 1), (7, 1), (6, 2), (0, 0), (0, 8), (3, -1), (2**70, 1)])
def test_a_frame_that_is_not_there_is_said_to_be_missing(folder: Path, number: int, count: int) -> None:
    with open_canonical_video(folder) as video, pytest.raises(FrameNotFoundError):
        video.locate(number, count)


@pytest.mark.parametrize(
    ("time_s", "number"),
    [(-1.0, 0), (0.0, 0), (0.039, 0), (0.04, 1), (0.1, 3), (0.34, 3), (0.35, 4), (1.04, 6), (99.0, 6)],
)
def test_a_time_shows_the_frame_that_came_last(folder: Path, time_s: float, number: int) -> None:
    with open_canonical_video(folder) as video:
        assert video.frame_at_time(time_s) == number


def test_groups_are_decoded_from_their_key_frame(tmp_path: Path) -> None:
    canonical(SyntheticVideo(picture(), 30), tmp_path, gop=12)
    with open_canonical_video(tmp_path) as video:
        assert [video.key_frame_at(number) for number in (0, 11, 12, 23, 24, 29)] == [0, 0, 12, 12, 24, 24]
        with pytest.raises(FrameNotFoundError):
            video.key_frame_at(30)


def test_small_pictures_are_at_hand_of_every_frame_of_a_short_clip(folder: Path) -> None:
    with open_canonical_video(folder) as video:
        found = [video.strip_thumbnail(number) for number in range(7)]
        assert [number for number, _ in found] == list(range(7))
        assert all(jpeg.startswith(b"\xff\xd8") and jpeg.endswith(b"\xff\xd9") for _, jpeg in found)
        assert video.thumbnail().startswith(b"\xff\xd8")
        with pytest.raises(FrameNotFoundError):
            video.strip_thumbnail(7)


def test_four_hours_open_and_every_frame_is_found(tmp_path: Path) -> None:
    with _large(tmp_path, 360_000) as video:
        times_s = video.times_s()
        for number in np.random.default_rng(0).integers(360_000, size=2_000).tolist():
            place = video.locate(number)
            if number:
                before = video.locate(number - 1)
                assert before.offset + before.length == place.offset
            assert video.frame_at_time(times_s[number]) == number
            near, _ = video.strip_thumbnail(number)
            assert abs(near - number) <= 90
            assert near % 180 == 0


def test_as_many_frames_as_are_accepted_open(tmp_path: Path) -> None:
    with _large(tmp_path, 2_000_000) as video:
        place = video.locate(1_999_999)
        assert place.offset > 2**32
        assert video.frame_at_time(1e9) == 1_999_999


@given(
    name=st.sampled_from([FRAMES_FILE, DESCRIPTION_FILE]), place=st.integers(0, 2**20), bit=st.integers(0, 7)
)
@settings(max_examples=150, deadline=None)
def test_damage_of_any_byte_of_index_and_description_is_noticed(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, name: str, place: int, bit: int
) -> None:
    damaged = tmp_path_factory.mktemp("damaged")
    for file in FILES:
        shutil.copy(folder / file, damaged)
    data = bytearray((damaged / name).read_bytes())
    data[place % len(data)] ^= 1 << bit
    (damaged / name).write_bytes(data)
    with pytest.raises(CanonicalVideoError):
        open_canonical_video(damaged)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("length", [0, 1, 100, -1])
def test_files_that_are_short_or_long_are_refused(
    folder: Path, tmp_path: Path, name: str, length: int
) -> None:
    for file in FILES:
        shutil.copy(folder / file, tmp_path)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data + b"\0" if length < 0 else data[:length])
    with pytest.raises(CanonicalVideoError):
        open_canonical_video(tmp_path)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_one_clear_error(folder: Path, tmp_path: Path, name: str) -> None:
    for file in FILES:
        if file != name:
            shutil.copy(folder / file, tmp_path)
    before = _open_files()
    with pytest.raises(CanonicalVideoError, match="missing or cannot be read"):
        open_canonical_video(tmp_path)
    assert _open_files() == before


def test_a_description_that_swears_to_another_version_is_refused(folder: Path, tmp_path: Path) -> None:
    for file in FILES:
        shutil.copy(folder / file, tmp_path)
    written = (tmp_path / DESCRIPTION_FILE).read_bytes()
    (tmp_path / DESCRIPTION_FILE).write_bytes(written.replace(b'"version": 1', b'"version": 2'))
    with pytest.raises(CanonicalVideoError, match="another version"):
        open_canonical_video(tmp_path)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=50))
def test_a_clip_lasts_longer_than_until_its_last_frame(steps_s: list[float]) -> None:
    times_s = np.cumsum(steps_s) - steps_s[0]
    duration_s, rate = pace(times_s, None)
    assert duration_s > times_s[-1]
    assert rate > 0


def test_one_frame_lasts_as_long_as_its_source_says() -> None:
    assert pace(np.zeros(1), 2.5) == (2.5, 0.4)
    assert pace(np.zeros(1), None) == (0.04, 25.0)
    assert pace(np.zeros(1), float("nan")) == (0.04, 25.0)


def test_times_rounded_to_milliseconds_are_still_a_constant_rate() -> None:
    times_s = np.round(np.arange(1_000) / 29.97, 3)
    assert is_constant(times_s, pace(times_s, None)[1])
    times_s[500:] += 0.01
    assert not is_constant(times_s, pace(times_s, None)[1])
