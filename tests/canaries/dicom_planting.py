"""An identifier in every element that DICOM's dictionary knows a text for, and everywhere else in a file."""

import io
from collections.abc import Iterator
from unittest.mock import patch

import imagecodecs
import pydicom
from pydicom.datadict import DicomDictionary
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless

from tests.canaries.clip_planting import shown
from tests.canaries.searching import BIRTH, NUMBER, UID_TAIL, named
from tests.canaries.tiff_planting import in_codestream, segments
from tests.tiling import dicom_files
from tests.video.dicom.dicom_clips import Picture, Writing, dicom_loop

TEXT_KINDS = frozenset({"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
SHORT_KINDS = frozenset({"AE", "SH"})
NUMBER_OF_KIND = {
    "DA": BIRTH, "DT": f"{BIRTH}010203", "IS": NUMBER, "DS": NUMBER, "UI": f"1.2.{UID_TAIL}", "TM": "010203",
}  # fmt: skip
IDENTIFYING = (
    "PatientBirthDate", "StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "AcquisitionDateTime",
    "InstanceCreationDate", "PatientBirthTime", "SeriesNumber", "AcquisitionNumber", "InstanceNumber",
    "PatientWeight", "PatientSize", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID",
    "FrameOfReferenceUID", "IrradiationEventUID", "DeviceUID", "StorageMediaFileSetUID",
)  # fmt: skip
"""Elements of digits that tell a patient; the others of these kinds say how the picture is to be read."""
LEFT_ALONE = frozenset({0x0000, 0x0002, 0x0004, 0x0006, 0x0028, 0x5200, 0x7FE0, 0xFFFC, 0xFFFE})
"""Groups that are the file's own or the picture's."""
PREAMBLE = named("Preamble").encode().ljust(128, b"\0")


def plant(data_set: Dataset, *, depth: int = 2) -> None:
    """Fill every text element that is not there yet; sequences with one item, filled alike."""
    for tag, (kind, _multiplicity, _name, retired, keyword) in sorted(DicomDictionary.items()):
        if tag >> 16 in LEFT_ALONE or tag in data_set or not keyword or tag & 0xFFFF == 0:
            continue
        if kind in TEXT_KINDS:
            text = named(f"{tag:08X}") if kind in SHORT_KINDS else named(f"{keyword[:40]}{tag:08X}")
            data_set.add_new(tag, kind, text)
        elif keyword in IDENTIFYING:
            data_set.add_new(tag, kind, NUMBER_OF_KIND[kind])
        elif kind == "SQ" and depth and not retired and keyword not in STRUCTURE:
            item = Dataset()
            item.PatientName = named(f"In{keyword[:30]}")
            item.add_new(0x00090010, "LO", named("NestedMaker"))
            item.add_new(0x00091001, "UN", named(f"NestedPrivate{tag:08X}").encode())
            if depth > 1:
                inner = Dataset()
                inner.TextValue = named("DeepInside")
                item.ContentSequence = Sequence([inner])
            data_set.add_new(tag, "SQ", Sequence([item]))
    for element in private():
        data_set.add(element)


STRUCTURE = frozenset(
    {
        "SequenceOfUltrasoundRegions", "TotalPixelMatrixOriginSequence", "OpticalPathSequence",
        "DimensionIndexSequence", "DimensionOrganizationSequence", "ModalityLUTSequence", "VOILUTSequence",
        "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
        "WholeSlideMicroscopyImageFrameTypeSequence",
    }
)  # fmt: skip
"""Sequences by which a picture is read; a person's name has no business there."""


def private() -> Iterator[DataElement]:
    """Groups of the makers, among them one that hides a whole data set in a value nobody can read."""
    hidden = Dataset()
    hidden.PatientName = named("HiddenName")
    out = io.BytesIO()
    pydicom.filewriter.write_dataset(_as_buffer(out), hidden)
    for group in (0x0009, 0x0019, 0x0029, 0x200D, 0x7FE1):
        yield DataElement(Tag(group, 0x0010), "LO", named(f"Maker{group:04X}"))
        yield DataElement(Tag(group, 0x1001), "UN", named(f"Private{group:04X}").encode())
        yield DataElement(Tag(group, 0x1002), "UT", named(f"PrivateText{group:04X}"))
        yield DataElement(Tag(group, 0x1003), "OB", out.getvalue())
        item = Dataset()
        item.add_new(Tag(group, 0x0010), "LO", named(f"InnerMaker{group:04X}"))
        item.add_new(Tag(group, 0x1010), "PN", named(f"PrivateInner{group:04X}"))
        yield DataElement(Tag(group, 0x1004), "SQ", Sequence([item]))
    for group in (0x6000, 0x6002, 0x601E):
        yield DataElement(Tag(group, 0x0010), "US", 8)
        yield DataElement(Tag(group, 0x0011), "US", 8 * len(named("Overlay")))
        yield DataElement(Tag(group, 0x0022), "LO", named(f"OverlayWords{group:04X}"))
        yield DataElement(Tag(group, 0x1500), "LO", named(f"OverlayLabel{group:04X}"))
        yield DataElement(Tag(group, 0x4000), "LT", named(f"OverlayComment{group:04X}"))
        yield DataElement(Tag(group, 0x3000), "OW", named(f"OverlayData{group:04X}").encode() + b"\0")
    icon = Dataset()
    icon.Rows, icon.Columns, icon.SamplesPerPixel, icon.BitsAllocated = 8, 8, 1, 8
    icon.PhotometricInterpretation = "MONOCHROME2"
    icon.PixelData = named("IconPixels").encode().ljust(64, b"\0")
    icon["PixelData"].VR = "OB"
    yield DataElement(Tag(0x0088, 0x0200), "SQ", Sequence([icon]))
    yield DataElement(Tag(0xFFFC, 0xFFFC), "OB", named("Padding").encode().ljust(64, b"\0"))


def _as_buffer(out: io.BytesIO) -> pydicom.filebase.DicomFileLike:
    buffer = pydicom.filebase.DicomFileLike(out)
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    return buffer


def replanted(data: bytes) -> bytes:
    """A DICOM file with an identifier wherever there is room, in its preamble and meta group too."""
    data_set = pydicom.dcmread(io.BytesIO(data))
    plant(data_set)
    data_set.preamble = PREAMBLE
    meta = data_set.file_meta
    meta.MediaStorageSOPInstanceUID = f"1.2.{UID_TAIL}"
    data_set.SOPInstanceUID = f"1.2.{UID_TAIL}"
    meta.ImplementationVersionName = named("Version")[:16]
    for keyword in (
        "SourceApplicationEntityTitle",
        "SendingApplicationEntityTitle",
        "ReceivingApplicationEntityTitle",
    ):
        setattr(meta, keyword, named(keyword[:8]))
    meta.PrivateInformationCreatorUID = f"1.2.{UID_TAIL}.1"
    meta.PrivateInformation = named("MetaPrivate").encode()
    out = io.BytesIO()
    dcmwrite(out, data_set, enforce_file_format=False)
    return out.getvalue() + named("BehindEverything").encode()


def ultrasound_native() -> bytes:
    """A loop of plain pixels."""
    return replanted(dicom_loop(_pictures(), Writing(syntax=ExplicitVRLittleEndian)))


def ultrasound_jpeg() -> bytes:
    """A loop of JPEG frames, with comments in them and bytes behind their ends."""

    def encode(picture: Picture) -> bytes:
        jpeg = bytes(imagecodecs.jpeg8_encode(picture, level=95))
        return jpeg[:2] + segments() + jpeg[2:] + named("BehindFrame").encode()

    writing = Writing(syntax=JPEGBaseline8Bit, encode=encode, photometric="YBR_FULL_422")
    return replanted(dicom_loop(_pictures(), writing))


def ultrasound_jpeg_2000() -> bytes:
    """A loop of JPEG 2000 frames with comments."""

    def encode(picture: Picture) -> bytes:
        coded = imagecodecs.jpeg2k_encode(picture, level=0, reversible=True, codecformat="j2k")
        return in_codestream(bytes(coded))

    writing = Writing(syntax=JPEG2000Lossless, encode=encode, photometric="YBR_RCT")
    return replanted(dicom_loop(_pictures(), writing))


def ultrasound_jpeg_ls() -> bytes:
    """A loop of JPEG-LS frames with comments."""

    def encode(picture: Picture) -> bytes:
        coded = bytes(imagecodecs.jpegls_encode(picture))
        text = named("LsComment").encode()
        comment = b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text
        return coded[:2] + comment + coded[2:]

    return replanted(dicom_loop(_pictures(), Writing(syntax=JPEGLSLossless, encode=encode)))


def ultrasound_still() -> bytes:
    """One picture."""
    return replanted(dicom_loop(_pictures()[:1], Writing(), FrameIncrementPointer=None, FrameTime=None))


def _pictures() -> list[Picture]:
    return [shown(number) for number in range(6)]


def slide_jpeg_2000() -> bytes:
    """A whole-slide image with JPEG 2000 frames that have comments."""
    plain_encode = dicom_files.encode

    def commented(frame: dicom_files.Samples, recipe: dicom_files.Recipe) -> bytes:
        return in_codestream(plain_encode(frame, recipe))

    recipe = dicom_files.Recipe(undefined=False, syntax=str(JPEG2000Lossless), photometric="YBR_RCT")
    with patch.multiple(dicom_files, encode=commented, IN_TRAILER=""):
        (data,) = dicom_files.write_dicom(recipe)
    return replanted(data)


def slide() -> bytes:
    """A whole-slide image's only instance."""
    plain_jpeg = dicom_files._jpeg

    def commented(frame: dicom_files.Samples, recipe: dicom_files.Recipe) -> bytes:
        coded = plain_jpeg(frame, recipe)
        return coded[:2] + segments() + coded[2:] + named("BehindFrame").encode()

    with patch.multiple(dicom_files, _jpeg=commented, IN_TRAILER=""):
        (data,) = dicom_files.write_dicom(dicom_files.Recipe(undefined=False))
    return replanted(data)
