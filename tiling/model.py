"""A slide as this wing sees it, whichever scanner wrote it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ground.subject import Subject
from tiling.geometry import Mpp, Size, TileGrid

Pixels = NDArray[np.uint8]


class ImageRole(StrEnum):
    """What an image inside the file shows."""

    LEVEL = "level"
    THUMBNAIL = "thumbnail"
    LABEL = "label"
    MACRO = "macro"
    UNKNOWN = "unknown"


class Carriage(StrEnum):
    """How level 0 comes into the canonical slide; the text is what people read."""

    CARRIED = "carried over bit for bit"
    """The source's own tile streams."""
    CUT = "cut losslessly"
    """Entropy-coded data regrouped into other tiles: every DCT coefficient is the source's."""
    ENCODED = "encoded"
    """Decoded, and encoded once."""


class Action(StrEnum):
    """What becomes of a place of the source."""

    KEPT = "kept"
    REBUILT = "rebuilt"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the source where something is written, by its name and size; never by its content."""

    name: str
    action: Action
    byte_count: int


@dataclass(frozen=True, slots=True)
class AssociatedImage:
    """An image beside the pyramid: never carried over as it is."""

    role: ImageRole
    size: Size


@dataclass(frozen=True, slots=True)
class Level:
    """One resolution of the source's own pyramid. downsample: level-0 pixels per pixel, along a side."""

    size: Size
    downsample: float


@dataclass(frozen=True, slots=True)
class Tile:
    """One level-0 tile as read: a complete JPEG stream, or pixels where the source codes otherwise.

    Both are None where the scanner left the tile out. Pixels are (side, side, 3) uint8, RGB.
    """

    jpeg: bytes | None = None
    pixels: Pixels | None = None


class Witness(Protocol):
    """The same slide, read a second time with somebody else's code. Thread-safe; raises TilingError only."""

    @property
    def grid(self) -> TileGrid: ...

    @property
    def mpp(self) -> Mpp | None: ...

    @property
    def jpeg_tables(self) -> bytes: ...

    def stored_tile(self, index: int) -> bytes | None:
        """A level-0 tile's bytes as they stand in the file; None where the scanner left the tile out.

        Where tiles are not carried over, they do not stand in the file as such: then empty bytes will do.
        """
        ...

    def tile_pixels(self, index: int) -> Pixels:
        """The same tile decoded; index counts row by row."""
        ...

    def plain_pixels(self, index: int) -> Pixels:
        """The same tile, decoded with chroma samples repeated rather than smoothed. Asked of cut slides only.

        Smoothing looks beyond a tile's border, so that a cut tile's would differ there from the whole's.
        """
        ...


class Slide(Protocol):
    """An opened whole-slide image. Thread-safe; its byte source stays the caller's to close."""

    @property
    def format_name(self) -> str:
        """Our own name of the format, such as "aperio-svs"."""
        ...

    @property
    def grid(self) -> TileGrid:
        """Level 0 and its tiles."""
        ...

    @property
    def levels(self) -> tuple[Level, ...]: ...

    @property
    def associated_images(self) -> tuple[AssociatedImage, ...]: ...

    @property
    def mpp(self) -> Mpp | None: ...

    @property
    def objective_power(self) -> float | None: ...

    @property
    def icc_profile(self) -> bytes | None:
        """The embedded profile, as the source has it (its texts included)."""
        ...

    @property
    def carriage(self) -> Carriage:
        """CARRIED and CUT slides give their tiles as JPEG streams, ENCODED ones as pixels."""
        ...

    @property
    def is_rgb(self) -> bool:
        """Whether these streams hold RGB samples rather than YCbCr."""
        ...

    @property
    def l0_bytes(self) -> int:
        """Bytes of compressed image data that level 0 takes in the source."""
        ...

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was chosen where the source leaves a choice (a focal plane, a window of values).

        Sentences in our own words, with numbers; nothing of the source's texts.
        """
        ...

    def read_tile(self, col: int, row: int) -> Tile:
        """Raises CorruptSlideError where the tile cannot be had."""
        ...

    @property
    def subject(self) -> Subject | None:
        """Whose slide it is, where the format has an element for that and the file fills it."""
        ...

    def associated_pixels(self, role: ImageRole) -> Pixels | None:
        """The image beside the pyramid that shows this; None where there is none.

        Raises TilingError where there is one that cannot be read.
        """
        ...

    def places(self) -> Sequence[Place]:
        """Everything that the file holds, and what becomes of it."""
        ...

    def witness(self) -> AbstractContextManager[Witness]:
        """Read the source a second time, independently. Raises TilingError."""
        ...

    def texts(self) -> Sequence[bytes]:
        """Every text value that is not on the allowlist, to be searched for in the result."""
        ...
