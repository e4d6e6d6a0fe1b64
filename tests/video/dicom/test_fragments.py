"""Which bytes are which frame: tables that are right, wrong or absent, and numbers of frames that lie."""

import pytest
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from tests.video.clips import read_code
from tests.video.dicom.dicom_clips import (
    HTJ2K_LOSSLESS,
    ITEM,
    SEQUENCE_END,
    Writing,
    dicom_loop,
    item,
    opened,
    pictures,
    usual,
)
from video.errors import CorruptVideoError
from video.model import Video

LOOP = pictures(5, 96, 64, colour=False)


def codes(video: Video) -> list[int]:
    return [read_code(frame.planes[0]) for frame in video.frames()]


@pytest.mark.parametrize("table", ["basic", "extended", "none", "wrong"])
@pytest.mark.parametrize("fragments", [1, 2, 3])
def test_pictures_of_several_fragments(table: str, fragments: int) -> None:
    video = opened(dicom_loop(LOOP, Writing(JPEGLosslessSV1, table=table, fragments=fragments)))
    assert codes(video) == [0, 1, 2, 3, 4]
    assert video.losses == ()


@pytest.mark.parametrize("table", ["basic", "extended"])
def test_run_lengths_of_several_fragments_need_a_table(table: str) -> None:
    assert codes(opened(dicom_loop(LOOP, Writing(RLELossless, table=table, fragments=2)))) == [0, 1, 2, 3, 4]


def test_one_frame_of_run_lengths_may_have_several_fragments_without_one() -> None:
    video = opened(dicom_loop(LOOP[:1], Writing(RLELossless, table="none", fragments=3)))
    assert codes(video) == [0]


def test_a_table_that_speaks_of_the_first_frame_alone_is_not_believed() -> None:
    data = dicom_loop(LOOP, Writing(JPEGLosslessSV1, table="none"))
    empty_table, first_only = item(b""), item(bytes(4))
    assert data.count(empty_table) == 1
    assert codes(opened(data.replace(empty_table, first_only))) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, JPEGBaseline8Bit, RLELossless], ids=lambda s: s.name)
@pytest.mark.parametrize("stated", ["3", "1", None])
def test_compressed_frames_that_the_file_does_not_count_are_shown_and_remarked(
    syntax: UID, stated: str | None
) -> None:
    video = opened(dicom_loop(LOOP, Writing(syntax), NumberOfFrames=stated))
    assert codes(video) == [0, 1, 2, 3, 4]
    assert video.promised_frames == int(stated or 5)
    remark = "The file does not say how many frames it has; it holds 5."
    if stated is not None:
        remark = f"The file speaks of {stated} frames and holds 5; all are shown."
    assert remark in video.remarks
    assert video.losses == ()


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, JPEGLosslessSV1, RLELossless], ids=lambda s: s.name
)
@pytest.mark.parametrize("stated", ["7", "1000000000"])
def test_frames_that_are_counted_but_are_not_there_are_a_loss(syntax: UID, stated: str) -> None:
    video = opened(dicom_loop(LOOP, Writing(syntax), NumberOfFrames=stated))
    assert codes(video) == [0, 1, 2, 3, 4]
    assert video.losses == (f"The DICOM file holds 5 whole frames of {int(stated):,} that it speaks of.",)


def test_uncompressed_data_behind_the_last_frame_are_no_frames() -> None:
    assert codes(opened(dicom_loop(LOOP, NumberOfFrames="3"))) == [0, 1, 2]


@pytest.mark.parametrize("stated", [None, "0", "-3", "x"])
def test_uncompressed_frames_without_a_sensible_number_are_counted_by_their_length(
    stated: str | None,
) -> None:
    data = dicom_loop(LOOP, NumberOfFrames="99" if stated else None)
    if stated is not None:
        data = data.replace(b"\x28\0\x08\0IS\x02\x0099", b"\x28\0\x08\0IS\x02\0" + stated.encode().ljust(2))
    video = opened(data)
    assert codes(video) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, RLELossless], ids=lambda s: s.name)
@pytest.mark.parametrize("table", ["basic", "none"])
def test_without_a_delimiter_nothing_is_missing_but_what_is_cut(syntax: UID, table: str) -> None:
    data = dicom_loop(LOOP, Writing(syntax, table=table))
    assert data.endswith(SEQUENCE_END)
    assert codes(opened(data[:-8])) == [0, 1, 2, 3, 4]
    assert codes(opened(data[:-9])) == [0, 1, 2, 3]


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, RLELossless], ids=lambda s: s.name)
def test_a_cut_is_told_although_nobody_counted_the_frames(syntax: UID) -> None:
    data = dicom_loop(LOOP, Writing(syntax), NumberOfFrames=None)
    video = opened(data[:-100])
    assert codes(video) == [0, 1, 2, 3]
    assert video.losses == ("The DICOM file is cut short; what came behind these frames is missing.",)


