"""What else a container holds: named in our words, and every word of it known to the proof."""

import struct

import pytest

from tests.video.clip_writing import H264, BytesSource, write_clip
from tests.video.clips import make
from tests.video.clips_of_carriers import CANARY
from tests.video.mp4_boxes import box, boxes
from video.model import Action, Video
from video.open_video import open_video


def _read(video: Video) -> Video:
    for _ in video.frames():
        pass
    return video


def _all_text(video: Video) -> bytes:
    return b"\n".join(video.texts())


@pytest.mark.parametrize(
    "word",
    [
        "title", "artist", "comment", "location", "handler", "chapter", "subtitle", "sound", "uuid",
        "unknown", "free", "trailing",
    ],
)  # fmt: skip
def test_every_canary_of_a_mov_is_among_the_texts(word: str) -> None:
    assert (CANARY + word).encode() in _all_text(_read(open_video(make("surgery_with_everything").source)))


@pytest.mark.parametrize("word", ["title", "stream", "sound", "attachment", "report.txt", "behind"])
def test_every_canary_of_a_matroska_file_is_among_the_texts(word: str) -> None:
    assert (CANARY + word).encode() in _all_text(_read(open_video(make("matroska_with_everything").source)))


def test_a_gif_s_comment_is_among_the_texts() -> None:
    assert (CANARY + "comment").encode() in _all_text(open_video(make("gif").source))


def test_names_of_services_in_a_transport_stream_are_among_the_texts() -> None:
    assert b"Service01" in _all_text(open_video(make("h264_transport_stream").source))


@pytest.mark.parametrize("name", ["constant_rate", "h264_transport_stream", "matroska"])
def test_what_an_encoder_says_within_the_pictures_is_among_the_texts(name: str) -> None:
    assert b"x264 - core" in _all_text(_read(open_video(make(name).source)))


def test_user_data_and_comments_within_the_pictures_are_among_the_texts() -> None:
    assert b"Lavc" in _all_text(_read(open_video(make("mpeg4_with_b_frames").source)))
    data = make("motion_jpeg").data.replace(b"Lavc", b"Zimm")
    assert b"Zimm" in _all_text(_read(open_video(BytesSource(data))))


def test_words_in_utf_16_are_read_by_their_letters() -> None:
    words = "Zimmermann, Anna".encode("utf-16-le")
    data = make("constant_rate").data + box(b"uuid", bytes(16) + words)
    assert b"Zimmermann, Anna" in _all_text(open_video(BytesSource(data)))


def test_words_of_other_scripts_are_kept_whole() -> None:
    name = "Łukasz Żółć 山田太郎".encode()
    data = make("constant_rate").data + box(b"free", name)
    assert name in open_video(BytesSource(data)).texts()


def test_a_compressor_s_name_is_a_text_and_a_decoder_s_settings_are_none() -> None:
    def named(data: bytes, at: int) -> bytes:
        return data[:at] + bytes([10]) + b"Zimmermann".ljust(31, b"\0") + data[at + 32 :]

    data = write_clip(H264)
    at = data.index(b"avc1", data.index(b"stsd")) + 4 + 42
    texts = open_video(BytesSource(named(data, at))).texts()
    assert b"Zimmermann" in texts
    assert not [text for text in texts if b"avcC" in text or b"colr" in text]


def test_streams_are_named_with_what_becomes_of_them() -> None:
    places = {place.name: place for place in open_video(make("surgery_with_everything").source).places()}
    assert places["video stream"].action is Action.REBUILT
    for name in ("sound stream", "subtitle stream", "chapter", "user data box", "bytes behind the last box"):
        assert places[name].action is Action.DROPPED
        assert places[name].byte_count > 0


def test_an_attached_file_is_a_place_of_its_own() -> None:
    places = {place.name: place for place in open_video(make("matroska_with_everything").source).places()}
    assert places["attached file"].byte_count == len(CANARY + "attachment")
    assert places["bytes behind the last element"].byte_count == len(CANARY + "behind")


def test_the_bytes_of_the_boxes_add_up_to_the_file() -> None:
    """Nothing is passed over: what the walk names, and the heads of the boxes, is all there is."""
    data = make("constant_rate").data
    named = {"video stream", "tag of a stream", "tag of the file", "chapter", "SEI user data in the pictures"}
    places = open_video(BytesSource(data)).places()
    inside = sum(place.byte_count for place in places if place.name not in named)
    assert inside + 8 * _count_boxes(data) == len(data)


def _count_boxes(data: bytes) -> int:
    parents = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf"}
    return sum(1 + (_count_boxes(body) if kind in parents else 0) for kind, body in boxes(data))


def test_a_file_may_hold_any_number_of_words_and_we_still_end() -> None:
    words = b"".join(struct.pack(">I", number) + b"\0word%06d\0" % number for number in range(60_000))
    texts = open_video(BytesSource(make("constant_rate").data + box(b"free", words))).texts()
    assert 10_000 < len(texts) < 30_000
