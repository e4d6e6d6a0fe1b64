"""The file: pages in the order and with the tags that Aperio's scanners write, in bounded memory.

Level 0, thumbnail, levels at 1/4, 1/16 and (where large) 1/32, label, macro. Tiles are abbreviated JPEG
streams, YCbCr 4:2:2, their tables once in the page's JPEGTables, as libtiff writes them.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

from .anatomy import UM_PER_PX, lay_out
from .cells import populate
from .identity import Patient, description_keys, draw_label, draw_macro
from .paint import Painter, make_painter
from .profile import scanner_profile

TILE_PX = 256
BAND_PX = 1024
"""Rows painted at a time: one row of tiles at 1/4, and a whole number of rows at 1/32."""
QUALITY = 80
LIBRARY = "Aperio Image Library v12.0.16"
SCANNED = "2026:02:01 08:15:27"
STRIP_PX = 16
SCANNER = "SS0000"
SMALLEST_LEVEL_PX = 2 * TILE_PX

_painter: Painter | None = None
"""Set before the painting processes are forked, so that they share its maps."""


@dataclass(frozen=True, slots=True)
class _Band:
    tiles: list[bytes]
    quarter_tiles: list[bytes]
    sixteenth: NDArray[np.uint8]


def write_sample(
    path: Path,
    *,
    width_px: int,
    height_px: int,
    seed: int,
    patient: Patient,
    progress: Callable[[int, int], None],
    workers: int,
) -> None:
    """Write the slide to ``path``; ``progress`` is told the rows done and the rows there are."""
    global _painter  # noqa: PLW0603 - what a forked process inherits has to be global
    cv2.setNumThreads(1)  # a forked process must not wait for threads that it did not inherit
    rng = np.random.default_rng(seed)
    anatomy = lay_out(rng, width_px, height_px)
    _painter = make_painter(rng, anatomy, populate(rng, anatomy), width_px, height_px)
    tops = range(0, height_px, BAND_PX)
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        bands = pool.imap(_paint_band, tops)
        _write(path, width_px, height_px, patient, _counted(bands, height_px, progress))


def usable_cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def _counted(bands: Iterator[_Band], height_px: int, progress: Callable[[int, int], None]) -> Iterator[_Band]:
    for number, band in enumerate(bands, start=1):
        progress(min(number * BAND_PX, height_px), height_px)
        yield band


def _paint_band(top_px: int) -> _Band:
    assert _painter is not None  # noqa: S101 - the parent set it before forking
    height_px = min(BAND_PX, _painter.height_px - top_px)
    pixels = _painter.band(top_px, height_px)
    quarter = _shrunk(pixels, 4)
    return _Band(_tiles(pixels), _tiles(quarter), _shrunk(pixels, 16))


def _write(path: Path, width_px: int, height_px: int, patient: Patient, bands: Iterator[_Band]) -> None:
    keys = description_keys(patient, width_px, height_px, UM_PER_PX)
    size = f"{width_px}x{height_px} [0,0 {width_px}x{height_px}] ({TILE_PX}x{TILE_PX})"
    coding = f"JPEG/YCC Q={QUALITY}"
    quarter_tiles: list[bytes] = []
    sixteenths: list[NDArray[np.uint8]] = []

    def level0_tiles() -> Iterator[bytes]:
        for band in bands:
            quarter_tiles.extend(band.quarter_tiles)
            sixteenths.append(band.sixteenth)
            yield from band.tiles

    with tifffile.TiffWriter(path) as file:
        page = _Pages(file, patient)
        page.tiled(level0_tiles(), width_px, height_px, f"{LIBRARY} \r\n{size} {coding}{keys}")
        sixteenth = np.concatenate(sixteenths)
        small = _fitted(sixteenth, 1024, 768)
        arrow = f"{small.shape[1]}x{small.shape[0]}"
        page.stripped(small, f"{LIBRARY} \r\n{size} -> {arrow} - {keys}", subfiletype=0)
        levels: list[tuple[Sequence[bytes], int, int]] = []
        if width_px // 4 >= SMALLEST_LEVEL_PX:
            levels.append((quarter_tiles, width_px // 4, height_px // 4))
        if width_px // 16 >= SMALLEST_LEVEL_PX:
            levels.append((_tiles(sixteenth), sixteenth.shape[1], sixteenth.shape[0]))
        if width_px // 32 >= SMALLEST_LEVEL_PX:
            half = _shrunk(sixteenth, 2)
            levels.append((_tiles(half), half.shape[1], half.shape[0]))
        for tiles, level_width_px, level_height_px in levels:
            text = f"{LIBRARY} \r\n{size} -> {level_width_px}x{level_height_px} {coding}{keys}"
            page.tiled(iter(tiles), level_width_px, level_height_px, text)
        page.label(draw_label(patient), f"{LIBRARY} \r\nlabel 387x463{keys}")
        macro = draw_macro(patient, small)
        page.stripped(macro, f"{LIBRARY} \r\nmacro {macro.shape[1]}x{macro.shape[0]}{keys}", subfiletype=9)


class _Pages:
    """Writes pages that agree in their tags."""

    def __init__(self, file: tifffile.TiffWriter, patient: Patient) -> None:
        self._file = file
        artist = (315, 2, 0, patient.physician, False)
        self._common: dict[str, Any] = {
            "metadata": None,
            "software": False,
            "datetime": SCANNED,
            "extratags": [artist],
        }
        self._jpeg: dict[str, Any] = {
            "dtype": "uint8",
            "photometric": "ycbcr",
            "compression": "jpeg",
            "subsampling": (2, 1),
            "jpegtables": _tables(_encoded(np.zeros((TILE_PX, TILE_PX, 3), np.uint8))),
            **self._common,
        }

    def tiled(self, tiles: Iterator[bytes], width_px: int, height_px: int, description: str) -> None:
        self._file.write(
            tiles,
            shape=(height_px, width_px, 3),
            tile=(TILE_PX, TILE_PX),
            description=description,
            iccprofile=scanner_profile(SCANNER),
            **self._jpeg,
        )

    def stripped(self, pixels: NDArray[np.uint8], description: str, *, subfiletype: int) -> None:
        strips = (
            _abbreviated(_encoded(pixels[top : top + STRIP_PX])) for top in range(0, len(pixels), STRIP_PX)
        )
        self._file.write(
            strips,
            shape=pixels.shape,
            rowsperstrip=STRIP_PX,
            description=description,
            subfiletype=subfiletype,
            **self._jpeg,
        )

    def label(self, pixels: NDArray[np.uint8], description: str) -> None:
        self._file.write(
            pixels,
            photometric="rgb",
            compression="lzw",
            predictor=True,
            rowsperstrip=7,
            subfiletype=1,
            description=description,
            **self._common,
        )


def _tiles(pixels: NDArray[np.uint8]) -> list[bytes]:
    """Encode row by row; what a tile lacks at the right or lower edge repeats the last pixels."""
    height_px, width_px = pixels.shape[:2]
    missing = (-height_px % TILE_PX, -width_px % TILE_PX)
    if any(missing):
        pixels = np.pad(pixels, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
    return [
        _abbreviated(_encoded(pixels[top : top + TILE_PX, left : left + TILE_PX]))
        for top in range(0, height_px, TILE_PX)
        for left in range(0, width_px, TILE_PX)
    ]


def _shrunk(pixels: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """The average of each ``factor`` × ``factor`` pixels; what does not fill a square is left out."""
    height_px, width_px = pixels.shape[0] // factor, pixels.shape[1] // factor
    if not height_px:
        return np.empty((0, width_px, 3), np.uint8)
    whole = pixels[: height_px * factor, : width_px * factor]
    return np.asarray(cv2.resize(whole, (width_px, height_px), interpolation=cv2.INTER_AREA), np.uint8)


def _fitted(pixels: NDArray[np.uint8], width_px: int, height_px: int) -> NDArray[np.uint8]:
    scale = min(width_px / pixels.shape[1], height_px / pixels.shape[0])
    size = max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _encoded(pixels: NDArray[np.uint8]) -> bytes:
    contiguous = np.ascontiguousarray(pixels)
    return bytes(imagecodecs.jpeg8_encode(contiguous, level=QUALITY, subsampling="422", optimize=False))


def _segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and bytes of each segment before the scan; the scan with everything after it comes last."""
    offset = 2
    while True:
        marker = jpeg[offset + 1]
        if marker == 0xDA:
            yield marker, jpeg[offset:]
            return
        end = offset + 2 + int.from_bytes(jpeg[offset + 2 : offset + 4], "big")
        yield marker, jpeg[offset:end]
        offset = end


_SOI, _EOI, _DQT, _DHT, _APP0 = b"\xff\xd8", b"\xff\xd9", 0xDB, 0xC4, 0xE0


def _tables(jpeg: bytes) -> bytes:
    """The tables-only stream that goes into JPEGTables."""
    return _SOI + b"".join(part for marker, part in _segments(jpeg) if marker in {_DQT, _DHT}) + _EOI


def _abbreviated(jpeg: bytes) -> bytes:
    """The stream without its tables and without the JFIF header, which TIFF has no use for."""
    return _SOI + b"".join(part for marker, part in _segments(jpeg) if marker not in {_DQT, _DHT, _APP0})
