"""DICOM whole-slide images: a set of instances, the largest volume among them level 0."""

from tiling.formats.dicom.instances import is_dicom, series_of
from tiling.formats.dicom.slide import DicomSlide, open_dicom

__all__ = ["DicomSlide", "is_dicom", "open_dicom", "series_of"]
