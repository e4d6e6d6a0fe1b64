"""Everything in a file is named and counted, every text is handed over, nothing is quoted."""

import struct
from typing import Any

import imagecodecs
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
)

from tests.video.dicom.dicom_clips import Picture, Writing, dicom_loop, opened, pictures
from video.model import Action, Video

CANARIES = {
    "PatientName": "QUIXOTE^DULCINEA",
    "PatientID": "MRN77120934",
    "PatientBirthDate": "19340715",
    "AccessionNumber": "S31-40517",
    "InstitutionName": "Spital am Weiher",
    "StudyInstanceUID": "1.2.826.0.1.3680043.9.7433.4711",
    "StationName": "ECHO-ROOM-9",
    "OperatorsName": "SANCHO^PANZA",
    "StudyDate": "20190304",
    "DeviceSerialNumber": "SER-0099881",
    "TextComments": "free text of the sonographer",
    "BurnedInAnnotation": "YES",
}
PREAMBLE = b"PreambleOfPatient".ljust(128, b"\0")
TRAILER = b"TrailerOfPatient"
COMMENT = b"CommentInFrame4711"


def commented(frame: bytes) -> bytes:
    """A JPEG with a comment, an APP13, and words behind its end."""
    segments = b"\xff\xfe" + struct.pack(">H", len(COMMENT) + 2) + COMMENT
    segments += b"\xff\xed" + struct.pack(">H", 2 + 14) + b"PhotoshopOfPat"
    return frame[:2] + segments + frame[2:] + b"BehindThePicture"


def planted(syntax: UID = JPEGBaseline8Bit, **more: Any) -> Video:
    nested, deeper, icon = Dataset(), Dataset(), Dataset()
    deeper.PatientComments = "NestedCommentOfMallory"
    nested.ReferencedSOPInstanceUID = "1.2.826.0.1.3680043.9.7433.9.1"
    nested.ContentSequence = [deeper]
    icon.Rows, icon.Columns, icon.PixelData = 2, 2, b"IconOfThePatient"
    icon["PixelData"].VR = "OB"
    elements = {
        0x00090010: ("LO", "ACME PRIVATE"),
        0x00091001: ("LO", "PrivateWardNine"),
        0x00091002: ("UN", b"UnknownKindWard\0"),
        0x60000010: ("US", 8),
        0x60003000: ("OW", b"OverlayOfPatient"),
        0x60000022: ("LO", "OverlayDescription7"),
    }

    def encode(picture: Picture) -> bytes:
        if syntax == JPEGBaseline8Bit:
            return commented(imagecodecs.jpeg8_encode(picture))
        return picture.tobytes()

    writing = Writing(syntax, encode=encode, elements=elements, preamble=PREAMBLE, trailer=TRAILER)
    sequences = {"ReferencedStudySequence": [nested], "IconImageSequence": [icon]}
    data = dicom_loop(pictures(3, colour=False), writing, **sequences, **CANARIES, **more)
    return opened(data)


ELSEWHERE = (
    b"PreambleOfPatient", b"PrivateWardNine", b"UnknownKindWard", b"NestedCommentOfMallory",
    b"OverlayDescription7", b"1.2.826.0.1.3680043.9.7433.9.1", b"OverlayOfPatient", b"IconOfThePatient",
)  # fmt: skip


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, ExplicitVRLittleEndian], ids=lambda syntax: syntax.name)
def test_every_planted_text_is_handed_over(syntax: UID) -> None:
    texts = planted(syntax).texts()
    wanted = [value.encode() for value in CANARIES.values() if len(value) >= 6] + [*ELSEWHERE, TRAILER]
    if syntax == JPEGBaseline8Bit:
        wanted += [COMMENT, b"PhotoshopOfPat", b"BehindThePicture"]
    missing = [value for value in wanted if not any(value in text for text in texts)]
    assert missing == []


def test_names_are_keywords_and_nothing_is_quoted() -> None:
    video = planted()
    places = {place.name: place for place in video.places()}
    for name in (
        "preamble", "PatientName", "PatientID", "private (0009,1001)", "private (0009,1002)", "OverlayData",
        "ReferencedStudySequence > ContentSequence > PatientComments", "IconImageSequence > PixelData",
        "TransferSyntaxUID", "comments in frames", "APP13 in frames", "bytes behind the picture in frames",
        "bytes behind the data set",
    ):  # fmt: skip
        assert places[name].action is Action.DROPPED, name
        assert places[name].byte_count > 0, name
    for name in ("PixelData", "Rows", "FrameTime", "PhotometricInterpretation"):
        assert places[name].action is Action.REBUILT
    ours = " ".join([*places, *video.remarks, *video.losses])
    assert not [value for value in CANARIES.values() if len(value) > 5 and value in ours]


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, ExplicitVRLittleEndian], ids=lambda syntax: syntax.name)
def test_every_byte_of_the_file_is_counted_once(syntax: UID) -> None:
    frames = pictures(3, colour=False)
    writing = Writing(syntax, preamble=PREAMBLE, trailer=TRAILER)
    data = dicom_loop(frames, writing, **CANARIES)
    assert sum(place.byte_count for place in opened(data).places()) == len(data)


def test_names_of_every_alphabet_come_in_utf_8_too() -> None:
    texts = planted(SpecificCharacterSet="ISO_IR 144", ReferringPhysicianName="Люкceмбypг").texts()
    assert "Люкceмбypг".encode() in texts
    assert "Люкceмбypг".encode("iso8859_5") in texts


def test_comments_of_jpeg_2000_are_found() -> None:
    def encode(picture: Picture) -> bytes:
        frame = bytes(imagecodecs.jpeg2k_encode(picture, level=0, codecformat="j2k"))
        at = 4 + int.from_bytes(frame[4:6], "big")
        comment = b"\xff\x64" + struct.pack(">HH", len(COMMENT) + 4, 1) + COMMENT
        return frame[:at] + comment + frame[at:]

    video = opened(dicom_loop(pictures(2, colour=False), Writing(JPEG2000Lossless, encode=encode)))
    assert len(list(video.frames())) == 2
    assert any(COMMENT in text for text in video.texts())
    assert "comments in frames" in {place.name for place in video.places()}


def test_deflated_files_are_counted_as_what_they_hold() -> None:
    writing = Writing(DeflatedExplicitVRLittleEndian, preamble=PREAMBLE)
    video = opened(dicom_loop(pictures(2, colour=False), writing, **CANARIES))
    names = {place.name for place in video.places()}
    assert {"preamble", "file meta information", "PatientName", "PixelData"} <= names
    assert b"QUIXOTE^DULCINEA" in video.texts()


def test_numbers_that_describe_pictures_are_no_texts() -> None:
    video = opened(dicom_loop(pictures(2, colour=False), FrameTime="33.333333", WindowCenter="128.125"))
    assert not [text for text in video.texts() if text.startswith((b"33.33", b"128.1"))]


def test_what_names_nobody_is_no_text() -> None:
    video = opened(
        dicom_loop(pictures(2), StudyTime="000000.000000", PatientID="0000000", StationName="??????")
    )
    assert not [text for text in video.texts() if b"0000" in text or b"??" in text]
