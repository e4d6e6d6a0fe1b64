"""The proof fails where it should: foreign bytes, other frames, and words of the source in any disguise."""

import base64
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ground.finding import Box
from tests.video.canonical.synthetic import SyntheticVideo, canonical, noise, picture
from video.canonical.layout import (
    DESCRIPTION_FILE,
    FRAMES_FILE,
    THUMBNAILS_FILE,
    VIDEO_FILE,
    Description,
)
from video.canonical.mp4_boxes import FILE_TYPE
from video.errors import VerificationError
from video.limits import Limits
from video.scrub.course import Course
from video.scrub.execute import Executed, execute
from video.scrub.masks import Blanker
from video.scrub.verify import check_description, verify

COURSE = Course(lambda done, total: None, lambda: False, workers=2)


def _executed(directory: Path, gop: int = 1) -> Executed:
    return execute(
        SyntheticVideo(picture(), 30, noise),
        directory,
        COURSE,
        blanker=Blanker(picture(), ()),
        gop=gop,
        limits=Limits(),
        source_bytes=1,
    )


def _verify(
    executed: Executed,
    directory: Path,
    texts: tuple[bytes, ...] = (),
    forbidden: tuple[str, ...] = (),
    blanker: Blanker | None = None,
) -> Description:
    description, _ = verify(executed, directory, COURSE, texts=texts, forbidden=forbidden, blanker=blanker)
    return description


def _edit(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize("gop", [1, 12])
def test_what_was_written_is_proved(tmp_path: Path, gop: int) -> None:
    executed = _executed(tmp_path, gop)
    description = _verify(executed, tmp_path)
    assert all(
        len(file.sha256) == 64 for file in (description.video, description.frames, description.thumbnails)
    )


def _flip(place: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        at = place % len(data)
        return data[:at] + bytes((data[at] ^ 0x55,)) + data[at + 1 :]

    return change


@pytest.mark.parametrize("seed", range(12))
def test_a_byte_that_changes_anywhere_in_the_mp4_fails_the_proof(tmp_path: Path, seed: int) -> None:
    executed = _executed(tmp_path)
    generator = np.random.default_rng(seed)
    size = (tmp_path / VIDEO_FILE).stat().st_size
    data = (tmp_path / VIDEO_FILE).read_bytes()
    header = data.index(b"mdat") + 12
    for place in (int(generator.integers(header)), int(generator.integers(header, size))):
        _edit(tmp_path / VIDEO_FILE, _flip(place))
        with pytest.raises(VerificationError):
            _verify(executed, tmp_path)
        _edit(tmp_path / VIDEO_FILE, _flip(place))
    _verify(executed, tmp_path)


def _with_trailer(data: bytes) -> bytes:
    return data + struct.pack(">I4s", 16, b"udta") + b"12345678"


def _with_text_in_free(data: bytes) -> bytes:
    place = data.index(b"free") + 4
    return data[:place] + b"DOE^JOHN" + data[place + 8 :]


def _with_a_handler_name(data: bytes) -> bytes:
    return data.replace(b"vide" + bytes(13), b"vide" + bytes(8) + b"John\0", 1)


def _with_a_compressor_name(data: bytes) -> bytes:
    place = data.index(b"avcC") - 4 - 36
    return data[:place] + b"\x04John" + data[place + 5 :]


def _with_a_date(data: bytes) -> bytes:
    place = data.index(b"mvhd") + 8
    return data[:place] + (3_900_000_000).to_bytes(8) + data[place + 8 :]


def _with_a_foreign_brand(data: bytes) -> bytes:
    return data.replace(FILE_TYPE, FILE_TYPE[:-4] + b"John", 1)


@pytest.mark.parametrize(
    "change",
    [
        _with_trailer,
        _with_text_in_free,
        _with_a_handler_name,
        _with_a_compressor_name,
        _with_a_date,
        _with_a_foreign_brand,
    ],
)
def test_what_could_carry_a_name_may_not_be_in_the_mp4(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    executed = _executed(tmp_path)
    before = (tmp_path / VIDEO_FILE).read_bytes()
    _edit(tmp_path / VIDEO_FILE, change)
    assert (tmp_path / VIDEO_FILE).read_bytes() != before
    with pytest.raises(VerificationError):
        _verify(executed, tmp_path)


@pytest.mark.parametrize("name", [FRAMES_FILE, THUMBNAILS_FILE])
def test_bytes_behind_the_smaller_files_fail_the_proof(tmp_path: Path, name: str) -> None:
    executed = _executed(tmp_path)
    _edit(tmp_path / name, lambda data: data + b"DOE^JOHN")
    with pytest.raises(VerificationError):
        _verify(executed, tmp_path)


def test_two_frames_that_change_places_fail_the_proof(tmp_path: Path) -> None:
    executed = _executed(tmp_path)
    digests = executed.digests.copy()
    digests[[3, 4]] = digests[[4, 3]]
    with pytest.raises(VerificationError, match="another frame"):
        _verify(replace(executed, digests=digests), tmp_path)


def test_a_picture_under_a_mask_fails_the_proof(tmp_path: Path) -> None:
    executed = _executed(tmp_path)
    with pytest.raises(VerificationError, match="under a mask"):
        _verify(executed, tmp_path, blanker=Blanker(picture(), [Box(10, 10, 30, 30)]))


_NAME = "Müller-Lüdenscheidt"


@pytest.mark.parametrize(
    "disguise",
    [
        lambda name: name.encode(),
        lambda name: name.encode("latin-1"),
        lambda name: name.upper().encode("utf-16-le"),
        lambda name: name.encode("utf-16-be"),
        lambda name: base64.b64encode(b"x" + name.encode()),
    ],
    ids=["utf-8", "latin-1", "utf-16-le", "utf-16-be", "base64"],
)
@pytest.mark.parametrize("name", [THUMBNAILS_FILE, FRAMES_FILE])
def test_a_word_of_the_source_is_found_in_any_disguise(
    tmp_path: Path, disguise: Callable[[str], bytes], name: str
) -> None:
    executed = _executed(tmp_path)
    hidden = disguise(_NAME)

    def plant(data: bytes) -> bytes:
        """Where no other check looks: in the times, or in a JPEG's coded picture."""
        place = 16 if name == FRAMES_FILE else 1_200
        return data[:place] + hidden + data[place + len(hidden) :]

    _verify(executed, tmp_path)
    _edit(tmp_path / name, plant)
    with pytest.raises(VerificationError, match="text of the source"):
        _verify(executed, tmp_path, texts=(b"PatientName=" + _NAME.encode(),))
    with pytest.raises(VerificationError, match="text of the source"):
        _verify(executed, tmp_path, forbidden=(_NAME,))


def test_words_that_are_ours_by_right_are_no_finding(tmp_path: Path) -> None:
    executed = _executed(tmp_path)
    _verify(executed, tmp_path, texts=(b"isomavc1", b"formula", b"frame_rate", b"CDEFGHIJSTUVWXYZ"))


def test_a_description_in_which_a_source_speaks_is_refused(tmp_path: Path) -> None:
    canonical(SyntheticVideo(picture(), 2), tmp_path)
    stated = Description.from_json((tmp_path / DESCRIPTION_FILE).read_bytes())
    check_description(tmp_path, stated, (), ())
    with pytest.raises(VerificationError, match="not the one"):
        check_description(tmp_path, replace(stated, remarks=("Other.",)), (), ())
