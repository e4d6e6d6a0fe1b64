"""Small DICOM slides in every arrangement, written element by element, with an invented patient in them."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import imagecodecs
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from tests.tiling.svs_files import tissue
from tiling.formats.dicom import tags
from tiling.geometry import ceil_div

PATIENT = "QUIXOTE^DULCINEA"
MRN = "77120934"
ACCESSION = "S31-40517"
BARCODE = "ContainerBarcode99"
IN_PRIVATE = "PrivateWardNine"
IN_NESTED = "NestedSpecimenOfMallory"
IN_PREAMBLE = "PreambleOfPatient"
IN_TRAILER = "TrailerOfPatient"
IN_FRAME = "CommentInFrame4711"
IN_META = "SENDERSTITLE"
CANARIES = (
    PATIENT, MRN, ACCESSION, BARCODE, IN_PRIVATE, IN_NESTED, IN_PREAMBLE, IN_TRAILER, IN_FRAME, IN_META,
)  # fmt: skip

ROOT = "1.2.826.0.1.3680043.9.7433."
_LONG = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "UC", "UN", "UR", "UT"})
_ITEM, _ITEM_END, _SEQUENCE_END = (struct.pack("<HH", 0xFFFE, e) for e in (0xE000, 0xE00D, 0xE0DD))
_UNDEFINED = 0xFFFFFFFF

Samples = NDArray[Any]


@dataclass(frozen=True)
class Recipe:
    """What to write. table: "basic", "extended" or "none"; missing: columns and rows of frames left out;
    undefined: whether sequences end with delimiters.
    """

    width_px: int = 300
    height_px: int = 200
    frame_width_px: int = 64
    frame_height_px: int = 64
    syntax: str = tags.JPEG_BASELINE
    photometric: str = "YBR_FULL_422"
    subsampling: str = "422"
    organization: str | None = "TILED_FULL"
    missing: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    parts: int = 1
    planes: int = 1
    paths: int = 1
    samples: int = 3
    bits: int = 8
    planar: int = 0
    table: str = "basic"
    fragments: int = 1
    undefined: bool = True
    role: str = "VOLUME"
    series: str = ROOT + "5"
    frame_of_reference: str = ROOT + "6"
    spacing_mm: tuple[float, float] | None = (0.00025, 0.00025)
    power: str | None = "40"
    jitter_px: int = 0
    sop_class: str = tags.WHOLE_SLIDE_IMAGE
    with_adobe: int | None = None


def picture(recipe: Recipe, path: int = 0, plane: int = 0) -> Samples:
    """What the slide shows: (height, width, samples)."""
    pixels: Samples = tissue(recipe.width_px, recipe.height_px, seed=1 + path)
    if plane:
        pixels = cv2.GaussianBlur(pixels, (0, 0), 3.0 * plane)
    if recipe.samples == 1:
        pixels = pixels[:, :, path % 3 : path % 3 + 1]
    return pixels.astype(np.uint16) * 16 if recipe.bits == 16 else pixels


def write_dicom(recipe: Recipe) -> list[bytes]:
    """The files of the slide's level 0: one, or the parts of a concatenation."""
    frames, groups = _frames(recipe)
    per_part = ceil_div(len(frames), recipe.parts)
    return [
        _file(recipe, frames[start : start + per_part], groups[start : start + per_part], start, number)
        for number, start in enumerate(range(0, len(frames), per_part))
    ]


def write_set(recipe: Recipe) -> list[bytes]:
    """Level 0 between a smaller level, a label and an overview."""
    small = replace(
        recipe,
        width_px=recipe.width_px // 2,
        height_px=recipe.height_px // 2,
        spacing_mm=(0.0005, 0.0005),
        parts=1,
    )
    beside = replace(recipe, organization="TILED_FULL", parts=1, missing=frozenset(), planes=1, paths=1)
    label = replace(beside, width_px=64, height_px=64, role="LABEL")
    overview = replace(beside, width_px=128, height_px=64, role="OVERVIEW")
    return [*write_dicom(label), *write_dicom(small), *write_dicom(recipe), *write_dicom(overview)]


