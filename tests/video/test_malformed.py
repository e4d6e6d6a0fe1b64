"""Hostile clips, each in a process of its own: a sentence, in time and within memory, never a crash."""

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame

from tests.video.clip_writing import H264, BytesSource, write_clip
from tests.video.clips import make, read_code
from tests.video.clips_of_carriers import changing_size
from tests.video.hostile import Bench, Outcome, bench, mutations
from tests.video.mp4_boxes import box, replace_box, rewrite
from video.errors import CorruptVideoError, NotAVideoError, VideoError, VideoTooLargeError
from video.limits import Limits
from video.open_video import is_video, open_video

PEAK_BYTES = 400 << 20
SPOILED = (
    "fast_start",
    "fragmented",
    "mpeg2_transport_stream",
    "mpeg4_with_b_frames",
    "matroska",
    "gif",
    "vp9",
)


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("hostile")) as worker:
        yield worker


def refused(worker: Bench, data: bytes) -> Outcome:
    outcome = worker.look(data)
    assert outcome.complaint() == ""
    assert outcome.kind != "frames"
    assert outcome.peak_bytes < PEAK_BYTES
    return outcome


def test_every_malformed_file_that_was_collected_is_refused_or_its_good_part_shown(
    worker: Bench, shared_data: Path
) -> None:
    paths = sorted(path for path in (shared_data / "malformed").iterdir() if path.suffix in {".mp4", ".gif"})
    outcomes = {path.name: worker.look(path.read_bytes()) for path in paths}
    assert {name: outcome.complaint() for name, outcome in outcomes.items() if outcome.complaint()} == {}
    assert all(outcome.peak_bytes < PEAK_BYTES for outcome in outcomes.values())
    # Fragments whose header lost its clock: FFmpeg shows most of it, and what is missing is said.
    shown = {name for name, outcome in outcomes.items() if outcome.kind == "frames"}
    assert shown == {"no_timescale.mp4"}
    assert len(outcomes["no_timescale.mp4"].losses) == 2
    assert outcomes["short-cenc.mp4"].message == "the video is encrypted"


def test_no_other_malformed_file_is_taken_for_a_clip_in_a_container(shared_data: Path) -> None:
    for path in sorted((shared_data / "malformed").iterdir()):
        if path.suffix not in {".mp4", ".gif", ".dcm"}:
            assert not is_video(BytesSource(path.read_bytes())), path.name


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"GIF89a",
        b"RIFF\0\0\0\0AVI ",
        b"\x1a\x45\xdf\xa3",
        b"\0\0\0\x18ftypisom",
        b"\0\0\1\xba",
        b"FLV\1",
        b"\0\0\0\1\x67" + bytes(60),
        bytes([0x47, *bytes(187)] * 5),
    ],
)
def test_a_few_bytes_are_no_clip(worker: Bench, data: bytes) -> None:
    assert refused(worker, data).kind in {"NotAVideoError", "CorruptVideoError"}


@pytest.mark.parametrize(
    "text",
    [
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 0 RTP/AVP 96\n",
        b"<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'></MPD>",
        b"\x89PNG\r\n\x1a\n" + bytes(64),
        b"\xff\xd8\xff\xe0" + bytes(64),
    ],
)
def test_lists_of_other_files_and_still_pictures_are_no_clips(text: bytes) -> None:
    assert not is_video(BytesSource(text))
    with pytest.raises(NotAVideoError):
        open_video(BytesSource(text))


def test_a_photograph_in_boxes_is_no_clip() -> None:
    assert not is_video(BytesSource(box(b"ftyp", b"heic\0\0\0\0mif1heic") + bytes(40)))


def test_sound_alone_is_no_clip() -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=48_000)
        silence = AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 48_000
        output.mux(stream.encode(silence))
        output.mux(stream.encode(None))
    with pytest.raises(NotAVideoError, match="no video stream"):
        open_video(BytesSource(buffer.getvalue()))


def test_a_clip_without_a_frame_is_refused(worker: Bench) -> None:
    assert refused(worker, make("gif").data[:781] + b";").kind == "CorruptVideoError"
    empty = replace_box(make("constant_rate").data, b"stsz", struct.pack(">III", 0, 0, 0))
    assert refused(worker, empty).kind == "CorruptVideoError"


def _with_samples(body: bytes) -> bytes:
    return replace_box(make("constant_rate").data, b"stsz", body)


def test_a_table_that_promises_a_thousand_million_frames_costs_nothing(worker: Bench) -> None:
    for constant_bytes in (1, 100, 2**31):
        outcome = refused(worker, _with_samples(struct.pack(">III", 0, constant_bytes, 10**9)))
        assert outcome.kind == "VideoTooLargeError"
        assert "1,000,000,000" in outcome.message
    table = worker.look(_with_samples(struct.pack(">III", 0, 0, 10**9)))
    assert table.complaint() == ""
    assert table.peak_bytes < PEAK_BYTES


def test_a_fragment_that_promises_a_thousand_million_frames_costs_nothing(worker: Bench) -> None:
    def grown(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">II", 0, 10**9) if kind == b"trun" else body

    assert refused(worker, rewrite(make("fragmented").data, grown)).kind == "VideoTooLargeError"


