"""TIFF slides of no scanner in particular: tiled or striped, OME-TIFF, QPTIFF, cloud-optimised GeoTIFF."""

from tiling.formats.tiff.slide import TiffSlide
from tiling.formats.tiff.sniff import is_generic_tiff

__all__ = ["TiffSlide", "is_generic_tiff"]
