"""Every place of an NDPI where something is written, and every text that stands there.

Places are named and counted for the report; their content never is. Texts are handed to the verify step,
which looks for them in the result.
"""

import re
from collections.abc import Sequence

import numpy as np

from tiling.formats.ndpi.directories import HEADER_BYTES, NdpiFile
from tiling.formats.ndpi.images import MCU_STARTS, MCU_STARTS_HIGH, SOURCE_LENS, NdpiImage
from tiling.limits import Limits
from tiling.model import Action, ImageRole, Place
from tiling.tiff import tags
from tiling.tiff.tags import FieldType

# Tags of level 0 whose meaning (not bytes) is stated again in the result, from checked values.
_REBUILT = {
    tags.IMAGE_WIDTH,
    tags.IMAGE_LENGTH,
    tags.BITS_PER_SAMPLE,
    tags.COMPRESSION,
    tags.PHOTOMETRIC,
    tags.STRIP_OFFSETS,
    tags.SAMPLES_PER_PIXEL,
    tags.STRIP_BYTE_COUNTS,
    tags.X_RESOLUTION,
    tags.Y_RESOLUTION,
    tags.RESOLUTION_UNIT,
    tags.YCBCR_SUBSAMPLING,
    SOURCE_LENS,
    MCU_STARTS,
    MCU_STARTS_HIGH,
}
_NAMES = {
    65420: "FormatFlag",
    65421: "SourceLens",
    65422: "XOffsetFromSlideCentre",
    65423: "YOffsetFromSlideCentre",
    65424: "FocalPlane",
    65425: "TissueIndex",
    65426: "McuStarts",
    65427: "Reference",
    65428: "AuthCode",
    65432: "McuStartsHigh",
    65434: "Fluorescence",
    65442: "ScannerSerialNumber",
    65449: "PropertyMap",
    65451: "Wavelength",
    65468: "Barcode",
}
_BINARY_TYPES = (FieldType.BYTE, FieldType.UNDEFINED)
_MIN_TEXT_BYTES = 6
_PRINTABLE = re.compile(rb"[\x20-\x7e]{6,}")
_PRINTABLE_UTF16 = re.compile(rb"(?:[\x20-\x7e]\0){6,}")


def list_places(file: NdpiFile, images: Sequence[NdpiImage], base_number: int) -> list[Place]:
    places = [Place("file header", Action.REBUILT, HEADER_BYTES)]
    for index, image in enumerate(images):
        is_base = index == base_number
        name = f"directory {index} ({'level 0' if is_base else _role_name(image)})"
        for entry in image.directory.entries.values():
            action = Action.REBUILT if is_base and entry.tag in _REBUILT else Action.DROPPED
            tag_name = tags.NAMES.get(entry.tag) or _NAMES.get(entry.tag) or f"tag {entry.tag}"
            places.append(Place(f"{name}, {tag_name}", action, entry.byte_count))
        if image.directory.skipped_entry_count:
            count = image.directory.skipped_entry_count
            places.append(Place(f"{name}, {count} entries of unknown type", Action.DROPPED, 0))
        places.append(
            Place(f"{name}, image strip", Action.KEPT if is_base else Action.DROPPED, image.strip_bytes)
        )
    unreferenced = file.size_bytes - _covered_bytes(images)
    places.append(Place("bytes that nothing refers to", Action.DROPPED, unreferenced))
    return places


def _role_name(image: NdpiImage) -> str:
    if image.role is ImageRole.UNKNOWN:
        return "map or unknown"
    if image.role is ImageRole.LEVEL and image.z_nm:
        return "level of a focal plane"
    return image.role.value


def _covered_bytes(images: Sequence[NdpiImage]) -> int:
    """How many bytes of the file belong to the header, a directory, a tag's value or a strip."""
    spans = [(0, HEADER_BYTES)]
    for image in images:
        directory = image.directory
        spans.append((directory.offset, directory.offset + directory.byte_count))
        spans.append((image.strip_offset, image.strip_offset + image.strip_bytes))
        values = (entry for entry in directory.entries.values() if not entry.is_inline)
        spans += [(entry.offset, entry.offset + entry.byte_count) for entry in values]
    table = np.array(sorted(spans), np.int64)
    reach = np.maximum.accumulate(table[:, 1])
    before = np.append(0, reach[:-1])
    return int((reach - np.maximum(table[:, 0], before)).clip(0).sum())


def list_texts(file: NdpiFile, images: Sequence[NdpiImage], limits: Limits) -> list[bytes]:
    """Each text once: text tags as they stand, of binary tags the runs that read like text.

    The property map has a line for each property; a patient's value is one line's right side. So lines and
    values are listed as well as the whole.
    """
    texts: dict[bytes, None] = {}
    for image in images:
        for entry in image.directory.entries.values():
            if not _MIN_TEXT_BYTES <= entry.byte_count <= limits.text_bytes:
                continue
            if entry.field_type is FieldType.ASCII:
                value = file.raw(entry)
                texts[value] = None
                for line in value.rstrip(b"\0").splitlines():
                    texts |= dict.fromkeys((line, line.partition(b"=")[2]))
            elif entry.field_type in _BINARY_TYPES:
                value = file.raw(entry)
                texts |= dict.fromkeys(_PRINTABLE.findall(value))
                texts |= {run[::2]: None for run in _PRINTABLE_UTF16.findall(value)}
    return [text for text in texts if len(text.strip(b"\0 ")) >= _MIN_TEXT_BYTES]
