"""Whose slide it is, is told where the format has an element for that; it is never printed."""

from datetime import date
from pathlib import Path

import pytest

from tests.tiling.conversions import BytesSource
from tests.tiling.dicom_files import MRN, Recipe, Writer, write_dicom
from tests.tiling.ndpi_files import write_ndpi
from tests.tiling.svs_files import write_svs
from tests.tiling.tiff_files import write_tiff
from tiling.formats.dicom import open_dicom, tags
from tiling.formats.dicom.subject import subject_of
from tiling.open_slide import open_slide


def dicom_file(**texts: str) -> BytesSource:
    """A file of nothing but these elements, by their names in `tags`, in explicit VR."""
    w = Writer(is_explicit=True, undefined=False)
    elements = sorted((getattr(tags, name), value) for name, value in texts.items())
    syntax = w.text(tags.TRANSFER_SYNTAX, "UI", tags.EXPLICIT_VR)
    written = b"".join(w.text(tag, "LO", value) for tag, value in elements)
    return BytesSource(bytes(128) + b"DICM" + syntax + written + w.text(tags.SERIES_UID, "UI", "1.2.3"))


def test_a_dicom_slide_names_its_patient() -> None:
    subject = open_dicom([BytesSource(data) for data in write_dicom(Recipe())]).subject
    assert subject is not None
    assert MRN.encode() in subject.identity
    assert MRN not in repr(subject)


def test_the_number_counts_together_with_who_issued_it() -> None:
    one = subject_of(dicom_file(PATIENT_ID="4711", ISSUER_OF_PATIENT_ID="WARD A"))
    other = subject_of(dicom_file(PATIENT_ID="4711", ISSUER_OF_PATIENT_ID="WARD B"))
    assert one is not None
    assert other is not None
    assert one.identity == b"WARD A\x004711"
    assert one.identity != other.identity


@pytest.mark.parametrize(
    ("stated", "day"),
    [
        ({"STUDY_DATE": "20310204"}, date(2031, 2, 4)),
        ({"STUDY_DATE": "2031.02.04"}, date(2031, 2, 4)),
        ({"ACQUISITION_DATE": "20310205"}, date(2031, 2, 5)),
        ({"STUDY_DATE": "soon", "ACQUISITION_MOMENT": "20310206081500"}, date(2031, 2, 6)),
        ({"STUDY_DATE": "20311399"}, None),
        ({}, None),
    ],
)
def test_the_day_is_that_of_the_examination(stated: dict[str, str], day: date | None) -> None:
    subject = subject_of(dicom_file(PATIENT_ID="4711", **stated))
    assert subject is not None
    assert subject.acquired_on == day


@pytest.mark.parametrize("number", ["", "  ", "x" * 5_000])
def test_without_a_number_that_can_be_one_nobody_is_named(number: str) -> None:
    assert subject_of(dicom_file(PATIENT_ID=number, STUDY_DATE="20310204")) is None


def test_other_formats_name_nobody(tmp_path: Path) -> None:
    for number, write in enumerate((write_svs, write_ndpi, write_tiff)):
        path = tmp_path / str(number)
        write(path)
        assert open_slide(BytesSource(path.read_bytes())).subject is None
