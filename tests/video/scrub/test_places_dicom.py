"""Every place of a DICOM file in which a patient may stand: listed, dropped, and gone from the result."""

import struct
from pathlib import Path
from typing import Any

import imagecodecs
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit

from tests.video.dicom.dicom_clips import ROOT, Picture, Writing, dicom_loop, opened, pictures
from tests.video.scrub.places import found_in, scrubbed
from video.model import Action

WORD = "Quijote4711"


def _loop(writing: Writing | None = None, **keywords: Any) -> bytes:
    return dicom_loop(pictures(3, colour=False), writing or Writing(), **keywords)


def _item(**keywords: Any) -> Dataset:
    data_set = Dataset()
    for keyword, value in keywords.items():
        setattr(data_set, keyword, value)
    return data_set


def _icon() -> Dataset:
    icon = _item(Rows=2, Columns=6, PixelData=WORD.encode() + b"\0")
    icon["PixelData"].VR = "OB"
    return icon


def _jpeg(marker: int, *, behind: bool = False) -> Writing:
    def encode(picture: Picture) -> bytes:
        frame = bytes(imagecodecs.jpeg8_encode(picture))
        if behind:
            return frame + WORD.encode()
        return frame[:2] + struct.pack(">BBH", 0xFF, marker, len(WORD) + 2) + WORD.encode() + frame[2:]

    return Writing(JPEGBaseline8Bit, encode=encode)


def _split_comments() -> Writing:
    """A word in two segments: neither holds it."""

    def encode(picture: Picture) -> bytes:
        frame = bytes(imagecodecs.jpeg8_encode(picture))
        parts = b"".join(
            struct.pack(">BBH", 0xFF, 0xFE, len(part) + 2) + part.encode() for part in (WORD[:6], WORD[6:])
        )
        return frame[:2] + parts + frame[2:]

    return Writing(JPEGBaseline8Bit, encode=encode)


def _jpeg_2000() -> Writing:
    def encode(picture: Picture) -> bytes:
        frame = bytes(imagecodecs.jpeg2k_encode(picture, level=0, codecformat="j2k"))
        at = 4 + int.from_bytes(frame[4:6], "big")
        return frame[:at] + b"\xff\x64" + struct.pack(">HH", len(WORD) + 4, 1) + WORD.encode() + frame[at:]

    return Writing(JPEG2000Lossless, encode=encode)


_UID = ROOT + "471147114711"


def _elements(**tags: tuple[str, Any]) -> Writing:
    return Writing(elements={int(tag[1:], 16): value for tag, value in tags.items()})


PLACES: dict[str, tuple[bytes, str]] = {
    "preamble": (_loop(Writing(preamble=WORD.encode().ljust(128, b"\0"))), "preamble"),
    "file meta: instance": (_loop(SOPInstanceUID=_UID), "MediaStorageSOPInstanceUID"),
    "instance": (_loop(SOPInstanceUID=_UID), "SOPInstanceUID"),
    "study": (_loop(StudyInstanceUID=_UID), "StudyInstanceUID"),
    "frame of reference": (_loop(FrameOfReferenceUID=_UID), "FrameOfReferenceUID"),
    "name": (_loop(PatientName=WORD), "PatientName"),
    "birth date": (_loop(PatientBirthDate="19340715"), "PatientBirthDate"),
    "device": (_loop(DeviceSerialNumber=WORD), "DeviceSerialNumber"),
    "an element nobody knows": (_loop(_elements(x00091001=("LO", WORD))), "private (0009,1001)"),
    "private creator": (_loop(_elements(x00090010=("LO", WORD))), "private (0009,0010)"),
    "private bytes": (_loop(_elements(x00091002=("UN", WORD.encode() + b"\0"))), "private (0009,1002)"),
    "private among the pixels": (_loop(_elements(x7FE10010=("LO", WORD))), "private (7fe1,0010)"),
    "overlay": (_loop(_elements(x60003000=("OW", WORD.encode() + b"\0"))), "OverlayData"),
    "overlay's words": (_loop(_elements(x60000022=("LO", WORD))), "OverlayDescription"),
    "last overlay": (_loop(_elements(x601E3000=("OW", WORD.encode() + b"\0"))), "OverlayData"),
    "curve": (_loop(_elements(x50000030=("SH", WORD))), "AxisUnits"),
    "padding": (_loop(_elements(xFFFCFFFC=("OB", WORD.encode() + b"\0"))), "DataSetTrailingPadding"),
    "icon": (_loop(IconImageSequence=Sequence([_icon()])), "IconImageSequence > PixelData"),
    "nested": (
        _loop(ReferencedStudySequence=Sequence([_item(ContentSequence=Sequence([_item(PatientComments=WORD)]))])),
        "ReferencedStudySequence > ContentSequence > PatientComments",
    ),
    "a name beside a region's numbers": (
        _loop(SequenceOfUltrasoundRegions=Sequence([_item(PatientComments=WORD)])),
        "SequenceOfUltrasoundRegions > PatientComments",
    ),
    "behind the data set": (_loop(Writing(trailer=WORD.encode())), "bytes behind the data set"),
    "comment of a frame": (_loop(_jpeg(0xFE)), "comments in frames"),
    "comment in two segments": (_loop(_split_comments()), "comments in frames"),
    "APP1 of a frame": (_loop(_jpeg(0xE1)), "APP1 in frames"),
    "APP13 of a frame": (_loop(_jpeg(0xED)), "APP13 in frames"),
    "behind a frame": (_loop(_jpeg(0, behind=True)), "bytes behind the picture in frames"),
    "comment of JPEG 2000": (_loop(_jpeg_2000()), "comments in frames"),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_place_is_listed_and_dropped_and_nothing_of_it_is_written(tmp_path: Path, place: str) -> None:
    data, name = PLACES[place]
    listed = {one.name: one for one in opened(data).places()}
    assert listed[name].action is Action.DROPPED
    assert listed[name].byte_count > 0
    planted = [WORD, WORD[:6], WORD[5:], _UID, "19340715"]
    assert found_in(data.lower(), planted)
    report, result = scrubbed(data, tmp_path)
    assert found_in(result, planted) == []
    assert name in {one.name for one in report.places}


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, JPEGBaseline8Bit], ids=lambda syntax: syntax.name)
def test_of_all_places_none_is_kept_as_it_is(syntax: UID) -> None:
    places = opened(_loop(Writing(syntax), PatientName=WORD)).places()
    assert {place.action for place in places} == {Action.DROPPED, Action.REBUILT}


def test_the_file_meta_information_is_dropped_as_a_whole() -> None:
    places = {place.name: place.action for place in opened(_loop()).places()}
    for name in (
        "FileMetaInformationGroupLength", "FileMetaInformationVersion", "MediaStorageSOPClassUID",
        "MediaStorageSOPInstanceUID", "TransferSyntaxUID", "ImplementationClassUID",
        "ImplementationVersionName",
    ):  # fmt: skip
        assert places[name] is Action.DROPPED