def _frames(recipe: Recipe) -> tuple[list[bytes], list[bytes]]:
    """Coded frames in the order of TILED_FULL, and what each says of itself."""
    frames, groups = [], []
    width, height = recipe.frame_width_px, recipe.frame_height_px
    for path in range(recipe.paths):
        for plane in range(recipe.planes):
            shown = picture(recipe, path, plane)
            for row in range(ceil_div(recipe.height_px, height)):
                for col in range(ceil_div(recipe.width_px, width)):
                    if (col, row) in recipe.missing:
                        continue
                    x, y = col * width + recipe.jitter_px * (row % 2), row * height
                    frame = np.full((height, width, recipe.samples), 255, shown.dtype)
                    part = shown[y : y + height, x : x + width]
                    frame[: part.shape[0], : part.shape[1]] = part
                    frames.append(encode(frame, recipe))
                    groups.append(_frame_group(recipe, x, y, plane, path))
    return frames, groups


def encode(frame: Samples, recipe: Recipe) -> bytes:
    frame = np.ascontiguousarray(frame)
    match recipe.syntax:
        case tags.JPEG_BASELINE:
            return _jpeg(frame, recipe)
        case tags.JPEG_2000 | tags.JPEG_2000_LOSSLESS:
            is_ict = recipe.samples == 3
            return bytes(
                imagecodecs.jpeg2k_encode(frame, level=0, codecformat="j2k", mct=is_ict, reversible=True)
            )
        case tags.HTJ2K_LOSSLESS:
            return bytes(imagecodecs.htj2k_encode(frame, reversible=True))
        case tags.JPEG_LS:
            return bytes(imagecodecs.jpegls_encode(frame))
        case tags.RLE:
            return _rle(frame)
    if recipe.planar:
        frame = np.moveaxis(frame, 2, 0)
    return frame.tobytes()


def _jpeg(frame: Samples, recipe: Recipe) -> bytes:
    if recipe.samples == 1:
        coded = simplejpeg.encode_jpeg(frame, 90, "GRAY", "Gray")
    elif recipe.photometric == "RGB" or recipe.with_adobe == 0:
        coded = bytes(imagecodecs.jpeg8_encode(frame, 90, colorspace="RGB", outcolorspace="RGB"))
    else:
        coded = simplejpeg.encode_jpeg(frame, 90, "RGB", recipe.subsampling)
    comment = b"\xff\xfe" + struct.pack(">H", 2 + len(IN_FRAME)) + IN_FRAME.encode()
    return coded[:2] + comment + coded[2:]


def _rle(frame: Samples) -> bytes:
    """Each plane of bytes as literal runs (PS3.5, annex G)."""
    segments = []
    for sample in range(frame.shape[2]):
        plane = frame[:, :, sample].astype(f">u{frame.dtype.itemsize}")
        planes = plane.tobytes()
        for byte in range(frame.dtype.itemsize):
            data = planes[byte :: frame.dtype.itemsize]
            runs = (data[at : at + 128] for at in range(0, len(data), 128))
            segment = b"".join(bytes((len(run) - 1,)) + run for run in runs)
            segments.append(segment + bytes(len(segment) % 2))
    starts = [64 + sum(map(len, segments[:number])) for number in range(len(segments))]
    return struct.pack("<16I", len(segments), *starts, *[0] * (15 - len(starts))) + b"".join(segments)


class Writer:
    """Elements of a data set, in explicit or implicit VR."""

    def __init__(self, *, is_explicit: bool, undefined: bool) -> None:
        self._is_explicit = is_explicit
        self._undefined = undefined

    def element(self, tag: int, vr: str, value: bytes) -> bytes:
        value += bytes(len(value) % 2) if vr in ("UI", "OB", "UN") else b" " * (len(value) % 2)
        return self._head(tag, vr, len(value)) + value

    def text(self, tag: int, vr: str, value: str) -> bytes:
        return self.element(tag, vr, value.encode())

    def number(self, tag: int, vr: str, value: float) -> bytes:
        return self.element(tag, vr, struct.pack({"US": "<H", "UL": "<I", "SL": "<i", "FL": "<f"}[vr], value))

    def sequence(self, tag: int, *items: bytes) -> bytes:
        if self._undefined:
            body = b"".join(
                _ITEM + struct.pack("<I", _UNDEFINED) + item + _ITEM_END + bytes(4) for item in items
            )
            return self._head(tag, "SQ", _UNDEFINED) + body + _SEQUENCE_END + bytes(4)
        body = b"".join(_ITEM + struct.pack("<I", len(item)) + item for item in items)
        return self._head(tag, "SQ", len(body)) + body

    def _head(self, tag: int, vr: str, length: int) -> bytes:
        head = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
        if not self._is_explicit:
            return head + struct.pack("<I", length)
        if vr in _LONG:
            return head + vr.encode() + bytes(2) + struct.pack("<I", length)
        return head + vr.encode() + struct.pack("<H", length)

    def fragments(self, vr: str, table: bytes, items: Sequence[bytes]) -> bytes:
        body = b"".join(_ITEM + struct.pack("<I", len(item)) + item for item in (table, *items))
        return self._head(0x7FE00010, vr, _UNDEFINED) + body + _SEQUENCE_END + bytes(4)


