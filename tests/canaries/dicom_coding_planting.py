"""Loops in the codings and arrangements of DICOM, with identifiers where each of them has room for one."""

import struct
from typing import Any

import imagecodecs
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import (
    MPEG2MPML,
    MPEG4HP41,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    RLELossless,
)

from tests.canaries import container_planting
from tests.canaries.clip_planting import shown
from tests.canaries.container_planting import said
from tests.canaries.dicom_planting import replanted
from tests.canaries.searching import BIRTH, KANJI, NUMBER, named
from tests.canaries.tiff_planting import in_codestream, segments
from tests.video.dicom.dicom_clips import (
    HTJ2K_LOSSLESS,
    ITEM,
    Picture,
    Writing,
    dicom_loop,
    lossless_jpeg,
)

COUNT = 6


def _colours() -> list[Picture]:
    return [shown(number) for number in range(COUNT)]


def _greys() -> list[Picture]:
    return [np.ascontiguousarray(picture[:, :, 1]) for picture in _colours()]


def run_length() -> bytes:
    """Frames of runs in two pieces each."""
    return replanted(dicom_loop(_colours(), Writing(syntax=RLELossless, fragments=2)))


def high_throughput() -> bytes:
    """HTJ2K with comments."""

    def encode(picture: Picture) -> bytes:
        return in_codestream(bytes(imagecodecs.htj2k_encode(picture, reversible=True)))

    return replanted(dicom_loop(_colours(), Writing(syntax=HTJ2K_LOSSLESS, encode=encode)))


def boxed_jpeg_2000() -> bytes:
    """Whole JP2 files as frames, with XML and UUID boxes, as some archives write them."""

    def encode(picture: Picture) -> bytes:
        coded = bytes(imagecodecs.jpeg2k_encode(picture, level=0, reversible=True, codecformat="jp2"))
        at = coded.index(b"jp2c") - 4
        more = b"".join(
            struct.pack(">I4s", len(text) + 8, kind) + text
            for kind, text in ((b"xml ", said("JpTwoXml")), (b"uuid", bytes(16) + said("JpTwoUuid")))
        )
        return coded[:at] + more + coded[at:] + more

    return replanted(dicom_loop(_colours(), Writing(syntax=JPEG2000Lossless, encode=encode)))


def lossless() -> bytes:
    """JPEG of process 14 in pieces, with comments, and words between the pieces' frames."""

    def encode(picture: Picture) -> bytes:
        coded = lossless_jpeg(picture)
        return coded[:2] + segments() + coded[2:] + said("BehindFrame")

    writing = Writing(syntax=JPEGLosslessSV1, encode=encode, fragments=3, table="extended")
    return replanted(dicom_loop(_greys(), writing))


def offsets() -> bytes:
    """Words in place of the table of offsets, and in a fragment that belongs to no frame."""
    data = dicom_loop(_greys(), Writing(syntax=RLELossless, table="none"))
    at = data.rindex(ITEM + bytes(4))
    table = said("OffsetTable") + bytes(-len(said("OffsetTable")) % 4)
    return data[:at] + ITEM + struct.pack("<I", len(table)) + table + data[at + 8 :]


