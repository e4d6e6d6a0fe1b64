"""Files that promise too much, or try to: bounded in time and memory, and refused in one sentence."""

import struct
import tracemalloc
import zlib

import imagecodecs
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from tests.video.clips import BytesSource
from tests.video.dicom.dicom_clips import Writing, dicom_loop, opened, pictures, run_lengths
from video.errors import (
    CorruptVideoError,
    NotAVideoError,
    UnsupportedVideoError,
    VideoError,
    VideoTooLargeError,
)
from video.formats.dicom import is_dicom_video
from video.limits import Limits

LOOP = pictures(2, colour=False)
HEAD = bytes(128) + b"DICM"
_MEBIBYTE = 2**20


def element(group: int, number: int, kind: bytes, value: bytes) -> bytes:
    if kind in (b"OB", b"OW", b"SQ", b"UN", b"UT"):
        return struct.pack("<HH2sHI", group, number, kind, 0, len(value)) + value
    return struct.pack("<HH2sH", group, number, kind, len(value)) + value


def meta(syntax: bytes) -> bytes:
    return HEAD + element(2, 0x10, b"UI", syntax + b"\0" * (len(syntax) % 2))


def peak_of(data: bytes) -> tuple[int, str]:
    """Memory that opening and reading takes at most, and what came of it."""
    tracemalloc.start()
    try:
        list(opened(data).frames())
        outcome = "frames"
    except VideoError as error:
        outcome = str(error)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak, outcome


def test_the_largest_frame_that_two_bytes_can_state_is_refused() -> None:
    with pytest.raises(VideoTooLargeError, match="65535 × 65535 px"):
        opened(dicom_loop(LOOP, Rows=65535, Columns=65535))


