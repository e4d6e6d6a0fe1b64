"""Frame k is the k-th that the source presents: each generated clip, told by the codes in its pictures."""

import struct
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest

from tests.contracts.video_source import VideoContract
from tests.video.clips import NAMES, BytesSource, Clip, make, read_code
from tests.video.mp4_boxes import with_clean_aperture
from video.model import Sampling, Video
from video.open_video import is_video, open_video

# Containers that count in milliseconds, and MPEG's parsers, round times.
_TOLERANCE_S = 0.001


@pytest.fixture(params=NAMES)
def clip(request: pytest.FixtureRequest) -> Clip:
    return make(str(request.param))


def test_the_frames_bear_the_codes_in_order_upright_and_each_at_its_time(clip: Clip) -> None:
    assert is_video(clip.source)
    video = open_video(clip.source)
    assert (video.picture.width_px, video.picture.height_px) == (clip.width_px, clip.height_px)
    seen = [(read_code(frame.planes[0]), frame.time_s) for frame in video.frames()]
    assert [code for code, _ in seen] == list(clip.codes)
    np.testing.assert_allclose([time_s for _, time_s in seen], clip.times_s, atol=_TOLERANCE_S)
    assert video.losses == ()


class TestMp4(VideoContract):
    @pytest.fixture
    def video(self) -> Iterator[Video]:
        yield open_video(make("b_frames").source)


class TestMovWithEverything(VideoContract):
    @pytest.fixture
    def video(self) -> Iterator[Video]:
        yield open_video(make("surgery_with_everything").source)


class TestTurnedMp4(VideoContract):
    @pytest.fixture
    def video(self) -> Iterator[Video]:
        yield open_video(make("turned_90").source)


class TestProgramStream(VideoContract):
    @pytest.fixture
    def video(self) -> Iterator[Video]:
        yield open_video(make("mpeg2_program_stream").source)


class TestTransportStream(VideoContract):
    @pytest.fixture
    def video(self) -> Iterator[Video]:
        yield open_video(make("h264_transport_stream").source)


class TestMatroska(VideoContract):
    @pytest.fixture
    def video(self) -> Iterator[Video]:
        yield open_video(make("matroska_with_everything").source)


class TestWebmOfOddSides(VideoContract):
    @pytest.fixture
    def video(self) -> Iterator[Video]:
        yield open_video(make("yuv420_odd_sides").source)


class TestGif(VideoContract):
    @pytest.fixture
    def video(self) -> Iterator[Video]:
        yield open_video(make("gif").source)


class TestGray(VideoContract):
    @pytest.fixture
    def video(self) -> Iterator[Video]:
        yield open_video(make("gray").source)


class TestBareStream(VideoContract):
    @pytest.fixture
    def video(self) -> Iterator[Video]:
        yield open_video(make("bare_h264").source)


@pytest.mark.parametrize(
    ("name", "sampling"),
    [
        ("constant_rate", Sampling.YUV420),
        ("yuv420_odd_sides", Sampling.YUV444),
        ("yuv422", Sampling.YUV444),
        ("yuv411", Sampling.YUV444),
        ("yuv444_odd_sides", Sampling.YUV444),
        ("ten_bit", Sampling.YUV420),
        ("rgb", Sampling.YUV444),
        ("gif", Sampling.YUV444),
        ("gray", Sampling.GRAY),
    ],
)
def test_colours_keep_as_many_samples_as_they_have(name: str, sampling: Sampling) -> None:
    assert open_video(make(name).source).picture.sampling is sampling


def test_pixels_that_are_not_square_stay_as_they_are_and_say_so() -> None:
    video = open_video(make("wide_pixels").source)
    assert video.picture.pixel_aspect == pytest.approx(float(Fraction(64, 45)))
    assert any("times as wide as high" in remark for remark in video.remarks)


def test_interlaced_frames_stay_woven_and_say_so() -> None:
    for name in ("interlaced", "mpeg2_interlaced"):
        video = open_video(make(name).source)
        assert len(list(video.frames())) == 60
        assert "60 of 60 frames are interlaced; both fields stay woven into one frame." in video.remarks


def test_full_range_and_the_matrix_are_told() -> None:
    picture = open_video(make("full_range").source).picture
    assert picture.is_full_range
    assert picture.matrix.value == "bt709"


def test_where_the_matrix_is_not_told_ffmpeg_s_is_taken_and_said() -> None:
    video = open_video(make("constant_rate").source)
    assert video.picture.matrix.value == "bt601"
    assert any("does not say by which matrix" in remark for remark in video.remarks)


def test_of_several_video_streams_the_large_one_is_the_clip() -> None:
    video = open_video(make("two_video_streams").source)
    assert any("several video streams" in remark for remark in video.remarks)
    assert [place.name for place in video.places()].count("further video stream") == 1


def test_a_header_that_promises_more_frames_than_there_are_loses_none() -> None:
    video = open_video(make("avi_with_wrong_count").source)
    assert video.promised_frames == 600
    assert len(list(video.frames())) == 60
    assert video.losses == ()


def test_the_remarks_of_a_clip_that_leaves_no_choice_are_none() -> None:
    assert open_video(make("full_range").source).remarks == ()


def test_pictures_that_are_not_shown_for_want_of_their_references_are_counted() -> None:
    data = make("mpeg2_transport_stream").data
    video = open_video(BytesSource(data[len(data) // 2 // 188 * 188 :]))
    shown = len(list(video.frames()))
    counted = [remark for remark in video.remarks if "coded pictures" in remark]
    assert len(counted) == 1
    assert counted[0].endswith(f", of which {shown} are shown.")


def test_a_pass_that_was_given_up_counts_nothing_as_not_shown() -> None:
    video = open_video(make("b_frames").source)
    next(iter(video.frames()))
    assert not [remark for remark in video.remarks if "coded pictures" in remark]


@pytest.mark.parametrize(
    ("name", "hidden"), [("trimmed_start", 10), ("trimmed_both_ends", 36), ("two_edits", 30)]
)
def test_frames_that_an_edit_list_hides_are_left_out_and_counted(name: str, hidden: int) -> None:
    video = open_video(make(name).source)
    assert len(list(video.frames())) == len(make(name).codes)
    assert f"The edit list hides {hidden} of 60 coded frames; they are left out." in video.remarks


def test_an_edit_list_that_only_delays_hides_nothing() -> None:
    for name in ("empty_edit_first", "b_frames", "fragmented"):
        video = open_video(make(name).source)
        assert len(list(video.frames())) == 60
        assert not [remark for remark in video.remarks if "hides" in remark]


def test_edges_that_players_shall_hide_are_kept_and_said() -> None:
    plain = make("constant_rate").data
    remark = "The file asks players to hide the edges of its frames; whole frames are kept."
    for width, is_said in ((150, True), (160, False)):
        aperture = struct.pack(">8I", width, 1, 120, 1, 0, 1, 0, 1)
        video = open_video(BytesSource(with_clean_aperture(plain, aperture)))
        assert (video.picture.width_px, len(list(video.frames()))) == (160, 60)
        assert (remark in video.remarks) is is_said
