"""Whose slide a DICOM file says it is (PS3.3, C.7.1.1 and C.7.2.1)."""

import re
from datetime import date

from ground.source import ByteSource
from ground.subject import Subject
from tiling.formats.dicom import tags
from tiling.formats.dicom.byte_window import ByteWindow
from tiling.formats.dicom.elements import Element, ElementReader
from tiling.formats.dicom.instances import MAX_ELEMENTS, data_set_span
from tiling.formats.dicom.values import Values

_DAY = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_WANTED = (tags.STUDY_DATE, tags.ACQUISITION_DATE, tags.PATIENT_ID, tags.ISSUER_OF_PATIENT_ID)


def subject_of(source: ByteSource) -> Subject | None:
    """None where the file states no patient's number. Raises CorruptSlideError, SlideTooLargeError."""
    reader = ElementReader(ByteWindow(source), MAX_ELEMENTS)
    span, _ = data_set_span(reader, source)
    found: dict[int, Element] = {}
    for element in reader.elements(span):
        if element.tag > max(_WANTED):
            break
        if element.tag in _WANTED:
            found[element.tag] = element
    values = Values(reader)
    number, issuer = (values.text(found.get(tag)) for tag in (tags.PATIENT_ID, tags.ISSUER_OF_PATIENT_ID))
    if not number:
        return None
    # As they stand, Latin-1 for the bytes they are, whatever their character set.
    identity = f"{number}\0{issuer}".encode("latin-1")
    stated = values.text(found.get(tags.STUDY_DATE)) or values.text(found.get(tags.ACQUISITION_DATE))
    return Subject(identity, _day(stated))


def _day(stated: str) -> date | None:
    parts = _DAY.fullmatch(stated)
    try:
        return date(*(int(part) for part in parts.groups())) if parts else None
    except ValueError:
        return None
