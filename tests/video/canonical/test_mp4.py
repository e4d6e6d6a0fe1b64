"""The MP4 that is written: boxes that another reader finds, samples where the tables say."""

import struct
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.video.canonical.synthetic import SyntheticVideo, canonical, picture, waves
from video.canonical.encoder import SampleEncoder
from video.canonical.layout import VIDEO_FILE
from video.canonical.mp4_boxes import FILE_TYPE, Tick, movie_box, pixel_aspect_terms
from video.canonical.mp4_writer import MOVED_SUFFIX, Mp4Writer
from video.model import Matrix

_FORM = picture()
_AVCC = SampleEncoder(_FORM, 1, 20).avcc
_TICK = Tick(25_000, 1_000)


def _children(content: bytes) -> list[tuple[bytes, bytes]]:
    found, position = [], 0
    while position < len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        if length == 1:
            length = int.from_bytes(content[position + 8 : position + 16])
        assert 8 <= length <= len(content) - position
        found.append((kind, content[position + 8 : position + length]))
        position += length
    return found


def _descend(content: bytes, *kinds: bytes) -> bytes:
    for kind in kinds:
        content = dict(_children(content))[kind]
    return content


def _sample_places(tables: dict[bytes, bytes]) -> tuple[list[int], list[int]]:
    """Offsets and sizes, as a reader works them out (ISO/IEC 14496-12, 8.7)."""
    count = int.from_bytes(tables[b"stsz"][8:12])
    sizes = np.frombuffer(tables[b"stsz"], ">u4", count, 12).tolist()
    chunks = np.frombuffer(tables[b"co64"], ">u8", offset=8).tolist()
    runs = np.frombuffer(tables[b"stsc"], ">u4", offset=8).reshape(-1, 3).tolist()
    offsets, number = [], 0
    for chunk, offset in enumerate(chunks, 1):
        per_chunk = [samples for first, samples, _ in runs if first <= chunk][-1]
        own = sizes[number : number + per_chunk]
        offsets += [offset + sum(own[:place]) for place in range(len(own))]
        number += per_chunk
    assert number == count
    return offsets, sizes


@given(sizes=st.lists(st.integers(1, 2**32 - 1), min_size=1, max_size=200), first=st.integers(40, 2**50))
@settings(max_examples=60, deadline=None)
def test_every_sample_lies_behind_the_one_before_it(sizes: list[int], first: int) -> None:
    movie = movie_box(_FORM, _TICK, _AVCC, np.array(sizes, np.uint32), first, 1)
    tables = dict(_children(_descend(movie, b"moov", b"trak", b"mdia", b"minf", b"stbl")))
    offsets, read = _sample_places(tables)
    assert read == sizes
    assert offsets == [first + sum(sizes[:number]) for number in range(len(sizes))]
    assert b"stss" not in tables