def palette() -> bytes:
    """Words in the entries of a colour table that no pixel points at, and in its segmented kin."""
    indices = [(picture // 2).astype(np.uint8) for picture in _greys()]
    ramp = np.arange(256, dtype="<u2") * 257
    words = np.frombuffer(said("PaletteEntries").ljust(128, b" ")[:128], "<u2")
    ramp[192:] = words
    entries = {
        "PhotometricInterpretation": "PALETTE COLOR",
        **{f"{colour}PaletteColorLookupTableDescriptor": [256, 0, 16] for colour in ("Red", "Green", "Blue")},
        **{f"{colour}PaletteColorLookupTableData": ramp.tobytes() for colour in ("Red", "Green", "Blue")},
    }
    return replanted(dicom_loop(indices, Writing(), **entries))


def planes() -> bytes:
    """Colours in planes; behind the last frame more bytes than frames need."""
    behind = said("SurplusPixels") * 5
    pixels = b"".join(np.moveaxis(picture, 2, 0).tobytes() for picture in _colours())
    loop = dicom_loop(_colours(), Writing(planar=1), PixelData=pixels + behind + bytes(len(behind) % 2))
    return replanted(loop)


def ybr_full_422() -> bytes:
    """Samples of two pixels at a time."""
    loop = dicom_loop(_colours(), Writing(photometric="YBR_FULL_422", encode=_halved))
    return replanted(loop)


def _halved(picture: Picture) -> bytes:
    luma, blue, red = (picture[:, :, channel] for channel in range(3))
    pairs = np.stack([luma[:, ::2], luma[:, 1::2], blue[:, ::2], red[:, ::2]], axis=2)
    return pairs.tobytes()


def high_bits() -> bytes:
    """Twelve bits in sixteen: a letter in the other four of each two pixels, and an overlay there."""
    text = (said("HighBits") * 2000)[: _greys()[0].size // 2]
    nibbles = np.frombuffer(text, np.uint8)
    spread = np.stack([nibbles >> 4, nibbles & 15], axis=1).reshape(-1).astype(np.uint16)
    frames = []
    for picture in _greys():
        wide = picture.astype(np.uint16) << 4
        wide |= np.resize(spread, wide.shape) << 12
        frames.append(wide)
    elements = {
        0x60000010: ("US", 120), 0x60000011: ("US", 160), 0x60000040: ("CS", "G"),
        0x60000050: ("SS", [1, 1]), 0x60000100: ("US", 16), 0x60000102: ("US", 15),
    }  # fmt: skip
    return dicom_loop(frames, Writing(bits_stored=12, high_bit=11, elements=elements))


def deflated() -> bytes:
    """The whole data set in one deflated stream."""
    return _in_syntax(DeflatedExplicitVRLittleEndian)


def big_endian() -> bytes:
    """The retired order of bytes."""
    return _in_syntax(ExplicitVRBigEndian)


def implicit() -> bytes:
    """Kinds are not stated: private elements are anything."""
    return _in_syntax(ImplicitVRLittleEndian)


def _in_syntax(syntax: UID) -> bytes:
    data_set = Dataset()
    for keyword in ("PatientName", "PatientComments", "InstitutionName", "StudyDescription"):
        setattr(data_set, keyword, named(keyword))
    data_set.PatientID, data_set.PatientBirthDate = NUMBER, BIRTH
    item = Dataset()
    item.PatientName = named("Nested")
    item.add_new(0x00111001, "UN", named("NestedPrivate").encode())
    data_set.ReferencedStudySequence = DicomSequence([item])
    data_set.add_new(0x00090010, "LO", named("Maker"))
    data_set.add_new(0x00091001, "UN", named("Private").encode())
    elements = {element.tag: (element.VR, element.value) for element in data_set}
    return dicom_loop(_colours(), Writing(syntax=syntax, elements=elements))


def retired() -> bytes:
    """Groups that the dictionary has under many numbers, or no longer: curves, sound, waveforms, odd ones."""
    elements: dict[int, tuple[str, Any]] = {0x00281055: ("LO", named("WindowWords"))}
    for group in (0x5000, 0x5002, 0x501E):
        for element, kind in ((0x0022, "LO"), (0x0030, "SH"), (0x2500, "LO"), (0x200E, "LT"), (0x2600, "LO")):
            elements[group << 16 | element] = (kind, named(f"{group:04X}{element:04X}"))
        for element in (0x200C, 0x3000):
            samples = named(f"Curve{group:04X}{element:04X}").encode().ljust(64)
            elements[group << 16 | element] = ("OW", samples)
    for tag, kind in ((0x56000020, "OF"), (0x7F000010, "OW"), (0x7F000020, "OW"), (0x00420011, "OB")):
        elements[tag] = (kind, named(f"Samples{tag:08X}").encode().ljust(64))
    # Numbers that are read as letters, in kinds that have no letters.
    words = said("InNumbers").ljust(64)
    for number, (kind, form) in enumerate((("US", "<32H"), ("UL", "<16I"), ("FD", "<8d"), ("FL", "<16f"))):
        elements[0x00091010 + number] = (kind, list(struct.unpack(form, words)))
    for group in (0x0003, 0x0005, 0x0007, 0xFFFF):
        elements[group << 16 | 0x1001] = ("UN", named(f"Illegal{group:04X}").encode())
    wave = Dataset()
    wave.add_new("WaveformData", "OW", named("WaveformSamples").encode().ljust(64))
    wave.MultiplexGroupLabel = named("Multiplex")
    elements[0x54000100] = ("SQ", [wave])
    region = Dataset()
    region.RegionLocationMinX0 = region.RegionLocationMinY0 = 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 159, 119
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.01
    region.RegionSpatialFormat = region.RegionDataType = 1
    region.PatientName = named("InRegion")
    region.add_new(0x00091001, "UT", named("PrivateInRegion"))
    return replanted(dicom_loop(_colours(), Writing(elements=elements), SequenceOfUltrasoundRegions=[region]))


def names() -> bytes:
    """One person in several scripts, in sets that are switched by escapes (PS3.5, 6.1.2.5)."""
    return dicom_loop(
        _colours(),
        Writing(),
        SpecificCharacterSet=["", "ISO 2022 IR 87"],
        PatientName=f"{named('Family')}^Taro={KANJI[:2]}^{KANJI}=やまだ^たろう",
        OtherPatientNames=f"{named('Other')}^{KANJI}",
        PatientComments=f"{KANJI} {named('Comments')}",
        OperatorsName=f"{named('Operator')}^A=B^{named('Third')}\\{named('Fourth')}",
    )


def mpeg_2() -> bytes:
    """A program stream with all that one may hold, as pixel data."""
    return _of_stream(container_planting.program_stream(), MPEG2MPML)


def h264() -> bytes:
    """A bare stream with supplemental information, as pixel data."""
    return _of_stream(container_planting.h264_units(), MPEG4HP41)


def _of_stream(data: bytes, syntax: UID) -> bytes:
    writing = Writing(syntax, photometric="YBR_PARTIAL_420", encode=lambda _: data, fragments=2, table="none")
    return replanted(dicom_loop(_colours()[:1], writing, NumberOfFrames=12))
