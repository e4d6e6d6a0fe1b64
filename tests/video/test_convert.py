"""From a clip to a proved canonical video, or to one clear sentence and an empty folder."""

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from ground.source import ByteSource, FileSource
from tests.video.canonical.synthetic import FILES, REGION, SyntheticVideo, canonical, noise, picture, waves
from tests.video.clips import NAMES, BytesSource, make, read_code
from video.canonical import FrameDecoder, open_canonical_video
from video.canonical.layout import VIDEO_FILE
from video.convert import Stage, VideoReport, convert
from video.errors import (
    CanonicalVideoError,
    ConversionCancelled,
    CorruptVideoError,
    NotAVideoError,
    VideoTooLargeError,
)
from video.limits import Limits
from video.model import Frame, PictureFormat, Plane

_MOST_SECONDS_APART = 1e-9
_STAGES = (Stage.CONVERTING, Stage.VERIFYING)
"""Of a conversion in which nothing is looked for."""


def _convert(source: ByteSource, directory: Path, gop: int = 1, limits: Limits | None = None) -> VideoReport:
    return convert(
        source,
        directory,
        progress=lambda stage, done, total: None,
        cancelled=lambda: False,
        gop=gop,
        limits=limits,
    )


_IN_GROUPS = ("b_frames", "variable_rate", "yuv444_odd_sides", "gif", "gray", "turned_270")


@pytest.mark.parametrize(
    ("name", "gop"), [*((name, 1) for name in NAMES), *((name, 12) for name in _IN_GROUPS)]
)
def test_frame_k_is_the_kth_that_the_source_presents(tmp_path: Path, name: str, gop: int) -> None:
    clip = make(name)
    report = _convert(clip.source, tmp_path, gop)
    assert report.psnr_db["min"] >= 45
    assert (report.width_px, report.height_px) == (clip.width_px, clip.height_px)
    with open_canonical_video(tmp_path) as video:
        decoder = FrameDecoder(video.info)
        codes = []
        for number in range(video.info.frame_count):
            key = video.key_frame_at(number)
            codes.append(read_code(decoder.planes(video.read(key, number - key + 1))[0]))
        assert tuple(codes) == clip.codes
        assert np.abs(video.times_s() - clip.times_s).max() < _MOST_SECONDS_APART


def test_the_report_is_plain_json_and_tells_what_was_done(tmp_path: Path) -> None:
    report = canonical(SyntheticVideo(picture(), 20), tmp_path)
    stated = json.loads(json.dumps(report.to_json()))
    assert stated["frame_count"] == 20
    assert stated["duration_s"] == pytest.approx(0.8)
    assert stated["places"] == [{"place": "formula", "action": "rebuilt", "byte_count": 0}]
    assert stated["regions"][0]["unit_x"] == REGION.unit_x.value
    assert stated["proof"]["frames"]["frames_compared"] == 20
    assert stated["psnr_db"]["mean"] >= stated["psnr_db"]["min"] >= 45
    assert stated["canonical_bytes"] == sum((tmp_path / name).stat().st_size for name in FILES[:3])


def test_progress_runs_to_the_end_of_both_stages(tmp_path: Path) -> None:
    seen: list[tuple[Stage, int, int]] = []
    video = SyntheticVideo(picture(), 200, promised_frames=200)
    canonical(video, tmp_path, progress=lambda *step: seen.append(step))
    for stage in _STAGES:
        done = [count for own, count, _ in seen if own is stage]
        assert done == sorted(done)
        assert done[-1] == 200
        assert {total for own, _, total in seen if own is stage} == {200}


def test_a_source_that_promises_too_little_is_said_to_be_of_unknown_length(tmp_path: Path) -> None:
    seen: list[tuple[Stage, int, int]] = []
    canonical(
        SyntheticVideo(picture(), 100, promised_frames=40), tmp_path, progress=lambda *step: seen.append(step)
    )
    assert all(total == 0 or total >= done for _, done, total in seen)
    with open_canonical_video(tmp_path) as video:
        assert video.info.frame_count == 100


@pytest.mark.parametrize("stage", _STAGES)
def test_a_conversion_is_cancelled_at_any_stage(tmp_path: Path, stage: Stage) -> None:
    seen: set[Stage] = set()
    with pytest.raises(ConversionCancelled):
        canonical(
            SyntheticVideo(picture(), 100),
            tmp_path,
            progress=lambda own, done, total: seen.add(own),
            cancelled=lambda: stage in seen,
        )
    assert seen == set(_STAGES[: _STAGES.index(stage) + 1])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("after", [0, 1, 3, 8])
def test_a_conversion_that_is_cancelled_leaves_nothing(tmp_path: Path, after: int) -> None:
    questions = iter(range(10**6))
    with pytest.raises(ConversionCancelled):
        canonical(SyntheticVideo(picture(), 100), tmp_path, cancelled=lambda: next(questions) >= after)
    assert not list(tmp_path.iterdir())


