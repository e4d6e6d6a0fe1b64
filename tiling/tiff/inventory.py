"""Every place of a TIFF where something is written: named and counted for the report, its content never."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiling.limits import Limits
from tiling.model import Action, ImageRole, Place
from tiling.tiff import tags
from tiling.tiff.images import Chunks, TiffImage, read_image
from tiling.tiff.reader import Directory, TiffFile

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
    unreferenced = sum(end - start for start, end in unreferenced_spans(tiff, listed))
    places.append(Place("bytes that nothing refers to", Action.DROPPED, unreferenced))
    return places


def _pieces(image: TiffImage | None) -> list[tuple[str, Chunks]]:
    if image is None:
        return []
    named = (("tiles", image.tiles), ("strips", image.strips))
    return [(name, chunks) for name, chunks in named if chunks is not None]


def _tag_name(tag: int) -> str:
    return tags.NAMES.get(tag, f"tag {tag}")


def unreferenced_spans(tiff: TiffFile, listed: Sequence[Listed]) -> list[tuple[int, int]]:
    """Where bytes lie that belong to no header, directory, tag's value, tile or strip: start and end."""
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
    return gaps_between(np.concatenate(spans), tiff.size_bytes)


def gaps_between(spans: NDArray[np.int64], size_bytes: int) -> list[tuple[int, int]]:
    """What (n, 2) spans, in any order and over each other, leave of a file of this size."""
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    reach = np.append(0, np.maximum.accumulate(spans[:, 1]))
    starts = np.append(spans[:, 0], size_bytes).clip(max=size_bytes)
    return [(int(reach[at]), int(starts[at])) for at in np.flatnonzero(starts > reach)]
