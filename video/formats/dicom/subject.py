"""Whose loop it is, and of which day, as the data set says (PS3.3, C.7.1.1 and C.7.2.1)."""

import re
from datetime import date

from ground.subject import Subject
from video.errors import VideoError
from video.formats.dicom import tags
from video.formats.dicom.data_set import DataSet

# Of old data sets the day stands with dots between (PS3.5, 6.2, DA).
_DAY = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")


def read_subject(data_set: DataSet) -> Subject | None:
    """None without a patient's number. The number counts together with who issued it, where that is said:
    otherwise the same number from anywhere is the same patient."""
    number, issuer = (_value(data_set, tag) for tag in (tags.PATIENT_ID, tags.ISSUER_OF_PATIENT_ID))
    if not number:
        return None
    return Subject(issuer + b"\0" + number, _day(data_set))


def is_ultrasound(data_set: DataSet) -> bool:
    """By the kind of data set, or by what made it."""
    return (
        data_set.text(tags.SOP_CLASS) in tags.ULTRASOUND
        or data_set.code(tags.MODALITY) in tags.ULTRASOUND_MODALITIES
    )


def _value(data_set: DataSet, tag: int) -> bytes:
    try:
        return data_set.raw(tag).strip(b" \0")
    except VideoError:
        return b""


def _day(data_set: DataSet) -> date | None:
    for tag in (tags.STUDY_DATE, tags.ACQUISITION_DATE, tags.ACQUISITION_MOMENT):
        found = _DAY.match(_value(data_set, tag).decode("latin-1"))
        if found is None:
            continue
        try:
            return date(*map(int, found.groups()))
        except ValueError:
            continue
    return None
