"""Every format's file with identifiers everywhere, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.canaries import (
    clip_planting,
    container_planting,
    dicom_coding_planting,
    dicom_planting,
    odd_clip_planting,
    odd_dicom_planting,
    odd_slide_planting,
    scanner_planting,
    tiff_planting,
)


@dataclass(frozen=True, slots=True)
class Source:
    """How a file is made, what its name ends with, how many planted texts can be read in it as it lies.

    is_veiled: no search finds them in the file, since they are compressed, or in single bits.
    """

    suffix: str
    make: Callable[[Path], bytes]
    least_texts: int
    is_quick: bool = False
    is_veiled: bool = False


def _of(suffix: str, make: Callable[[], bytes], least_texts: int, **flags: bool) -> Source:
    """What is made without a folder to make it in."""
    return Source(suffix, lambda _: make(), least_texts, **flags)


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
    "dicom-slide": _of(".dcm", dicom_planting.slide, 3000),
    "dicom-slide-jpeg-2000": _of(".dcm", dicom_planting.slide_jpeg_2000, 3000),
    "ultrasound-jpeg-2000": _of(".dcm", dicom_planting.ultrasound_jpeg_2000, 3000),
    "ultrasound-jpeg-ls": _of(".dcm", dicom_planting.ultrasound_jpeg_ls, 3000),
    "ultrasound-native": _of(".dcm", dicom_planting.ultrasound_native, 3000),
    "ultrasound-jpeg": _of("", dicom_planting.ultrasound_jpeg, 3000),
    "ultrasound-still": _of(".dcm", dicom_planting.ultrasound_still, 3000),
    "mp4": _of(".mp4", clip_planting.mp4, 40, is_quick=True),
    "mp4-cover": _of(".mp4", clip_planting.mp4_with_cover, 15),
    "mov": _of(".mov", clip_planting.mov, 35),
    "matroska": _of(".mkv", clip_planting.matroska, 30),
    "matroska-hevc": _of(".mkv", clip_planting.matroska_hevc, 1),
    "webm": _of(".webm", clip_planting.webm, 30),
    "avi": _of(".avi", clip_planting.avi, 25),
    "mpegts": _of(".ts", clip_planting.transport_stream, 5),
    "mpeg": _of(".mpg", clip_planting.mpeg, 2),
    "gif": _of(".gif", clip_planting.gif, 4),
}

_STRIPS = {
    name: Source(".tif", partial(tiff_planting.stripes, compression=name), 60) for name in ("lzw", "jpeg")
}
FURTHER: dict[str, Source] = {
    "svs-big": Source(".svs", tiff_planting.svs_big, 250),
    "cloud-optimised": Source(".tif", tiff_planting.cloud_optimised, 150),
    "qptiff": Source(".qptiff", tiff_planting.quick_tiff, 200),
    **{f"strips-{name}": source for name, source in _STRIPS.items()},
    "mp4-fragmented": _of(".mp4", container_planting.fragmented, 7),
    "quicktime": _of(".mov", container_planting.quicktime, 11),
    "motion-jpeg-mov": _of(".mov", container_planting.motion_jpeg_mov, 2),
    "h264-units": _of(".h264", container_planting.h264_units, 9),
    "avi-lists": _of(".avi", container_planting.avi_lists, 12),
    "matroska-elements": _of(".mkv", container_planting.matroska_elements, 15),
    "program-stream": _of(".mpg", container_planting.program_stream, 7),
    "mpeg-video": _of(".m2v", container_planting.elementary_stream, 2),
    "flash": _of(".flv", container_planting.flash, 25),
    "windows-media": _of(".wmv", container_planting.windows_media, 1),
    "gif-texts": _of(".gif", container_planting.gif_texts, 3),
    "transport-tables": _of(".ts", container_planting.transport_tables, 4),
    "ultrasound-run-length": _of(".dcm", dicom_coding_planting.run_length, 3000),
    "ultrasound-htj2k": _of(".dcm", dicom_coding_planting.high_throughput, 3000),
    "ultrasound-jp2": _of(".dcm", dicom_coding_planting.boxed_jpeg_2000, 3000),
    "ultrasound-lossless-jpeg": _of(".dcm", dicom_coding_planting.lossless, 3000),
    "ultrasound-offsets": _of(".dcm", dicom_coding_planting.offsets, 1),
    "ultrasound-palette": _of(".dcm", dicom_coding_planting.palette, 3000),
    "ultrasound-planes": _of(".dcm", dicom_coding_planting.planes, 3000),
    "ultrasound-ybr-422": _of(".dcm", dicom_coding_planting.ybr_full_422, 3000),
    "ultrasound-high-bits": _of(".dcm", dicom_coding_planting.high_bits, 0, is_veiled=True),
    "ultrasound-deflated": _of(".dcm", dicom_coding_planting.deflated, 0, is_veiled=True),
    "ultrasound-big-endian": _of(".dcm", dicom_coding_planting.big_endian, 7),
    "ultrasound-implicit": _of(".dcm", dicom_coding_planting.implicit, 7),
    "ultrasound-retired": _of(".dcm", dicom_coding_planting.retired, 3000),
    "ultrasound-names": _of(".dcm", dicom_coding_planting.names, 5),
    "ultrasound-mpeg-2": _of(".dcm", dicom_coding_planting.mpeg_2, 3000),
    "ultrasound-h264": _of(".dcm", dicom_coding_planting.h264, 3000),
    "svs-pictures-in-tiles": Source(".svs", odd_slide_planting.svs_with_pictures_in_tiles, 11),
    "svs-odd-pages": Source(".svs", odd_slide_planting.svs_with_odd_pages, 400),
    "svs-odd-types": Source(".svs", odd_slide_planting.svs_with_odd_types, 12),
    "tiff-beyond-the-grid": Source(".tif", odd_slide_planting.tiff_with_words_beyond_the_grid, 100),
    "ultrasound-functional-groups": _of(".dcm", odd_dicom_planting.functional_groups, 3000),
    "ultrasound-icon": _of(".dcm", odd_dicom_planting.icon_of_a_jpeg, 12),
    "ultrasound-unknown-kinds": _of(".dcm", odd_dicom_planting.unknown_kinds, 3),
    "ultrasound-twice": _of(".dcm", odd_dicom_planting.two_files_in_one, 3000),
    "dicom-slide-and-loop": _of(".dcm", odd_dicom_planting.slide_and_loop, 3000),
    "quicktime-tracks": _of(".mov", odd_clip_planting.quicktime_with_tracks, 12),
    "matroska-tracks": _of(".mkv", odd_clip_planting.matroska_with_tracks, 14),
    "codec-headers": _of(".mp4", odd_clip_planting.codec_headers, 4),
    "hevc-units": _of(".hevc", odd_clip_planting.hevc_units, 8),
    "h264-behind-slices": _of(".h264", odd_clip_planting.h264_behind_slices, 2),
    "avi-texts": _of(".avi", odd_clip_planting.avi_with_texts, 4),
    "gif-palettes": _of(".gif", odd_clip_planting.gif_palettes, 1),
    "webm-alpha": _of(".webm", odd_clip_planting.webm_with_alpha, 2),
    "svs-named-mp4": Source(".mp4", tiff_planting.svs, 200),
    "loop-named-svs": _of(".svs", dicom_planting.ultrasound_native, 3000),
    "mp4-named-dcm": _of(".dcm", clip_planting.mp4, 40),
}
"""The arrangements of these formats in which there is more, or other, room; and endings that are wrong."""

NO_PICTURES: dict[str, Source] = {
    "dicomdir": _of("", odd_dicom_planting.directory, 4),
    "document": _of(".dcm", odd_dicom_planting.document, 3),
    "structured-report": _of(".dcm", odd_dicom_planting.report, 3),
    "waveform": _of(".dcm", odd_dicom_planting.waveform, 4),
}
"""What there is nothing to be made of."""