def test_fragments_of_a_stated_length_are_fragments() -> None:
    data = dicom_loop(LOOP, Writing(JPEGLosslessSV1))
    start = data.index(b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff")
    length = len(data) - (start + 12)
    stated = data[: start + 8] + length.to_bytes(4, "little") + data[start + 12 :]
    assert codes(opened(stated)) == [0, 1, 2, 3, 4]


def test_a_frame_that_cannot_be_unpacked_keeps_its_place_and_is_black() -> None:
    frames = [usual(Writing(RLELossless))(picture) for picture in LOOP]
    frames[2] = frames[2][:64] + bytes(len(frames[2]) - 64)
    given = iter(frames)
    video = opened(dicom_loop(LOOP, Writing(RLELossless, encode=lambda picture: next(given))))
    found = [int(frame.planes[0].max()) for frame in video.frames()]
    assert [bool(value) for value in found] == [True, True, False, True, True]
    assert video.losses == ("1 of 5 frames are damaged and shown black: 2.",)


@pytest.mark.parametrize(
    "syntax", [JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, HTJ2K_LOSSLESS], ids=lambda s: s.name
)
def test_half_a_frame_is_never_taken_for_a_whole_one(syntax: UID) -> None:
    frames = [usual(Writing(syntax))(picture) for picture in LOOP]
    frames[1] = frames[1][: len(frames[1]) // 2]
    given = iter(frames)
    video = opened(dicom_loop(LOOP, Writing(syntax, encode=lambda picture: next(given))))
    shown = list(video.frames())
    assert [read_code(f.planes[0]) for f in shown if f.number != 1] == [0, 2, 3, 4]
    (loss,) = video.losses
    assert loss.startswith("1 of 5 frames are damaged and shown") and loss.endswith(": 1.")


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEG2000Lossless], ids=lambda s: s.name)
def test_what_encoders_leave_behind_a_picture_is_no_damage(syntax: UID) -> None:
    filled = [usual(Writing(syntax))(picture) + b"\xff" for picture in LOOP]
    if syntax == JPEGBaseline8Bit:
        filled[2] = filled[2][:-3] + b"\x12\x34\x56" + filled[2][-3:]
    given = iter(filled)
    video = opened(dicom_loop(LOOP, Writing(syntax, encode=lambda picture: next(given))))
    assert codes(video) == [0, 1, 2, 3, 4]
    assert video.losses == ()


@pytest.mark.parametrize("spoil", ["header", "size"])
def test_a_spoiled_first_frame_does_not_spoil_the_others(spoil: str) -> None:
    frames = [bytearray(usual(Writing(JPEGLosslessSV1))(picture)) for picture in LOOP]
    at = frames[0].index(b"\xff\xc3")
    if spoil == "header":
        frames[0][at] = 0
    else:
        frames[0][at + 5 : at + 7] = b"\0\x30"
    given = iter(frames)
    video = opened(dicom_loop(LOOP, Writing(JPEGLosslessSV1, encode=lambda picture: bytes(next(given)))))
    shown = list(video.frames())
    assert [read_code(frame.planes[0]) for frame in shown[1:]] == [1, 2, 3, 4]
    assert not shown[0].planes[0].any()
    assert video.losses == ("1 of 5 frames are damaged and shown black: 0.",)


def test_a_jpeg_that_ends_too_early_is_shown_as_far_as_it_goes_and_told() -> None:
    frames = [usual(Writing(JPEGBaseline8Bit))(picture) for picture in LOOP]
    frames[1] = frames[1][: len(frames[1]) // 2]
    frames[3] = frames[3].rstrip(b"\0").removesuffix(b"\xff\xd9")  # no end, but all there
    given = iter(frames)
    video = opened(dicom_loop(LOOP, Writing(JPEGBaseline8Bit, encode=lambda picture: next(given))))
    assert [read_code(f.planes[0]) for f in video.frames() if f.number != 1] == [0, 2, 3, 4]
    assert video.losses == ("1 of 5 frames are damaged and shown as far as they can be unpacked: 1.",)


def test_when_no_frame_can_be_unpacked_the_file_is_refused() -> None:
    data = dicom_loop(LOOP, Writing(RLELossless, encode=lambda picture: bytes(700)))
    with pytest.raises(CorruptVideoError, match="not one frame"):
        opened(data)


def test_no_frame_at_all_is_refused() -> None:
    data = dicom_loop(LOOP, Writing(JPEGLosslessSV1))
    start = data.index(ITEM)
    with pytest.raises(CorruptVideoError):
        opened(data[: start + 8 + 20] + SEQUENCE_END)
