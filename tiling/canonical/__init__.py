"""The canonical slide: one pyramidal BigTIFF of complete JPEG tiles, and what Deep Zoom needs beside it."""

from tiling.canonical.layout import CanonicalInfo, CanonicalLevel
from tiling.canonical.reader import CanonicalSlide, TileLocation, open_canonical

__all__ = ["CanonicalInfo", "CanonicalLevel", "CanonicalSlide", "TileLocation", "open_canonical"]
