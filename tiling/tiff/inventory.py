"""Every place of a TIFF where something is written, and every text that stands there.

Places are named and counted for the report; their content never is. Texts are handed to the verify step,
which looks for them in the result.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tiling.limits import Limits
from tiling.model import Action, ImageRole, Place
from tiling.tiff import tags
from tiling.tiff.images import Chunks, TiffImage, read_image
from tiling.tiff.reader import Directory, Entry, TiffFile
from tiling.tiff.tags import FieldType

# Tags of level 0 whose meaning (not bytes) is stated again in the result, from checked values.
_REBUILT = {
    tags.IMAGE_WIDTH,
    tags.IMAGE_LENGTH,
    tags.BITS_PER_SAMPLE,
    tags.COMPRESSION,
    tags.PHOTOMETRIC,
    tags.IMAGE_DESCRIPTION,
    tags.SAMPLES_PER_PIXEL,
    tags.PLANAR_CONFIGURATION,
    tags.TILE_WIDTH,
    tags.TILE_LENGTH,
    tags.TILE_OFFSETS,
    tags.TILE_BYTE_COUNTS,
    tags.JPEG_TABLES,
    tags.YCBCR_SUBSAMPLING,
    tags.ICC_PROFILE,
}
_BINARY_TYPES = (FieldType.BYTE, FieldType.UNDEFINED)
_MIN_TEXT_BYTES = 6
_MAX_SEARCHED_BYTES = 16 * 2**20
_SMALL_BLOCK_BYTES = 64 * 2**10
_PRINTABLE, _PRINTABLE_IN_LARGE_BLOCKS = (
    (re.compile(rb"[\x20-\x7e]{%d,}" % least), re.compile(rb"(?:[\x20-\x7e]\0){%d,}" % least))
    for least in (6, 12)
)
_LOOKS_LIKE_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<[?!a-zA-Z]")
# Attributes in either kind of quotes, texts between elements, comments.
_XML_VALUES = re.compile(rb"\"([^\"<>]{6,})\"|'([^'<>]{6,})'|>([^<>]{6,})<|<!--(.{6,}?)-->", re.DOTALL)
_BINARY_TAGS = {33723, 34377, 50838, 50839}  # IPTC, Photoshop, ImageJ: some writers call them numbers
_NOT_TEXT = {tags.JPEG_TABLES, tags.ICC_PROFILE}


@dataclass(frozen=True, slots=True)
class Listed:
    """One directory of the file. name: our own; image: None where it is not one (Exif, GPS).

    is_level: a sub-directory of level 0's, which shows it smaller.
    """

    name: str
    directory: Directory
    image: TiffImage | None = None
    is_base: bool = False
    is_level: bool = False


def listed_images(images: Sequence[TiffImage], roles: Sequence[ImageRole], base: int) -> list[Listed]:
    """The directories of the main chain; the one with number `base` is level 0."""
    names = ("level 0" if index == base else role.value for index, role in enumerate(roles))
    return [
        Listed(f"directory {index} ({name})", image.directory, image, is_base=index == base)
        for index, (image, name) in enumerate(zip(images, names, strict=True))
    ]


def with_linked(tiff: TiffFile, listed: Sequence[Listed], limits: Limits) -> list[Listed]:
    """The same directories, each followed by those that it leads to."""
    everything = []
    for one in listed:
        everything.append(one)
        for linked in tiff.linked(one.directory):
            image = read_image(tiff, linked.directory, limits) if linked.tag == tags.SUB_IFDS else None
            is_level = one.is_base and image is not None
            everything.append(
                Listed(f"{one.name}, {linked.name}", linked.directory, image, is_level=is_level)
            )
    return everything


def list_places(tiff: TiffFile, listed: Sequence[Listed]) -> list[Place]:
    places = [Place("file header", Action.REBUILT, tiff.header_bytes)]
    for one in listed:
        for entry in one.directory.entries.values():
            action = Action.REBUILT if one.is_base and entry.tag in _REBUILT else Action.DROPPED
            places.append(Place(f"{one.name}, {_tag_name(entry.tag)}", action, entry.byte_count))
        if one.directory.skipped_entry_count:
            count = one.directory.skipped_entry_count
            places.append(Place(f"{one.name}, {count} entries of unknown type", Action.DROPPED, 0))
        for kind, chunks in _pieces(one.image):
            action = Action.KEPT if one.is_base else Action.DROPPED
            places.append(Place(f"{one.name}, image {kind}", action, chunks.total_bytes))
    unreferenced = tiff.size_bytes - _covered_bytes(tiff, listed)
    places.append(Place("bytes that nothing refers to", Action.DROPPED, unreferenced))
    return places


def _pieces(image: TiffImage | None) -> list[tuple[str, Chunks]]:
    if image is None:
        return []
    named = (("tiles", image.tiles), ("strips", image.strips))
    return [(name, chunks) for name, chunks in named if chunks is not None]


def _tag_name(tag: int) -> str:
    return tags.NAMES.get(tag, f"tag {tag}")


def _covered_bytes(tiff: TiffFile, listed: Sequence[Listed]) -> int:
    """How many bytes of the file belong to the header, a directory, a tag's value, a tile or a strip."""
    spans = [np.array([[0, tiff.header_bytes]], np.int64)]
    for one in listed:
        directory = one.directory
        spans.append(np.array([[directory.offset, directory.offset + directory.byte_count]], np.int64))
        for entry in directory.entries.values():
            if not entry.is_inline:
                end = entry.value_offset + entry.byte_count
                spans.append(np.array([[entry.value_offset, end]], np.int64))
        for _, chunks in _pieces(one.image):
            present = chunks.byte_counts > 0
            starts = chunks.offsets[present].astype(np.int64)
            spans.append(np.stack([starts, starts + chunks.byte_counts[present].astype(np.int64)], axis=1))
    table = np.concatenate(spans)
    table = table[np.argsort(table[:, 0], kind="stable")]
    reach = np.maximum.accumulate(table[:, 1])
    before = np.concatenate([[0], reach[:-1]])
    return int(np.maximum(0, table[:, 1] - np.maximum(table[:, 0], before)).clip(0).sum())


