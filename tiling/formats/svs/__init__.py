"""Aperio SVS: a TIFF whose descriptions start with "Aperio"."""

from tiling.formats.svs.slide import SvsSlide, is_svs

__all__ = ["SvsSlide", "is_svs"]