@contextmanager
def _full_disk(most_bytes: int) -> Iterator[None]:
    """No file may become larger: but for its number the kernel says what it says of a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("most_bytes", [0, 5_000, 50_000, 200_000])
def test_a_full_disk_is_an_error_of_the_disk_and_leaves_nothing(tmp_path: Path, most_bytes: int) -> None:
    with _full_disk(most_bytes), pytest.raises(OSError, match=r"File too large"):
        canonical(SyntheticVideo(picture(320, 240), 50, noise), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_canonical_video_is_never_written_over(tmp_path: Path) -> None:
    canonical(SyntheticVideo(picture(), 2), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(CanonicalVideoError, match="already"):
        canonical(SyntheticVideo(picture(), 3), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_bytes_of_no_kind_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotAVideoError):
        _convert(BytesSource(b"PatientName " * 100), tmp_path)
    assert not list(tmp_path.iterdir())


class _Broken(SyntheticVideo):
    """Hands out one frame that is not as it should be."""

    def __init__(self, broken: Frame) -> None:
        super().__init__(picture(), 60)
        self.broken = broken

    def frames(self) -> Iterator[Frame]:
        for frame in super().frames():
            yield self.broken if frame.number == 40 else frame


_PLANES = waves(picture(), 0)


@pytest.mark.parametrize(
    "broken",
    [
        Frame(41, 2.0, _PLANES),
        Frame(40, 0.5, _PLANES),
        Frame(40, float("nan"), _PLANES),
        Frame(40, float("inf"), _PLANES),
        Frame(40, 2.0, _PLANES[:2]),
        Frame(40, 2.0, (_PLANES[0][:-1], *_PLANES[1:])),
    ],
    ids=["number", "time", "nan", "inf", "planes", "size"],
)
def test_frames_that_contradict_themselves_are_refused(tmp_path: Path, broken: Frame) -> None:
    with pytest.raises(CorruptVideoError):
        canonical(_Broken(broken), tmp_path)
    assert not list(tmp_path.iterdir())


def test_more_frames_than_are_accepted_are_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoTooLargeError, match="more than 30 frames"):
        canonical(SyntheticVideo(picture(), 31), tmp_path, limits=Limits(frames=30))
    assert not list(tmp_path.iterdir())
    canonical(SyntheticVideo(picture(), 30), tmp_path, limits=Limits(frames=30))


def test_a_source_without_a_frame_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptVideoError, match="not one frame"):
        canonical(SyntheticVideo(picture(), 0), tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_fails_inside_an_encoder_comes_out(tmp_path: Path) -> None:
    def draw(form: PictureFormat, number: int) -> tuple[Plane, ...]:
        if number == 33:
            raise CorruptVideoError("the source breaks here")
        return waves(form, number)

    with pytest.raises(CorruptVideoError, match="breaks here"):
        canonical(SyntheticVideo(picture(), 60, draw), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("times_s", [[0.0, 3_600.0], [0.0, 1e-5], [0.0, 0.0, 0.0], [0.0, 0.0, 9.0], [5.0]])
def test_any_pace_can_be_kept(tmp_path: Path, times_s: list[float]) -> None:
    canonical(SyntheticVideo(picture(), len(times_s), times_s=times_s), tmp_path)
    with open_canonical_video(tmp_path) as video:
        assert video.times_s().tolist() == times_s
        assert video.info.duration_s > times_s[-1] - times_s[0]


def test_the_number_of_workers_changes_no_frame(tmp_path: Path) -> None:
    shown = []
    for workers in (1, 2, 3):
        directory = tmp_path / str(workers)
        canonical(SyntheticVideo(picture(), 100), directory, workers=workers)
        with open_canonical_video(directory) as video:
            decoder = FrameDecoder(video.info)
            shown.append([decoder.planes(video.read(number))[0].mean() for number in range(100)])
    assert shown[0] == pytest.approx(shown[1], abs=0.5)
    assert shown[0] == pytest.approx(shown[2], abs=0.5)


def test_losses_and_remarks_are_those_of_the_end(tmp_path: Path) -> None:
    class Lossy(SyntheticVideo):
        def frames(self) -> Iterator[Frame]:
            yield from super().frames()
            self.losses = ("The last 3 frames could not be had.",)

    report = canonical(Lossy(picture(), 5), tmp_path)
    assert report.losses == ("The last 3 frames could not be had.",)
    with open_canonical_video(tmp_path) as video:
        assert video.info.losses == report.losses


@pytest.mark.parametrize("gop", [0, 2, 250])
def test_key_frames_at_other_distances_are_not_offered(tmp_path: Path, gop: int) -> None:
    with pytest.raises(ValueError, match="every twelfth"):
        canonical(SyntheticVideo(picture(), 2), tmp_path, gop=gop)


def test_all_samples_fill_the_file_to_its_end(tmp_path: Path) -> None:
    canonical(SyntheticVideo(picture(), 90), tmp_path)
    with open_canonical_video(tmp_path) as video:
        place = video.locate(0, 90)
    assert place.offset + place.length == (tmp_path / VIDEO_FILE).stat().st_size


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "surgical/endo.mp4",
        "surgical/VID43_303_and_VID42_395_a.mp4",
        "surgical/test_rotated_90_video.mp4",
        "ultrasound/Cov_convex_volpecelli_sonographic_v3.mov",
        "ultrasound/Pneu-Atlas-pneumonia.gif",
        "ultrasound/Pneu_Avi_Video_002.mp4",
        "ultrasound/Pneu_northumbria_0409_set1_vid1.avi",
        "ultrasound/Reg_pat1Image_133232.mpeg",
    ],
)
def test_real_clips_become_near_lossless(shared_data: Path, tmp_path: Path, name: str) -> None:
    with FileSource(shared_data / name) as source:
        report = _convert(source, tmp_path)
    assert report.psnr_db["min"] >= 45
    assert report.losses == ()
    assert report.proof["frames"]["frames_compared"] == report.frame_count