def test_a_frame_that_says_so_itself_is_refused_before_room_is_made_for_it() -> None:
    bomb = bytearray(imagecodecs.jpegls_encode(LOOP[0]))
    at = bomb.index(b"\xff\xf7")
    bomb[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    data = dicom_loop(LOOP, Writing(JPEGLSLossless, encode=lambda picture: bytes(bomb)))
    with pytest.raises(VideoTooLargeError, match="65535 × 65535 px"):
        opened(data)


def test_a_later_frame_of_another_size_is_lost_not_believed() -> None:
    frames = iter(
        [imagecodecs.jpegls_encode(LOOP[0]), imagecodecs.jpegls_encode(np.zeros((4000, 4000), "u1"))]
    )
    video = opened(dicom_loop(LOOP, Writing(JPEGLSLossless, encode=lambda picture: bytes(next(frames)))))
    assert len(list(video.frames())) == 2
    assert video.losses == ("1 of 2 frames are damaged and shown black: 1.",)


def test_run_lengths_that_would_fill_the_memory_are_lost() -> None:
    good = run_lengths(LOOP[0])
    bomb = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\0" * 500_000
    frames = iter([good, bomb])
    data = dicom_loop(LOOP, Writing(RLELossless, encode=lambda picture: next(frames)))
    peak, outcome = peak_of(data)
    assert outcome == "frames"
    assert peak < 16 * _MEBIBYTE


@pytest.mark.slow
def test_a_deflated_bomb_is_refused() -> None:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join([deflater.compress(bytes(_MEBIBYTE)) for _ in range(600)]) + deflater.flush()
    with pytest.raises(VideoTooLargeError, match="512 MiB"):
        opened(meta(str(DeflatedExplicitVRLittleEndian).encode()) + bomb)


def test_sequences_in_sequences_without_end_are_refused() -> None:
    nest = b""
    for _ in range(5_000):
        nest += b"\x40\0\x75\xa3SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    with pytest.raises(VideoError):
        opened(meta(str(ExplicitVRLittleEndian).encode()) + nest)


def test_sequences_nested_deeper_than_any_picture_needs_are_not_entered_but_searched() -> None:
    inner = Dataset()
    inner.PatientName = "HIDDEN^DEEP^INSIDE"
    for _ in range(40):
        outer = Dataset()
        outer.ContentSequence = [inner]
        inner = outer
    video = opened(dicom_loop(LOOP, ContentSequence=[inner]))
    assert len(list(video.frames())) == 2
    assert any(b"HIDDEN^DEEP^INSIDE" in text for text in video.texts())
    (place,) = [place for place in video.places() if place.name == "ContentSequence"]
    assert place.byte_count > 40 * 20


@pytest.mark.slow
def test_more_elements_than_any_picture_needs_are_refused() -> None:
    many = element(0x0009, 0x1001, b"CS", b"") * 600_000
    with pytest.raises(VideoTooLargeError, match="more elements"):
        opened(meta(str(ExplicitVRLittleEndian).encode()) + many)


def test_a_table_of_frames_that_is_larger_than_the_file_is_cut() -> None:
    data = dicom_loop(LOOP, Writing(JPEGBaseline8Bit))
    at = data.index(b"\xfe\xff\x00\xe0")
    with pytest.raises(CorruptVideoError):
        opened(data[: at + 4] + b"\xf0\xff\xff\x7f" + data[at + 8 :])


def test_pixel_data_beyond_the_limit_are_refused() -> None:
    with pytest.raises(VideoTooLargeError, match="MiB"):
        opened(dicom_loop(LOOP), Limits(dicom_bytes=1000))


def test_more_frames_than_the_limit_are_refused() -> None:
    with pytest.raises(VideoTooLargeError, match="more than 4 frames"):
        opened(dicom_loop(pictures(5, colour=False)), Limits(frames=4))


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        ({"PixelData": None}, "no pixel data"),
        ({"PixelData": None, "Rows": None}, "holds no picture"),
        ({"Rows": 0}, "how large"),
        ({"Rows": None}, "how large"),
        ({"BitsAllocated": 32}, "32 bits"),
        ({"PhotometricInterpretation": "CMYK"}, "colours"),
        ({"SamplesPerPixel": 4}, "colours"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66.4"}, "what was made from one"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.6"}, "whole-slide"),
    ],
)
def test_what_is_no_clip_is_refused_in_a_sentence(stated: dict[str, object], sentence: str) -> None:
    with pytest.raises((UnsupportedVideoError, CorruptVideoError), match=sentence):
        opened(dicom_loop(LOOP, **stated))


def test_an_unknown_compression_is_refused() -> None:
    data = dicom_loop(LOOP, Writing(JPEGBaseline8Bit, encode=lambda picture: b"\x00\x01" * 50))
    with pytest.raises(UnsupportedVideoError, match="compressed in a way"):
        opened(data)


def test_whole_slide_images_are_left_to_the_other_wing() -> None:
    data = dicom_loop(LOOP, SOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.6")
    assert not is_dicom_video(BytesSource(data))
    assert is_dicom_video(BytesSource(dicom_loop(LOOP)))


@pytest.mark.parametrize(
    "data", [b"", b"\x08\0", b"\x08\0\x05\0CS", bytes(400), b"\xff" * 400, b"GIF89a" + bytes(99)]
)
def test_what_is_no_dicom_is_not_taken_for_it(data: bytes) -> None:
    assert not is_dicom_video(BytesSource(data))
    with pytest.raises((NotAVideoError, CorruptVideoError)):
        opened(data)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"])
def test_a_data_set_without_preamble_and_meta_information_is_read(syntax: str) -> None:
    data = dicom_loop(LOOP, Writing(UID(syntax)))
    first = (8, 0x16) if syntax != "1.2.840.10008.1.2.2" else None
    start = data.index(struct.pack("<HH", *first) if first else struct.pack(">HH", 8, 0x16), 300)
    bare = data[start:]
    assert is_dicom_video(BytesSource(bare))
    assert [frame.planes[0].tolist() for frame in opened(bare).frames()] == [p.tolist() for p in LOOP]
