"""How a canonical slide lies on disk.

    slide.tif     BigTIFF; every pyramid level's tiles, padded on the right and lower edge as TIFF demands
    served.bin    what Deep Zoom wants and TIFF does not have: cropped edge tiles, levels smaller than a tile,
                  a thumbnail; then the index
    served.json   sizes and checksums; a few hundred bytes
    macro.jpg     the picture of the whole glass, as far as it shows no label; where one could be kept

The index has one record of 16 bytes for each Deep Zoom tile, level by level from 1×1 up, row by row: a word
`offset << 1 | file` (file 0 is slide.tif, 1 is served.bin) and the length, both unsigned 64-bit
little-endian. It is binary, not decimal text, so that a search for a removed number cannot hit an offset by
chance.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from tiling.errors import CanonicalError
from tiling.geometry import Mpp, Size, TileGrid, deepzoom_sizes, pyramid_sizes
from tiling.model import Carriage

SLIDE_FILE = "slide.tif"
SERVED_FILE = "served.bin"
DESCRIPTION_FILE = "served.json"
MACRO_FILE = "macro.jpg"
FORMAT_NAME = "slidereel-canonical-slide"
FORMAT_VERSION = 2
_READABLE_VERSIONS = (1, 2)  # 1 lacks the source's format and remarks: there was only one kind of source
SERVED_MAGIC = b"SRSERVE1"
INDEX_RECORD = struct.Struct("<QQ")
IN_SLIDE, IN_SERVED = 0, 1


@dataclass(frozen=True, slots=True)
class CanonicalLevel:
    """A pyramid level. level 0 is full size.

    encoding: a Carriage in words. quality: of our encoder, None where the source's coefficients were kept.
    """

    level: int
    width_px: int
    height_px: int
    downsample: int
    cols: int
    rows: int
    encoding: str
    quality: int | None


@dataclass(frozen=True, slots=True)
class CanonicalInfo:
    """What a viewer needs to know. digest: SHA-256 over both files' checksums, fit for an ETag."""

    width_px: int
    height_px: int
    tile_size_px: int
    mpp_x: float | None
    mpp_y: float | None
    objective_power: float | None
    levels: tuple[CanonicalLevel, ...]
    deepzoom_level_count: int
    digest: str
    source_format: str
    remarks: tuple[str, ...]
    has_icc_profile: bool
    has_macro: bool = False


