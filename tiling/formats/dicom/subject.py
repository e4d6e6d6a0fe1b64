"""Whose slide a DICOM file says it is, and of which day (PS3.3, C.7.1.1 and C.7.2.1)."""

import re
from datetime import date

from ground.source import ByteSource
from ground.subject import Subject
from tiling.errors import SlideTooLargeError
from tiling.formats.dicom import tags
from tiling.formats.dicom.byte_window import ByteWindow
from tiling.formats.dicom.elements import Element, ElementReader
from tiling.formats.dicom.instances import MAX_ELEMENTS, data_set_span

# Of old files the day stands with dots between (PS3.5, 6.2, DA).
_DAY = re.compile(rb"(\d{4})\.?(\d{2})\.?(\d{2})")
_DAYS = (tags.STUDY_DATE, tags.ACQUISITION_DATE, tags.ACQUISITION_MOMENT)
_WANTED = frozenset({*_DAYS, tags.PATIENT_ID, tags.ISSUER_OF_PATIENT_ID})
_LONGEST_BYTES = 4_096


def subject_of(source: ByteSource) -> Subject | None:
    """None without a patient's number. It counts together with who issued it, as the bytes that they are:
    the loops of the same patient are to have the same identity. Raises CorruptSlideError."""
    reader = ElementReader(ByteWindow(source), MAX_ELEMENTS)
    span, _ = data_set_span(reader, source)
    found: dict[int, bytes] = {}
    for element in reader.elements(span):
        if element.tag > max(_WANTED):
            break
        if element.tag in _WANTED:
            found[element.tag] = _value(reader, element)
    number = found.get(tags.PATIENT_ID, b"")
    if not number:
        return None
    identity = found.get(tags.ISSUER_OF_PATIENT_ID, b"") + b"\0" + number
    days = (_day(found.get(tag, b"")) for tag in _DAYS)
    return Subject(identity, next((day for day in days if day is not None), None))


def _value(reader: ElementReader, element: Element) -> bytes:
    try:
        return reader.value(element, _LONGEST_BYTES).strip(b" \0")
    except SlideTooLargeError:
        return b""


def _day(stated: bytes) -> date | None:
    parts = _DAY.match(stated)
    try:
        return date(*map(int, parts.groups())) if parts else None
    except ValueError:
        return None