def list_texts(tiff: TiffFile, directories: Iterable[Directory]) -> list[bytes]:
    """Each text once: text tags as they stand, of binary tags the runs that read like text.

    Of a text in XML the values alone: its names are the schema's.
    """
    texts: dict[bytes, None] = {}
    for directory in directories:
        for entry in directory.entries.values():
            if entry.tag in _NOT_TEXT or entry.byte_count < _MIN_TEXT_BYTES:
                continue
            if entry.field_type is FieldType.ASCII:
                texts |= dict.fromkeys(_text_values(_value(tiff, entry)))
            elif entry.field_type in _BINARY_TYPES or entry.tag in _BINARY_TAGS:
                texts |= dict.fromkeys(_binary_texts(_value(tiff, entry)))
    return list(texts)


def _value(tiff: TiffFile, entry: Entry) -> bytes:
    return tiff.bytes_at(entry.value_offset, min(entry.byte_count, _MAX_SEARCHED_BYTES))


def _text_values(text: bytes) -> list[bytes]:
    if not _LOOKS_LIKE_XML.match(text):
        return [text]
    return [value for groups in _XML_VALUES.findall(text) for value in groups if value] or [text]


def _binary_texts(value: bytes) -> list[bytes]:
    if _LOOKS_LIKE_XML.match(value):
        return _text_values(value)
    # In a large block of numbers short runs of letters stand by chance; they would crowd out the real texts.
    plain, utf16 = _PRINTABLE if len(value) <= _SMALL_BLOCK_BYTES else _PRINTABLE_IN_LARGE_BLOCKS
    texts = plain.findall(value)
    # UTF-16, as Windows writes it into XPTitle and its like
    return texts + [run[::2] for run in utf16.findall(value)]
