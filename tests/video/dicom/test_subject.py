"""Whose loop it is, and that nobody learns it from anything but the value itself."""

from datetime import date

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from tests.video.clips import make
from tests.video.dicom.dicom_clips import Writing, dicom_loop, opened, pictures
from video.open_video import open_video


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_a_patient_is_a_number_and_who_issued_it(syntax: str) -> None:
    data = dicom_loop(
        pictures(),
        Writing(syntax=syntax),
        PatientID="55-81 ",
        IssuerOfPatientID="Elsewhere",
        StudyDate="20190307",
    )
    subject = opened(data).subject
    assert subject is not None
    assert subject.identity == b"Elsewhere\x0055-81"
    assert subject.acquired_on == date(2019, 3, 7)


def test_without_an_issuer_the_number_alone_counts() -> None:
    loops = [dicom_loop(pictures(), PatientID="55-81", InstitutionName=name) for name in ("Here", "There")]
    identities = {subject.identity for loop in loops if (subject := opened(loop).subject) is not None}
    assert identities == {b"\x0055-81"}


def test_without_a_number_it_is_nobodys() -> None:
    assert opened(dicom_loop(pictures(), StudyDate="20190307")).subject is None
    assert opened(dicom_loop(pictures(), PatientID="  ", PatientName="Doe^John")).subject is None


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"StudyDate": "20190307", "AcquisitionDate": "20180101"}, date(2019, 3, 7)),
        ({"AcquisitionDate": "20180101"}, date(2018, 1, 1)),
        ({"AcquisitionDateTime": "20170203112233.5"}, date(2017, 2, 3)),
        ({"StudyDate": "", "AcquisitionDate": "20180101"}, date(2018, 1, 1)),
        ({}, None),
    ],
)
def test_the_day_is_that_of_the_examination(stated: dict[str, str], expected: date | None) -> None:
    subject = opened(dicom_loop(pictures(), PatientID="1", **stated)).subject
    assert subject is not None
    assert subject.acquired_on == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"2019.03.07", date(2019, 3, 7)), (b"20190230", None), (b"yesterday.", None), (b"\xff" * 8, None)],
)
def test_a_day_that_is_none_is_left_out(value: bytes, expected: date | None) -> None:
    data = dicom_loop(pictures(), PatientID="1", StudyDate="20200101")
    place = data.index(b"20200101")
    length = len(value)
    data = data[: place - 2] + length.to_bytes(2, "little") + value + data[place + 8 :]
    subject = opened(data).subject
    assert subject is not None
    assert subject.acquired_on == expected


def test_a_subject_shows_itself_to_nobody() -> None:
    subject = opened(dicom_loop(pictures(), PatientID="MRN-5581", StudyDate="20190307")).subject
    assert "5581" not in repr(subject)
    assert "2019" not in repr(subject)


def test_a_container_names_no_patient_and_no_modality() -> None:
    video = open_video(make("b_frames").source)
    assert video.subject is None
    assert not video.is_ultrasound


def test_a_loop_is_ultrasound_by_its_kind_or_its_modality() -> None:
    assert opened(dicom_loop(pictures())).is_ultrasound
    capture = "1.2.840.10008.5.1.4.1.1.7"
    assert not opened(dicom_loop(pictures(), SOPClassUID=capture, Modality="XA")).is_ultrasound
    assert opened(dicom_loop(pictures(), SOPClassUID=capture, Modality="US")).is_ultrasound