@given(count=st.integers(1, 100))
@settings(max_examples=30, deadline=None)
def test_key_frames_of_groups_are_listed_and_no_others(count: int) -> None:
    movie = movie_box(_FORM, _TICK, _AVCC, np.ones(count, np.uint32), 4096, 12)
    keys = _descend(movie, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stss")
    assert np.frombuffer(keys, ">u4", offset=8).tolist() == list(range(1, count + 1, 12))


@given(count=st.integers(1, 3_000), expected=st.integers(0, 3_000))
@settings(max_examples=40, deadline=None)
def test_a_wrong_guess_of_the_number_of_frames_changes_nothing_but_the_room(
    tmp_path_factory: pytest.TempPathFactory, count: int, expected: int
) -> None:
    path = tmp_path_factory.mktemp("mp4") / VIDEO_FILE
    samples = [bytes((number % 251,)) * (1 + number % 7) for number in range(count)]
    with Mp4Writer(path, expected, 1) as writer:
        for sample in samples:
            writer.append(sample)
        first = writer.finish(_FORM, _TICK, _AVCC)
    data = path.read_bytes()
    boxes = _children(data)
    assert [kind for kind, _ in boxes if kind != b"free"] == [b"ftyp", b"moov", b"mdat"]
    assert data.startswith(FILE_TYPE)
    assert dict(boxes)[b"mdat"][8:] == data[first:] == b"".join(samples)
    assert not any(dict(boxes).get(b"free", b""))
    offsets, sizes = _sample_places(
        dict(_children(_descend(dict(boxes)[b"moov"], b"trak", b"mdia", b"minf", b"stbl")))
    )
    assert [data[offset : offset + size] for offset, size in zip(offsets, sizes, strict=True)] == samples
    assert not path.with_name(VIDEO_FILE + MOVED_SUFFIX).exists()


@pytest.mark.parametrize(
    "rate", [25.0, 30_000 / 1_001, 24_000 / 1_001, 60.0, 12.5, 0.3236778, 1 / 3600, 1e-6, 240.0]
)
def test_the_tick_keeps_the_rate(rate: float) -> None:
    tick = Tick.of_rate(rate)
    assert abs(tick.timescale / tick.duration / rate - 1) < 1e-3
    assert tick.timescale >= 1_000
    if rate in {25.0, 60.0, 12.5}:
        assert tick.timescale / tick.duration == rate


def test_the_rate_of_american_television_is_exact() -> None:
    tick = Tick.of_rate(30_000 / 1_001)
    assert (tick.timescale, tick.duration) == (30_000, 1_001)


@given(aspect=st.floats(1e-3, 1e3))
def test_pixel_aspects_become_small_fractions(aspect: float) -> None:
    width, height = pixel_aspect_terms(aspect)
    assert 1 <= width <= 65_535
    assert 1 <= height <= 65_535
    if 1 / 255 <= aspect <= 255:
        assert abs(width / height / aspect - 1) < 0.01


@pytest.mark.parametrize("gop", [1, 12])
@pytest.mark.parametrize("matrix", list(Matrix))
@pytest.mark.parametrize("is_full_range", [False, True])
def test_another_reader_sees_size_range_matrix_and_aspect(
    tmp_path: Path, gop: int, matrix: Matrix, *, is_full_range: bool
) -> None:
    form = picture(matrix=matrix, is_full_range=is_full_range, pixel_aspect=64 / 45)
    canonical(SyntheticVideo(form, 14), tmp_path, gop=gop)
    with av.open(str(tmp_path / VIDEO_FILE)) as container:
        assert len(container.streams) == 1
        stream = container.streams.video[0]
        assert (stream.frames, stream.width, stream.height) == (14, 64, 48)
        assert stream.average_rate == 25
        assert float(stream.sample_aspect_ratio or 0) == 64 / 45
        frames = list(container.decode(stream))
        # FFmpeg's numbers: matrices 6 = SMPTE 170M, 1 = BT.709, 9 = BT.2020; ranges 1 = limited, 2 = full.
        numbers = {Matrix.BT601: 6, Matrix.BT709: 1, Matrix.BT2020: 9}
        assert {int(frame.colorspace) for frame in frames} == {numbers[matrix]}
        assert {int(frame.color_range) for frame in frames} == {1 + is_full_range}
        assert [frame.pts for frame in frames] == [number * 1_000 // 25 for number in range(14)]
        assert [frame.key_frame for frame in frames] == [number % gop == 0 for number in range(14)]


def test_opencvs_own_ffmpeg_sees_the_same_frames(tmp_path: Path) -> None:
    """A build of another version than the one that wrote and proved the file."""
    form = picture(160, 96)
    canonical(SyntheticVideo(form, 20), tmp_path)
    capture = cv2.VideoCapture(str(tmp_path / VIDEO_FILE))
    try:
        assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == 20
        for number in range(20):
            is_there, pixels = capture.read()
            assert is_there
            luma = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY).astype(float)
            source = (waves(form, number)[0].astype(float) - 16) * 255 / 219
            assert abs(luma - source.clip(0, 255)).mean() < 16
        assert not capture.read()[0]
    finally:
        capture.release()


def test_nothing_is_said_about_who_made_the_file_or_when(tmp_path: Path) -> None:
    canonical(SyntheticVideo(picture(), 3), tmp_path)
    data = (tmp_path / VIDEO_FILE).read_bytes()
    for word in (b"x264", b"Lavf", b"Lavc", b"udta", b"meta", b"edts", b"options"):
        assert word not in data