def _writer(recipe: Recipe) -> Writer:
    return Writer(is_explicit=recipe.syntax != tags.IMPLICIT_VR, undefined=recipe.undefined)


def _frame_group(recipe: Recipe, x: int, y: int, plane: int, path: int) -> bytes:
    w = _writer(recipe)
    position = (
        w.text(tags.Z_OFFSET, "DS", f"{plane * 0.001:.4f}")
        + w.number(tags.COLUMN_POSITION, "SL", x + 1)
        + w.number(tags.ROW_POSITION, "SL", y + 1)
    )
    name = w.text(tags.OPTICAL_PATH_ID, "SH", str(path))
    return w.sequence(tags.FRAME_OPTICAL_PATH, name) + w.sequence(tags.PLANE_POSITION, position)


def _file(
    recipe: Recipe, frames: Sequence[bytes], groups: Sequence[bytes], first_frame: int, number: int
) -> bytes:
    w = _writer(recipe)
    instance = f"{ROOT}{recipe.width_px}.{len(recipe.role)}.{number}"
    elements = {
        tags.IMAGE_TYPE: w.text(tags.IMAGE_TYPE, "CS", f"ORIGINAL\\PRIMARY\\{recipe.role}\\NONE"),
        tags.SOP_CLASS: w.text(tags.SOP_CLASS, "UI", recipe.sop_class),
        tags.SOP_INSTANCE: w.text(tags.SOP_INSTANCE, "UI", instance),
        0x00080050: w.text(0x00080050, "SH", ACCESSION),
        tags.MODALITY: w.text(tags.MODALITY, "CS", "SM"),
        0x00090010: w.text(0x00090010, "LO", "SLIDEREEL TEST"),
        0x00091001: w.text(0x00091001, "UN", IN_PRIVATE),
        0x00100010: w.text(0x00100010, "PN", PATIENT),
        0x00100020: w.text(0x00100020, "LO", MRN),
        tags.SERIES_UID: w.text(tags.SERIES_UID, "UI", recipe.series),
        tags.FRAME_OF_REFERENCE: w.text(tags.FRAME_OF_REFERENCE, "UI", recipe.frame_of_reference),
        tags.SAMPLES_PER_PIXEL: w.number(tags.SAMPLES_PER_PIXEL, "US", recipe.samples),
        tags.PHOTOMETRIC: w.text(tags.PHOTOMETRIC, "CS", recipe.photometric),
        tags.PLANAR_CONFIGURATION: w.number(tags.PLANAR_CONFIGURATION, "US", recipe.planar),
        tags.NUMBER_OF_FRAMES: w.text(tags.NUMBER_OF_FRAMES, "IS", str(len(frames))),
        tags.ROWS: w.number(tags.ROWS, "US", recipe.frame_height_px),
        tags.COLUMNS: w.number(tags.COLUMNS, "US", recipe.frame_width_px),
        tags.BITS_ALLOCATED: w.number(tags.BITS_ALLOCATED, "US", recipe.bits),
        tags.BITS_STORED: w.number(tags.BITS_STORED, "US", 12 if recipe.bits == 16 else 8),
        tags.HIGH_BIT: w.number(tags.HIGH_BIT, "US", 11 if recipe.bits == 16 else 7),
        tags.PIXEL_REPRESENTATION: w.number(tags.PIXEL_REPRESENTATION, "US", 0),
        0x00400512: w.text(0x00400512, "LO", BARCODE),
        0x00400560: w.sequence(
            0x00400560, w.sequence(0x00400610, w.sequence(0x00400612, w.text(0x0040A160, "UT", IN_NESTED)))
        ),
        tags.MATRIX_COLUMNS: w.number(tags.MATRIX_COLUMNS, "UL", recipe.width_px),
        tags.MATRIX_ROWS: w.number(tags.MATRIX_ROWS, "UL", recipe.height_px),
        tags.OPTICAL_PATHS: w.sequence(
            tags.OPTICAL_PATHS, *(_optical_path(recipe, number) for number in range(recipe.paths))
        ),
        tags.NUMBER_OF_OPTICAL_PATHS: w.number(tags.NUMBER_OF_OPTICAL_PATHS, "UL", recipe.paths),
        tags.FOCAL_PLANES: w.number(tags.FOCAL_PLANES, "UL", recipe.planes),
    }
    if recipe.organization is not None:
        elements[tags.ORGANIZATION_TYPE] = w.text(tags.ORGANIZATION_TYPE, "CS", recipe.organization)
    if recipe.organization != "TILED_FULL":
        elements[tags.FRAME_GROUPS] = w.sequence(tags.FRAME_GROUPS, *groups)
    if recipe.spacing_mm is not None:
        spacing = w.text(tags.PIXEL_SPACING, "DS", "\\".join(map(str, recipe.spacing_mm)))
        elements[tags.SHARED_GROUPS] = w.sequence(
            tags.SHARED_GROUPS, w.sequence(tags.PIXEL_MEASURES, spacing)
        )
    if recipe.parts > 1:
        elements[tags.CONCATENATION_UID] = w.text(tags.CONCATENATION_UID, "UI", ROOT + "8")
        elements[tags.IN_CONCATENATION] = w.number(tags.IN_CONCATENATION, "US", number + 1)
        elements[tags.CONCATENATION_OFFSET] = w.number(tags.CONCATENATION_OFFSET, "UL", first_frame)
    elements |= _pixel_data(w, recipe, frames)
    body = b"".join(elements[tag] for tag in sorted(elements))
    return (
        IN_PREAMBLE.encode().ljust(128, b"\0")
        + b"DICM"
        + _meta(recipe, instance)
        + body
        + IN_TRAILER.encode()
    )


