"""Files cut short or spoiled anywhere: the frames that are whole, a sentence about the rest, or a refusal."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from tests.contracts.video_source import digest
from tests.video.clips import BytesSource
from tests.video.dicom.dicom_clips import HTJ2K_LOSSLESS, Writing, dicom_loop, opened, pictures
from video.errors import VideoError
from video.formats.dicom import is_dicom_video, open_dicom_video
from video.model import Frame

SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
    HTJ2K_LOSSLESS,
)
REAL = (
    "JPGLosslessP14SV1_1s_1f_8b.dcm",
    "OBXXXX1A_2frame.dcm",
    "US-PAL-8-10x-echo",
    "examples_jpeg2k.dcm",
    "examples_ybr_color.dcm",
    "gdcm-US-ALOKA-16.dcm",
    "orthanc-Issue164-87fr-burnedname.dcm",
)
CUTS, SPOILED = 200, 200


def looked_at(data: bytes) -> list[str] | None:
    """Digests of all frames, with everything else asked for, too; None where the file is refused."""
    source = BytesSource(data)
    if not is_dicom_video(source):
        return None
    try:
        video = open_dicom_video(source)
        digests = [digest(frame) for frame in video.frames()]
        assert len(digests) <= (video.promised_frames or 0) or video.remarks
        assert all(place.byte_count >= 0 for place in video.places())
        assert all(isinstance(text, bytes) for text in video.texts())
        assert all(sentence.endswith(".") for sentence in (*video.losses, *video.remarks))
    except VideoError as error:
        assert str(error)
        return None
    return digests


def is_true_beginning(data: bytes, cut: bytes, whole: list[str]) -> bool:
    """Whether what is left of a file is a beginning of it, with the loss told."""
    found = looked_at(cut)
    if found is None:
        return True
    if found != whole[: len(found)]:
        return False
    if len(found) == len(whole):
        return True
    video = opened(cut)
    list(video.frames())
    return bool(video.losses)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
@pytest.mark.parametrize("table", ["basic", "none"])
def test_wherever_a_loop_is_cut_what_is_left_is_a_true_beginning_of_it(syntax: UID, table: str) -> None:
    data = dicom_loop(pictures(5, 64, 48), Writing(syntax, table=table))
    whole = looked_at(data)
    assert whole is not None and len(whole) == 5
    places = sorted({*range(0, len(data), max(1, len(data) // 25)), *range(len(data) - 12, len(data))})
    wrong = [place for place in places if not is_true_beginning(data, data[:place], whole)]
    assert wrong == []


@pytest.mark.parametrize("syntax", SYNTAXES[3:], ids=lambda syntax: syntax.name)
def test_a_compressed_loop_whose_rest_never_arrived_has_no_frame_of_nothing(syntax: UID) -> None:
    data = dicom_loop(pictures(5, 64, 48), Writing(syntax))
    whole = looked_at(data)
    assert whole is not None
    for place in range(len(data) // 2, len(data) - 8, max(1, len(data) // 12)):
        found = looked_at(data[:place].ljust(len(data), b"\0"))
        kept = [one for one in found or [] if one != black(64, 48)]
        assert kept == whole[: len(kept)]
        assert len(kept) < 5


def black(width_px: int, height_px: int) -> str:
    luma, chroma = np.zeros((height_px, width_px), np.uint8), np.full((height_px, width_px), 128, np.uint8)
    return digest(Frame(0, 0.0, (luma, chroma, chroma)))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_behind_the_mark_are_refused_or_read(data: bytes) -> None:
    looked_at(bytes(128) + b"DICM" + data)


def flipped(data: bytes, random: Random) -> bytes:
    spoiled = bytearray(data)
    reach = len(data) if random.random() < 0.5 else min(len(data), 4_000)
    for _ in range(random.choice([1, 3, 20, 200])):
        spoiled[random.randrange(reach)] = random.choice([0, 0xFF, 0x7F, 0x80, random.randrange(256)])
    return bytes(spoiled)


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_real_files_cut_at_random_places(shared_data: Path, name: str) -> None:
    data = (shared_data / "ultrasound" / name).read_bytes()
    whole = looked_at(data)
    assert whole is not None
    random = Random(name)  # noqa: S311 - to be repeatable
    places = [random.randrange(len(data)) for _ in range(CUTS if len(data) < 10**6 else CUTS // 10)]
    wrong = [place for place in places if not is_true_beginning(data, data[:place], whole)]
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL[:-1])
def test_real_files_with_flipped_bytes(shared_data: Path, name: str) -> None:
    data = (shared_data / "ultrasound" / name).read_bytes()
    random = Random(name)  # noqa: S311 - to be repeatable
    for _ in range(SPOILED):
        looked_at(flipped(data, random))


@pytest.mark.slow
@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
def test_loops_of_every_coding_with_flipped_bytes(syntax: UID) -> None:
    data = dicom_loop(pictures(3), Writing(syntax))
    random = Random(syntax)  # noqa: S311 - to be repeatable
    for _ in range(SPOILED):
        looked_at(flipped(data, random))
