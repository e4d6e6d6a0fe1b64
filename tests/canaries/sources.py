"""Every format's file with identifiers everywhere, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.canaries import clip_planting, dicom_planting, scanner_planting, tiff_planting


@dataclass(frozen=True, slots=True)
class Source:
    """How a file is made, what its name ends with, how many planted texts can be read in it as it lies."""

    suffix: str
    make: Callable[[Path], bytes]
    least_texts: int
    is_quick: bool = False


SOURCES: dict[str, Source] = {
    "svs": Source(".svs", tiff_planting.svs, 200, is_quick=True),
    "svs-jpeg-2000": Source(".svs", tiff_planting.svs_jpeg_2000, 40),
    "ndpi": Source(".ndpi", tiff_planting.ndpi, 18),
    "tiff": Source(".tif", tiff_planting.tiff, 70),
    "ome": Source(".ome.tif", tiff_planting.ome_tiff, 40),
    "philips": Source(".tiff", scanner_planting.philips, 2),
    "trestle": Source(".tif", scanner_planting.trestle, 2),
    "leica": Source(".scn", scanner_planting.leica, 3),
    "ventana": Source(".bif", scanner_planting.ventana, 7),
    "zeiss": Source(".czi", scanner_planting.zeiss, 1),
    "dicom-slide": Source(".dcm", lambda _: dicom_planting.slide(), 3000),
    "dicom-slide-jpeg-2000": Source(".dcm", lambda _: dicom_planting.slide_jpeg_2000(), 3000),
    "ultrasound-jpeg-2000": Source(".dcm", lambda _: dicom_planting.ultrasound_jpeg_2000(), 3000),
    "ultrasound-jpeg-ls": Source(".dcm", lambda _: dicom_planting.ultrasound_jpeg_ls(), 3000),
    "ultrasound-native": Source(".dcm", lambda _: dicom_planting.ultrasound_native(), 3000),
    "ultrasound-jpeg": Source("", lambda _: dicom_planting.ultrasound_jpeg(), 3000),
    "ultrasound-still": Source(".dcm", lambda _: dicom_planting.ultrasound_still(), 3000),
    "mp4": Source(".mp4", lambda _: clip_planting.mp4(), 40, is_quick=True),
    "mp4-cover": Source(".mp4", lambda _: clip_planting.mp4_with_cover(), 15),
    "mov": Source(".mov", lambda _: clip_planting.mov(), 35),
    "matroska": Source(".mkv", lambda _: clip_planting.matroska(), 30),
    "matroska-hevc": Source(".mkv", lambda _: clip_planting.matroska_hevc(), 1),
    "webm": Source(".webm", lambda _: clip_planting.webm(), 30),
    "avi": Source(".avi", lambda _: clip_planting.avi(), 25),
    "mpegts": Source(".ts", lambda _: clip_planting.transport_stream(), 5),
    "mpeg": Source(".mpg", lambda _: clip_planting.mpeg(), 2),
    "gif": Source(".gif", lambda _: clip_planting.gif(), 4),
}