def test_times_that_promise_a_thousand_million_frames_cost_nothing(worker: Bench) -> None:
    times = struct.pack(">II", 0, 1) + struct.pack(">II", 10**9, 512)
    outcome = worker.look(replace_box(make("constant_rate").data, b"stts", times))
    assert outcome.complaint() == ""
    assert outcome.codes == make("constant_rate").codes
    assert outcome.peak_bytes < PEAK_BYTES


def test_frames_of_giants_are_refused_before_anything_is_made_for_them(worker: Bench) -> None:
    picture = bytearray(make("gif").data)
    picture[6:10] = struct.pack("<HH", 65_535, 65_535)
    assert refused(worker, bytes(picture)).kind == "VideoTooLargeError"
    plain = bytearray(make("bottom_up_rgb").data)
    at = plain.index(b"strf") + 12
    plain[at : at + 8] = struct.pack("<ii", 9_000, 9_000)
    assert refused(worker, bytes(plain)).kind == "VideoTooLargeError"


def test_more_frames_or_hours_than_are_accepted_are_refused() -> None:
    clip = make("constant_rate")
    with pytest.raises(VideoTooLargeError, match="more than 59 frames"):
        list(open_video(clip.source, replace(Limits(), frames=59)).frames())
    assert len(list(open_video(clip.source, replace(Limits(), frames=60)).frames())) == 60
    with pytest.raises(VideoTooLargeError, match="longer than"):
        list(open_video(make("sparse").source, replace(Limits(), duration_s=60.0)).frames())
    with pytest.raises(VideoTooLargeError, match="160 × 120 px"):
        open_video(clip.source, replace(Limits(), side_px=159))
    with pytest.raises(VideoError):
        open_video(make("surgery_with_everything").source, replace(Limits(), streams=2))


def test_where_frames_change_their_size_the_part_before_is_kept_and_the_loss_is_said() -> None:
    data, count = changing_size()
    video = open_video(BytesSource(data))
    codes = [read_code(frame.planes[0]) for frame in video.frames()]
    assert codes == list(range(count))
    assert video.losses == (
        f"From frame {count} on the frames have another size or colour layout; they are left out.",
    )


def test_damage_in_the_middle_is_shown_as_ffmpeg_mends_it_and_counted(worker: Bench) -> None:
    data = bytearray(make("long_gop").data)
    middle = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[middle : middle + 200] = bytes(200)
    outcome = worker.look(bytes(data))
    assert outcome.complaint() == ""
    assert any("damaged" in loss or "could not be decoded" in loss for loss in outcome.losses)
    assert len(outcome.codes) > 280


def _nested(kind: Callable[[bytes], bytes], depth: int) -> bytes:
    body = b""
    for _ in range(depth):
        body = kind(body)
    return body


def test_boxes_within_boxes_within_boxes_are_refused(worker: Bench) -> None:
    data = box(b"ftyp", b"isom\0\0\0\0") + _nested(lambda body: box(b"moov", body), 3_000)
    assert refused(worker, data).kind in {"CorruptVideoError", "NotAVideoError"}
    many = box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", box(b"free", b"") * 300_000)
    assert refused(worker, many).kind in {"CorruptVideoError", "NotAVideoError"}


def test_lengths_that_run_backwards_or_nowhere_are_refused(worker: Bench) -> None:
    for size in (2, 7, 8, 0x7FFF_FFFF, 0xFFFF_FFFF):
        data = box(b"ftyp", b"isom\0\0\0\0") + struct.pack(">I4s", size, b"moov") + bytes(64)
        refused(worker, data)
    long = box(b"ftyp", b"isom\0\0\0\0") + struct.pack(">I4sQ", 1, b"moov", 2**63 + 5) + bytes(64)
    refused(worker, long)


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_clip_is_refused_or_shown_never_anything_else(worker: Bench, name: str) -> None:
    assert _complaints(worker, make(name).data, name, 6) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SPOILED)
def test_a_clip_spoiled_in_many_ways_is_refused_or_shown_never_anything_else(
    worker: Bench, name: str
) -> None:
    assert _complaints(worker, make(name).data, f"many of {name}", 150) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "ultrasound/Cov_convex_volpecelli_sonographic_v3.mov",
        "ultrasound/Pneu_northumbria_0409_set1_vid1.avi",
        "ultrasound/Reg_pat1Image_133232.mpeg",
        "ultrasound/Vir_prospective_file1.mp4",
    ],
)
def test_a_spoiled_real_clip_is_refused_or_shown_never_anything_else(
    worker: Bench, shared_data: Path, name: str
) -> None:
    assert _complaints(worker, (shared_data / name).read_bytes(), name, 40) == []


def _complaints(worker: Bench, data: bytes, seed: str, count: int) -> list[str]:
    found = []
    for number, spoiled in enumerate(mutations(data, Random(seed), count)):  # noqa: S311 - to be repeatable
        outcome = worker.look(spoiled)
        if outcome.complaint():
            found.append(f"number {number}: {outcome.complaint()}")
        if outcome.peak_bytes > PEAK_BYTES:
            found.append(f"number {number}: {outcome.peak_bytes >> 20} MiB")
    return found


def test_what_fails_says_nothing_that_stood_in_the_file() -> None:
    data = write_clip(replace(H264, codes=range(5)))
    spoiled = data.replace(b"VideoHandler", b"Zimmermann,A").replace(b"avc1", b"Zimm")
    with pytest.raises(VideoError) as caught:
        open_video(BytesSource(spoiled))
    assert "Zimm" not in str(caught.value)
    assert isinstance(caught.value, CorruptVideoError | VideoError)
