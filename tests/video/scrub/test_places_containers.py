"""Every place of a clip in which a patient may stand: listed, dropped, and gone from the result."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.video.clip_writing import H264, BytesSource, write_clip
from tests.video.clips import make
from tests.video.clips_of_carriers import CANARY
from tests.video.mp4_boxes import box
from tests.video.scrub.places import found_in, scrubbed
from video.model import Action
from video.open_video import open_video

WORD = "Quijote4711"


def _sei(data: bytes) -> bytes:
    """x264's own message, with a name in place of its settings."""
    at = data.index(b"options:")
    return data[:at] + WORD.encode() + data[at + len(WORD) :]


def _named(data: bytes) -> bytes:
    """A compressor's name."""
    at = data.index(b"avc1", data.index(b"stsd")) + 4 + 42
    return data[:at] + bytes([len(WORD)]) + WORD.encode().ljust(31, b"\0") + data[at + 32 :]


def _clip() -> bytes:
    return write_clip(H264)


PLACES: dict[str, tuple[Callable[[], bytes], str]] = {
    "SEI": (lambda: _sei(_clip()), "SEI user data in the pictures"),
    "compressor": (lambda: _named(_clip()), ""),
    "free box": (lambda: _clip() + box(b"free", WORD.encode()), "free space"),
    "uuid box": (lambda: _clip() + box(b"uuid", bytes(16) + WORD.encode()), "user data box"),
    "unknown box": (lambda: _clip() + box(b"zzzz", WORD.encode()), "box of an unknown kind"),
    "behind an MP4": (lambda: _clip() + WORD.encode(), "bytes behind the last box"),
    "behind a GIF": (lambda: make("gif").data + WORD.encode(), "bytes behind the end"),
    "comment of Motion JPEG": (
        lambda: make("motion_jpeg").data.replace(b"Lavc", b"Quij"), "comment in the pictures",
    ),
    "user data of MPEG-4": (
        lambda: make("mpeg4_with_b_frames").data.replace(b"Lavc", b"Quij"), "user data in the pictures",
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_place_is_listed_and_dropped_and_nothing_of_it_is_written(tmp_path: Path, place: str) -> None:
    written, name = PLACES[place]
    data = written()
    assert WORD[:4].encode() in data
    report, result = scrubbed(data, tmp_path)
    assert found_in(result, [WORD, WORD[:6], WORD[5:]]) == []
    assert WORD[:4].lower().encode() not in result
    if name:
        listed = {one.name: one for one in report.places}
        assert listed[name].action is Action.DROPPED
        assert listed[name].byte_count > 0


EVERYTHING = {
    "surgery_with_everything": (
        ["title", "artist", "comment", "location", "handler", "chapter", "subtitle", "sound", "uuid",
         "unknown", "free", "trailing", "description"],
        ["sound stream", "subtitle stream", "chapter", "user data box", "bytes behind the last box",
         "tag of the file", "tag of a stream"],
    ),
    "matroska_with_everything": (
        ["title", "stream", "sound", "attachment", "report.txt", "behind"],
        ["attached file", "sound stream", "subtitle stream", "bytes behind the last element",
         "tag of the file"],
    ),
    "mp4_with_cover": ([], ["cover picture"]),
    "two_video_streams": ([], ["further video stream"]),
    "h264_transport_stream": (["Service01"], ["service or programme names"]),
    "gif": (["comment"], ["comment"]),
}  # fmt: skip


@pytest.mark.parametrize("name", EVERYTHING)
def test_of_a_clip_with_company_the_pictures_alone_are_left(tmp_path: Path, name: str) -> None:
    words, places = EVERYTHING[name]
    source = make(name).source
    report, result = scrubbed(source.data, tmp_path)
    assert found_in(result, [CANARY, *(CANARY + word for word in words)]) == []
    assert found_in(result, ["2021-03-04"]) == []
    listed = {one.name: one.action for one in report.places}
    assert {listed[place] for place in places} == {Action.DROPPED}
    kept = {place for place, action in listed.items() if action is not Action.DROPPED}
    assert kept <= {"video stream", "media data"}


def test_every_place_of_a_plan_is_that_of_the_conversion(tmp_path: Path) -> None:
    data = make("surgery_with_everything").data
    video = open_video(BytesSource(data))
    for _ in video.frames():
        pass
    report, _ = scrubbed(data, tmp_path)
    assert set(video.places()) == set(report.places)