@dataclass(frozen=True, slots=True)
class MacroFile:
    """What macro.jpg has to be."""

    width_px: int
    height_px: int
    byte_count: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Description:
    """The content of served.json."""

    size: Size
    tile_size_px: int
    mpp: Mpp | None
    objective_power: float | None
    l0_carriage: Carriage
    l0_quality: int | None
    source_format: str
    remarks: tuple[str, ...]
    has_icc_profile: bool | None  # None: written by a version that did not say
    reduced_qualities: tuple[int, ...]  # of level 1, 2, …; the last also of all below
    slide_bytes: int
    slide_sha256: str
    served_bytes: int
    served_sha256: str
    index_offset: int
    thumbnail_offset: int
    thumbnail_bytes: int
    macro: MacroFile | None = None

    def levels(self) -> tuple[CanonicalLevel, ...]:
        levels = []
        qualities = (self.l0_quality, *self.reduced_qualities)
        for level, size in enumerate(pyramid_sizes(self.size, self.tile_size_px)):
            grid = TileGrid(size, self.tile_size_px)
            levels.append(
                CanonicalLevel(
                    level=level,
                    width_px=size.width_px,
                    height_px=size.height_px,
                    downsample=2**level,
                    cols=grid.cols,
                    rows=grid.rows,
                    encoding=(Carriage.ENCODED if level else self.l0_carriage).value,
                    quality=qualities[min(level, len(qualities) - 1)],
                )
            )
        return tuple(levels)

    def grids(self) -> tuple[TileGrid, ...]:
        """The Deep Zoom levels, from 1×1 up."""
        return tuple(TileGrid(size, self.tile_size_px) for size in deepzoom_sizes(self.size))

    def tiff_text(self) -> str:
        """The ImageDescription of slide.tif: allowlisted values only."""
        lines = ["Slidereel canonical slide 1"]
        if self.mpp is not None:
            lines += [f"mpp_x = {self.mpp.x_um!r}", f"mpp_y = {self.mpp.y_um!r}"]
        if self.objective_power is not None:
            lines.append(f"objective_power = {self.objective_power!r}")
        return "\n".join(lines)

    def permitted_text(self) -> bytes:
        """Every word and allowlisted number that the result holds by right, whatever the source said."""
        neutral = replace(
            self,
            slide_bytes=0,
            slide_sha256="",
            served_bytes=0,
            served_sha256="",
            index_offset=0,
            thumbnail_offset=0,
            thumbnail_bytes=0,
            macro=None if self.macro is None else replace(self.macro, byte_count=0, sha256=""),
        )
        return neutral.to_json() + b"\n" + self.tiff_text().encode()

    def to_json(self) -> bytes:
        return json.dumps(
            {
                "format": FORMAT_NAME,
                "version": FORMAT_VERSION,
                "width_px": self.size.width_px,
                "height_px": self.size.height_px,
                "tile_size_px": self.tile_size_px,
                "mpp_x": self.mpp.x_um if self.mpp else None,
                "mpp_y": self.mpp.y_um if self.mpp else None,
                "objective_power": self.objective_power,
                "source_format": self.source_format,
                "remarks": list(self.remarks),
                "has_icc_profile": self.has_icc_profile,
                "l0_encoding": self.l0_carriage.value,
                "l0_quality": self.l0_quality,
                "reduced_qualities": list(self.reduced_qualities),
                "slide": {"byte_count": self.slide_bytes, "sha256": self.slide_sha256},
                "served": {"byte_count": self.served_bytes, "sha256": self.served_sha256},
                "index_offset": self.index_offset,
                "thumbnail": {"offset": self.thumbnail_offset, "byte_count": self.thumbnail_bytes},
            }
            | ({} if self.macro is None else {"macro": asdict(self.macro)}),
            indent=1,
        ).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Description":
        """Raises CanonicalError unless this is a description of our version, of sane numbers."""
        try:
            stated = json.loads(data)
            version = stated["version"]
            if stated["format"] != FORMAT_NAME or _count(stated, "version") not in _READABLE_VERSIONS:
                raise CanonicalError("the canonical slide is of another version")
            mpp_x, mpp_y = _number(stated, "mpp_x"), _number(stated, "mpp_y")
            return cls(
                size=Size(_count(stated, "width_px", 1), _count(stated, "height_px", 1)),
                tile_size_px=_count(stated, "tile_size_px", 1),
                mpp=None if mpp_x is None or mpp_y is None else Mpp(mpp_x, mpp_y),
                objective_power=_number(stated, "objective_power"),
                l0_carriage=Carriage(stated["l0_encoding"]),
                source_format="aperio-svs" if version == 1 else str(stated["source_format"]),
                remarks=() if version == 1 else tuple(str(remark) for remark in stated["remarks"]),
                has_icc_profile=None if version == 1 else bool(stated["has_icc_profile"]),
                l0_quality=None if stated["l0_quality"] is None else _count(stated, "l0_quality"),
                reduced_qualities=_counts(stated, "reduced_qualities"),
                slide_bytes=_count(stated["slide"], "byte_count"),
                slide_sha256=str(stated["slide"]["sha256"]),
                served_bytes=_count(stated["served"], "byte_count"),
                served_sha256=str(stated["served"]["sha256"]),
                index_offset=_count(stated, "index_offset"),
                thumbnail_offset=_count(stated["thumbnail"], "offset"),
                thumbnail_bytes=_count(stated["thumbnail"], "byte_count"),
                macro=_macro(stated.get("macro")),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise CanonicalError("the canonical slide's description is damaged") from error


def _count(stated: Mapping[str, Any], key: str, smallest: int = 0) -> int:
    value = stated[key]
    if not isinstance(value, int) or isinstance(value, bool) or value < smallest:
        raise ValueError(key)
    return value


def _counts(stated: Mapping[str, Any], key: str) -> tuple[int, ...]:
    counts = tuple(_count({key: value}, key) for value in stated[key])
    if not counts:
        raise ValueError(key)
    return counts


def _macro(stated: Mapping[str, Any] | None) -> MacroFile | None:
    if stated is None:
        return None
    return MacroFile(
        _count(stated, "width_px", 1),
        _count(stated, "height_px", 1),
        _count(stated, "byte_count", 1),
        str(stated["sha256"]),
    )


def _number(stated: Mapping[str, Any], key: str) -> float | None:
    value = stated[key]
    return None if value is None else float(value)