def _optical_path(recipe: Recipe, number: int) -> bytes:
    w = _writer(recipe)
    power = w.text(tags.OBJECTIVE_POWER, "DS", recipe.power) if recipe.power else b""
    return w.text(tags.OPTICAL_PATH_ID, "SH", str(number)) + power


def _pixel_data(w: Writer, recipe: Recipe, frames: Sequence[bytes]) -> dict[int, bytes]:
    if recipe.syntax in tags.NATIVE:
        return {0x7FE00010: w.element(0x7FE00010, "OB" if recipe.bits == 8 else "OW", b"".join(frames))}
    frames = [frame + bytes(len(frame) % 2) for frame in frames]
    items, starts, at = [], [], 0
    for frame in frames:
        starts.append(at)
        step = ceil_div(len(frame), recipe.fragments * 2) * 2
        parts = [frame[place : place + step] for place in range(0, len(frame), step)]
        items += parts
        at += sum(8 + len(part) for part in parts)
    elements = {}
    if recipe.table == "extended":
        elements[tags.EXTENDED_OFFSETS] = w.element(
            tags.EXTENDED_OFFSETS, "OV", struct.pack(f"<{len(starts)}Q", *starts)
        )
        lengths = [len(frame) for frame in frames]
        elements[tags.EXTENDED_LENGTHS] = w.element(
            tags.EXTENDED_LENGTHS, "OV", struct.pack(f"<{len(starts)}Q", *lengths)
        )
    table = struct.pack(f"<{len(starts)}I", *starts) if recipe.table == "basic" else b""
    elements[0x7FE00010] = w.fragments("OB", table, items)
    return elements


def _meta(recipe: Recipe, instance: str) -> bytes:
    w = Writer(is_explicit=True, undefined=False)
    body = (
        w.element(0x00020001, "OB", b"\0\1")
        + w.text(0x00020002, "UI", recipe.sop_class)
        + w.text(0x00020003, "UI", instance)
        + w.text(tags.TRANSFER_SYNTAX, "UI", recipe.syntax)
        + w.text(0x00020012, "UI", ROOT + "1")
        + w.text(0x00020016, "AE", IN_META)
    )
    return w.number(0x00020000, "UL", len(body)) + body
