"""Hamamatsu NDPI: a TIFF with 64-bit offsets, one JPEG of restart segments for each level."""

from tiling.formats.ndpi.slide import NdpiSlide, is_ndpi

__all__ = ["NdpiSlide", "is_ndpi"]
