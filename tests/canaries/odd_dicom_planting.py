"""DICOM files with identifiers where only some have a place for them, and files that are no pictures."""

import io
from typing import Any
from unittest.mock import patch

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.canaries.clip_planting import shown
from tests.canaries.dicom_planting import replanted, slide
from tests.canaries.odd_slide_planting import said, thumbnailed
from tests.canaries.searching import BIRTH, NUMBER, named
from tests.video.dicom.dicom_clips import Writing, dicom_loop

_COUNT = 6


def _loop(writing: Writing | None = None, **keywords: Any) -> bytes:
    return dicom_loop([shown(number) for number in range(_COUNT)], writing or Writing(), **keywords)


def functional_groups() -> bytes:
    """An enhanced ultrasound volume's groups: of all frames, and of each (PS3.3, C.7.6.16)."""

    def group(place: str) -> Dataset:
        content = Dataset()
        content.FrameComments, content.FrameLabel = named(f"{place}Comments"), named(f"{place}Label")
        content.FrameAcquisitionDateTime = f"{BIRTH}010203"
        content.add_new(0x00090010, "LO", named(f"{place}Maker"))
        content.add_new(0x00091001, "UN", said(f"{place}Private"))
        item = Dataset()
        item.FrameContentSequence = Sequence([content])
        item.PatientOrientationInFrameSequence = Sequence([content])
        item.PatientName = named(f"{place}Name")
        return item

    per_frame = [group(f"Frame{number}") for number in range(_COUNT)]
    return replanted(
        _loop(
            SharedFunctionalGroupsSequence=Sequence([group("Shared")]),
            PerFrameFunctionalGroupsSequence=Sequence(per_frame),
        )
    )


def icon_of_a_jpeg() -> bytes:
    """An icon, and thumbnails within its own JPEG; a person's photograph; a document beside the pixels."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((64, 64, 3), 90, np.uint8)).save(buffer, "JPEG")
    icon = Dataset()
    icon.Rows = icon.Columns = 64
    icon.add_new("PixelData", "OB", thumbnailed(buffer.getvalue()))
    elements = {
        0x00880200: ("SQ", [icon]),
        0x00420010: ("ST", named("DocumentTitle")),
        0x00420012: ("LO", "application/pdf"),
        0x00420011: ("OB", b"%PDF-1.4 " + said("Document") + b" %%EOF"),
        0x00091001: ("UN", thumbnailed(buffer.getvalue())),
    }
    return _loop(Writing(elements=elements), PatientName=named("Name"))


def unknown_kinds() -> bytes:
    """Elements whose kind is not stated: text, dates, a sequence without a length, and one within it."""
    ends = b"\xfe\xff\x0d\xe0\0\0\0\0", b"\xfe\xff\xdd\xe0\0\0\0\0"
    name = said("InUnknown") + bytes(len(said("InUnknown")) % 2)
    inner = b"\x10\0\x10\0" + len(name).to_bytes(4, "little") + name
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + inner + ends[0]
    nested = item + b"\xfe\xff\x00\xe0" + len(inner).to_bytes(4, "little") + inner
    elements = {
        0x00100010: ("UN", said("UnknownName")),
        0x00100030: ("UN", BIRTH.encode()),
        0x00081140: ("UN", nested + ends[1]),
        0x00331001: ("UN", nested + ends[1]),
        0x00331010: ("UN", b"\x50\x4b\x03\x04" + said("Archive")),
    }
    with patch.object(pydicom.config, "replace_un_with_known_vr", False):
        return _loop(Writing(elements=elements))


def two_files_in_one() -> bytes:
    """What concatenating files gives: a second one behind the first, preamble and all."""
    return replanted(_loop()) + replanted(_loop(PatientName=named("SecondFile")))


def slide_and_loop() -> bytes:
    """A slide with a loop behind it."""
    return slide() + replanted(_loop())


def _written(kind: str, syntax: Any = ExplicitVRLittleEndian, **keywords: Any) -> bytes:
    data_set = Dataset()
    data_set.SOPClassUID, data_set.SOPInstanceUID = kind, "1.2.3.4"
    data_set.PatientName, data_set.PatientID, data_set.PatientBirthDate = named("Name"), NUMBER, BIRTH
    for keyword, value in keywords.items():
        setattr(data_set, keyword, value)
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = syntax
    data_set.file_meta.MediaStorageSOPClassUID, data_set.file_meta.MediaStorageSOPInstanceUID = (
        kind,
        "1.2.3.4",
    )
    data_set.preamble = bytes(128)
    out = io.BytesIO()
    dcmwrite(out, data_set, enforce_file_format=True)
    return out.getvalue()


def directory() -> bytes:
    """A DICOMDIR: who is on the disc, and which files are theirs."""
    record = Dataset()
    record.DirectoryRecordType, record.PatientName, record.PatientID = "PATIENT", named("RecordName"), NUMBER
    record.ReferencedFileID = [named("Folder")[:16], "IM1"]
    return _written(
        "1.2.840.10008.1.3.10", FileSetID=named("Set")[:16], DirectoryRecordSequence=Sequence([record])
    )


def document() -> bytes:
    """An encapsulated PDF."""
    return _written(
        "1.2.840.10008.5.1.4.1.1.104.1", DocumentTitle=named("Title"),
        EncapsulatedDocument=b"%PDF " + said("Document") + b" ",
    )  # fmt: skip


def report() -> bytes:
    """A structured report, in a tree."""
    leaf = Dataset()
    leaf.ValueType, leaf.TextValue, leaf.PersonName = "TEXT", named("Finding"), named("Observer")
    branch = Dataset()
    branch.ValueType, branch.ContentSequence = "CONTAINER", Sequence([leaf])
    return _written(
        "1.2.840.10008.5.1.4.1.1.88.33", ImplicitVRLittleEndian, ContentSequence=Sequence([branch])
    )


def waveform() -> bytes:
    """A voice."""
    channel = Dataset()
    channel.ChannelLabel = named("Channel")[:16]
    wave = Dataset()
    wave.ChannelDefinitionSequence = Sequence([channel])
    wave.MultiplexGroupLabel = named("Group")[:16]
    wave.add_new("WaveformData", "OB", said("Samples").ljust(64))
    return _written("1.2.840.10008.5.1.4.1.1.9.4.1", WaveformSequence=Sequence([wave]))
