"""Every place of an NDPI where something is written, and every text that stands there.

Places are named and counted for the report; their content never is. Texts are handed to the verify step,
which looks for them in the result.
"""

from collections.abc import Sequence

import numpy as np

from tiling.formats.ndpi.directories import HEADER_BYTES, NdpiFile
from tiling.formats.ndpi.images import MCU_STARTS, MCU_STARTS_HIGH, SOURCE_LENS, NdpiImage
from tiling.model import Action, ImageRole, Place
from tiling.tiff import tags
from tiling.tiff.inventory import gaps_between
from tiling.tiff.tags import FieldType
from tiling.tiff.texts import binary_texts, texts_of_jpeg_header, texts_of_spans

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
_JPEG_HEADER_BYTES = 2**16


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
    unreferenced = sum(end - start for start, end in _unreferenced_spans(file, images))
    places.append(Place("bytes that nothing refers to", Action.DROPPED, unreferenced))
    return places


def _role_name(image: NdpiImage) -> str:
    if image.role is ImageRole.UNKNOWN:
        return "map or unknown"
    if image.role is ImageRole.LEVEL and image.z_nm:
        return "level of a focal plane"
    return image.role.value


def _unreferenced_spans(file: NdpiFile, images: Sequence[NdpiImage]) -> list[tuple[int, int]]:
    """Where bytes lie that belong to no header, directory, tag's value or strip: start and end."""
    spans = [(0, HEADER_BYTES)]
    for image in images:
        directory = image.directory
        spans.append((directory.offset, directory.offset + directory.byte_count))
        spans.append((image.strip_offset, image.strip_offset + image.strip_bytes))
        values = (entry for entry in directory.entries.values() if not entry.is_inline)
        spans += [(entry.offset, entry.offset + entry.byte_count) for entry in values]
    return gaps_between(np.array(spans, np.int64), file.size_bytes)


def list_texts(file: NdpiFile, images: Sequence[NdpiImage]) -> list[bytes]:
    """Each text once: text tags as they stand; of binary tags, of the images' headers, and of what nothing
    refers to, the runs that read like text.

    The property map has a line for each property; a patient's value is one line's right side. So lines and
    values are listed as well as the whole.
    """
    texts: dict[bytes, None] = {}
    for image in images:
        for entry in image.directory.entries.values():
            if entry.byte_count < _MIN_TEXT_BYTES:
                continue
            if entry.field_type is FieldType.ASCII:
                value = file.raw(entry)
                texts[value] = None
                for line in value.rstrip(b"\0").splitlines():
                    texts |= dict.fromkeys((line, line.partition(b"=")[2]))
            elif entry.field_type in _BINARY_TYPES:
                texts |= dict.fromkeys(binary_texts(file.raw(entry)))
        header = file.bytes_at(image.strip_offset, min(image.strip_bytes, _JPEG_HEADER_BYTES))
        texts |= dict.fromkeys(texts_of_jpeg_header(header))
    texts |= dict.fromkeys(texts_of_spans(_unreferenced_spans(file, images), file.bytes_at))
    return [text for text in texts if len(text.strip(b"\0 ")) >= _MIN_TEXT_BYTES]
