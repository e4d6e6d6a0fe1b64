"""A file that says more than can be looked for is refused; of words in every frame a beginning will do."""

import pytest
from av.container import OutputContainer
from av.video.stream import VideoStream

from tests.video.clip_writing import MILLISECOND, BytesSource, Recipe, write_clip
from tests.video.dicom.dicom_clips import Writing, dicom_loop, opened, pictures
from video.errors import VideoTooLargeError
from video.formats.container import reader
from video.formats.container.reader import Findings
from video.formats.container.user_data import UserData
from video.formats.dicom import texts as dicom_texts
from video.limits import Limits
from video.open_video import open_video


def test_a_clip_with_more_tags_than_can_be_looked_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare(output: OutputContainer, _: VideoStream) -> None:
        for number in range(40):
            output.metadata[f"key{number}"] = f"Patient {number}"

    recipe = Recipe("matroska", "libx264", codes=range(2), time_base=MILLISECOND, prepare=prepare)
    clip = BytesSource(write_clip(recipe))
    assert b"Patient 39" in open_video(clip, Limits()).texts()
    monkeypatch.setattr(reader, "_MOST_TEXTS", 30)
    with pytest.raises(VideoTooLargeError, match="more texts"):
        open_video(clip, Limits())


def test_a_loop_with_more_texts_than_can_be_looked_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    elements = {0x00091000 + number: ("LO", f"Patient {number}") for number in range(40)}
    loop = dicom_loop(pictures(2), Writing(elements=elements))
    assert b"Patient 39" in opened(loop).texts()
    monkeypatch.setattr(dicom_texts, "_MOST_TEXTS", 30)
    with pytest.raises(VideoTooLargeError, match="more texts"):
        opened(loop).texts()


def test_of_words_that_come_with_every_frame_the_first_are_listed() -> None:
    words = UserData("mpeg2video", Limits())
    for number in range(12_000):
        words.of_packet(b"\0\0\1\xb2At %05d seconds\0\0\1" % number)
    assert len(words.texts()) == 10_000
    assert b"At 09999 seconds" in words.texts()


def test_runs_in_bytes_of_no_kind_leave_room_for_values() -> None:
    findings = Findings(Limits())
    findings.words_in(b"\0".join(b"Patient of number %06d" % number for number in range(60_000)))
    assert len(findings.result().texts) == 20_000
    for number in range(20_000):
        findings.text(b"Value %d" % number)
    with pytest.raises(VideoTooLargeError):
        findings.text(b"One too many")


def test_few_values_may_be_too_long_together() -> None:
    findings = Findings(Limits())
    with pytest.raises(VideoTooLargeError):
        for number in range(200):
            findings.text(b"%d" % number + b"x" * 2**20)
