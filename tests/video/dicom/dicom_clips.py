"""Small DICOM loops in every arrangement, written by pydicom and imagecodecs.

    data = dicom_loop(pictures, Writing(syntax=JPEGLSLossless), FrameTime="40")
    video = opened(data)
    planes_of(video)                  # a list of tuples of planes

Elements are given by keyword, or as a dictionary `elements` of tag → (kind, value) for private ones.
"""

import io
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from tests.video.clip_writing import BytesSource
from tests.video.picture_code import draw_code
from video.formats.dicom import open_dicom_video
from video.limits import Limits
from video.model import Frame, Video

HTJ2K_LOSSLESS = UID("1.2.840.10008.1.2.4.201")
US_MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.3.1"
ROOT = "1.2.826.0.1.3680043.9.7433.2."
UNCOMPRESSED = frozenset(
    {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"}
)
ITEM, SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0\0\0\0\0"

Picture = NDArray[Any]


@dataclass(frozen=True)
class Writing:
    """How a loop is written. fragments: of each frame; table: "basic", "extended", "none", or "wrong".

    encode: a picture to a frame's bytes; None for the usual way of the transfer syntax. photometric: None for
    what the pictures are.
    """

    syntax: UID = ExplicitVRLittleEndian
    photometric: str | None = None
    encode: Callable[[Picture], bytes] | None = None
    planar: int = 0
    bits_stored: int | None = None
    high_bit: int | None = None
    fragments: int = 1
    table: str = "basic"
    elements: Mapping[int, tuple[str, Any]] = field(default_factory=dict)
    preamble: bytes = bytes(128)
    trailer: bytes = b""


def pictures(
    count: int = 3, width_px: int = 96, height_px: int = 64, *, colour: bool = True
) -> list[Picture]:
    """Speckle that carries its number, (height, width, 3) or (height, width), uint8."""
    random = np.random.default_rng(width_px)
    drawn = []
    for number in range(count):
        coarse = random.gamma(2.0, 30.0, (height_px // 4 + 1, width_px // 4 + 1)).clip(0, 255)
        speckle = coarse.repeat(4, 0).repeat(4, 1)[:height_px, :width_px].astype(np.uint8)
        drawn.append(draw_code(number, width_px, height_px, np.dstack([speckle] * 3)))
    if colour:
        return [tinted(picture) for picture in drawn]
    return [np.ascontiguousarray(picture[:, :, 0]) for picture in drawn]


def tinted(picture: Picture) -> Picture:
    """Grey with some colour in its lower part, as a Doppler picture has."""
    out = picture.copy()
    height, width = out.shape[:2]
    out[-height // 4 :, : width // 4] = (200, 30, 40)
    out[-height // 4 :, -width // 4 :] = (20, 60, 220)
    return out


def dicom_loop(frames: Sequence[Picture], writing: Writing = Writing(), **keywords: Any) -> bytes:
    """A file of these frames; keywords set, replace or (with None) leave out elements."""
    first = frames[0]
    data_set = Dataset()
    data_set.SOPClassUID = US_MULTI_FRAME
    data_set.SOPInstanceUID = ROOT + "1"
    data_set.Modality = "US"
    data_set.Rows, data_set.Columns = first.shape[:2]
    data_set.NumberOfFrames = len(frames)
    data_set.SamplesPerPixel = 3 if first.ndim == 3 else 1
    data_set.PhotometricInterpretation = writing.photometric or ("RGB" if first.ndim == 3 else "MONOCHROME2")
    if first.ndim == 3:
        data_set.PlanarConfiguration = writing.planar
    bits = 8 * first.dtype.itemsize
    data_set.BitsAllocated = bits
    data_set.BitsStored = writing.bits_stored or bits
    data_set.HighBit = data_set.BitsStored - 1 if writing.high_bit is None else writing.high_bit
    data_set.PixelRepresentation = int(first.dtype.kind == "i")
    data_set.FrameIncrementPointer = 0x00181063
    data_set.FrameTime = "40"
    coded = [(writing.encode or usual(writing))(frame) for frame in frames]
    if str(writing.syntax) in UNCOMPRESSED:
        pixels = b"".join(coded)
        data_set.PixelData = pixels + b"\0" * (len(pixels) % 2)
        data_set["PixelData"].VR = "OW" if bits > 8 else "OB"
    else:
        data_set.PixelData = encapsulated(coded, writing, data_set)
        data_set["PixelData"].is_undefined_length = True
        data_set["PixelData"].VR = "OB"
    for tag, (kind, value) in writing.elements.items():
        data_set.add_new(tag, kind, value)
    for keyword, value in keywords.items():
        if value is None:
            del data_set[keyword]
        else:
            setattr(data_set, keyword, value)
    return written(data_set, writing)


def written(data_set: Dataset, writing: Writing) -> bytes:
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = writing.syntax
    data_set.file_meta.MediaStorageSOPClassUID = data_set.get("SOPClassUID", US_MULTI_FRAME)
    data_set.file_meta.MediaStorageSOPInstanceUID = data_set.get("SOPInstanceUID", ROOT + "1")
    out = io.BytesIO()
    data_set.preamble = writing.preamble
    dcmwrite(out, data_set, enforce_file_format=True)
    return out.getvalue() + writing.trailer


def encapsulated(coded: Sequence[bytes], writing: Writing, data_set: Dataset) -> bytes:
    """Items of fragments behind a table; every frame in `writing.fragments` of them."""
    body, offsets, lengths = b"", [], []
    for frame in (bare + b"\0" * (len(bare) % 2) for bare in coded):
        offsets.append(len(body))
        lengths.append(len(frame))
        step = max(2, -(len(frame) // -writing.fragments) // 2 * 2)
        cuts = [*range(0, step * (writing.fragments - 1) + 1, step), len(frame)]
        for begin, end in pairwise(cuts):
            body += item(frame[begin:end])
    table = b""
    if writing.table == "basic":
        table = struct.pack(f"<{len(offsets)}I", *offsets)
    elif writing.table == "wrong":
        table = struct.pack(f"<{len(offsets)}I", *(offset + 6 for offset in offsets))
    elif writing.table == "extended":
        data_set.ExtendedOffsetTable = struct.pack(f"<{len(offsets)}Q", *offsets)
        data_set.ExtendedOffsetTableLengths = struct.pack(f"<{len(lengths)}Q", *lengths)
    return item(table) + body


def item(data: bytes) -> bytes:
    return ITEM + struct.pack("<I", len(data)) + data


def usual(writing: Writing) -> Callable[[Picture], bytes]:
    """An encoder for the transfer syntax."""
    syntax = writing.syntax
    if str(syntax) in UNCOMPRESSED:
        return lambda picture: native(picture, writing)
    return {
        RLELossless: run_lengths,
        JPEGBaseline8Bit: lambda picture: bytes(imagecodecs.jpeg8_encode(picture, level=95)),
        JPEGLosslessSV1: lossless_jpeg,
        JPEGLSLossless: lambda picture: bytes(imagecodecs.jpegls_encode(picture)),
        JPEG2000Lossless: lambda picture: bytes(
            imagecodecs.jpeg2k_encode(picture, level=0, reversible=True, codecformat="j2k")
        ),
        HTJ2K_LOSSLESS: lambda picture: bytes(imagecodecs.htj2k_encode(picture, reversible=True)),
    }[syntax]


def lossless_jpeg(picture: Picture, predictor: int = 1) -> bytes:
    """Components as they are, in whatever colours, without a word about them."""
    return bytes(
        imagecodecs.jpeg8_encode(
            picture,
            lossless=True,
            predictor=predictor,
            bitspersample=8 * picture.dtype.itemsize,
        )
    )


def native(picture: Picture, writing: Writing) -> bytes:
    if writing.planar and picture.ndim == 3:
        picture = np.moveaxis(picture, 2, 0)
    order = ">" if writing.syntax == ExplicitVRBigEndian else "<"
    return picture.astype(picture.dtype.newbyteorder(order)).tobytes()


def run_lengths(picture: Picture) -> bytes:
    """PS3.5, annex G: a segment for each byte of each sample, the most significant first."""
    planes = picture[:, :, None] if picture.ndim == 2 else picture
    segments = []
    for sample in range(planes.shape[2]):
        words = np.ascontiguousarray(planes[:, :, sample])
        octets = words.astype(words.dtype.newbyteorder(">")).view(np.uint8).reshape(*words.shape, -1)
        for place in range(octets.shape[2]):
            rows = [bytes(imagecodecs.packbits_encode(row.tobytes())) for row in octets[:, :, place]]
            coded = b"".join(rows)
            segments.append(coded + b"\0" * (len(coded) % 2))
    offsets = 64 + np.cumsum([0, *(len(segment) for segment in segments[:-1])])
    header = struct.pack("<16I", len(segments), *offsets, *[0] * (15 - len(segments)))
    return header + b"".join(segments)


def opened(data: bytes, limits: Limits | None = None) -> Video:
    return open_dicom_video(BytesSource(data), limits or Limits())


def frames_of(data: bytes) -> list[Frame]:
    return list(opened(data).frames())


def ycbcr(rgb: Picture) -> tuple[NDArray[np.float64], ...]:
    """Full-range BT.601 of RGB by the formula of the standard (PS3.3, C.7.6.3.1.2), not rounded."""
    red, green, blue = (rgb[..., number].astype(np.float64) for number in range(3))
    return (
        0.2990 * red + 0.5870 * green + 0.1140 * blue,
        -0.1687 * red - 0.3313 * green + 0.5000 * blue + 128,
        0.5000 * red - 0.4187 * green - 0.0813 * blue + 128,
    )


def shows(frame: Frame, rgb: Picture, tolerance: float = 1.0) -> bool:
    """Whether a frame's planes are those of an RGB picture."""
    expected = ycbcr(rgb)
    return all(
        float(np.abs(plane - wanted).max()) <= tolerance
        for plane, wanted in zip(frame.planes, expected, strict=True)
    )
