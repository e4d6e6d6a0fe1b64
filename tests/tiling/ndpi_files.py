"""Small files laid out as Hamamatsu's scanners do, an invented patient wherever real ones have been found."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.tiling.svs_files import tissue

REFERENCE = "S31-40517 QUIXOTE^DULCINEA"
SERIAL = "99770123"
OPERATOR = "zweisteinOperator"
BARCODE = "BC*77120934*"
DATE = "2031:02:03 04:05:06"
IN_JPEG = "CommentInJpeg4711"
IN_GAP = "TrailerOfPatient"
AUTH_CODE = "AuthCodeOfRosinante"
CANARIES = (REFERENCE, AUTH_CODE, SERIAL, OPERATOR, BARCODE, DATE, IN_JPEG, IN_GAP)

SAMPLINGS = {
    "4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    "4:2:2": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    "4:4:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
    "4:1:1": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411,
}
Pixels = NDArray[np.uint8]

_ASCII, _SHORT, _LONG, _RATIONAL, _SLONG, _FLOAT = 2, 3, 4, 5, 9, 11
_FORMATS = {_SHORT: "H", _LONG: "I", _RATIONAL: "I", _SLONG: "i", _FLOAT: "f"}
_Tags = dict[int, tuple[int, bytes | list[float] | list[int]]]


@dataclass(frozen=True)
class Recipe:
    """What to write.

    interval_mcu: MCUs between restart markers, 0 without. starts: what the table of segments is like,
    "right", "missing", "wrong" or "short". gap_bytes: a hole in the file before the first image. planes_nm:
    focal planes, each with all levels. kind: "colour", "grey" or "progressive". states_size: False writes 0
    into the JPEG's own header, as scanners do beyond 65,500 px. trailing: what a JPEG ends with.
    """

    width_px: int = 2300
    height_px: int = 300
    sampling: str = "4:2:0"
    quality: int = 80
    interval_mcu: int = 9
    starts: str = "right"
    planes_nm: tuple[int, ...] = (0,)
    levels: int = 2
    kind: str = "colour"
    states_size: bool = True
    is_fluorescence: bool = False
    optimised: bool = False
    gap_bytes: int = 0
    with_identity: bool = True
    trailing: bytes = b"\xff\xd9"


def encode_level(pixels: Pixels, recipe: Recipe) -> bytes:
    """The JPEG of one level."""
    options = [
        *(cv2.IMWRITE_JPEG_QUALITY, recipe.quality),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLINGS[recipe.sampling]),
        *(cv2.IMWRITE_JPEG_RST_INTERVAL, recipe.interval_mcu),
        *(cv2.IMWRITE_JPEG_OPTIMIZE, int(recipe.optimised)),
        *(cv2.IMWRITE_JPEG_PROGRESSIVE, int(recipe.kind == "progressive")),
    ]
    done, data = cv2.imencode(".jpg", pixels[..., ::-1] if recipe.kind != "grey" else pixels[..., 1], options)
    assert done
    jpeg = data.tobytes()
    if recipe.with_identity:
        comment = IN_JPEG.encode()
        jpeg = jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + jpeg[2:]
    if not recipe.states_size:
        at = jpeg.index(b"\xff\xc0") + 5
        jpeg = jpeg[:at] + bytes(4) + jpeg[at + 4 :]
    return jpeg[:-2] + recipe.trailing


def restart_starts(jpeg: bytes) -> list[int]:
    """Offset of each restart segment in a JPEG."""
    offset = 2
    while True:
        marker, length = jpeg[offset + 1], int.from_bytes(jpeg[offset + 2 : offset + 4], "big")
        offset += 2 + length
        if marker == 0xDA:
            break
    data = np.frombuffer(jpeg, np.uint8)[offset:]
    markers = np.flatnonzero((data[:-1] == 0xFF) & (data[1:] & 0xF8 == 0xD0))
    return [offset, *(markers + 2 + offset).tolist()]


def write_ndpi(path: Path, recipe: Recipe | None = None) -> Pixels:
    """Write a slide; returns the pixels of the last plane's level 0 before they were encoded."""
    recipe = recipe or Recipe()
    with path.open("wb") as file:
        writer = _Writer(file)
        file.seek(file.tell() + recipe.gap_bytes)
        for number, z_nm in enumerate(recipe.planes_nm):
            level_0 = pixels = tissue(recipe.width_px, recipe.height_px, seed=number + 1)
            for level in range(recipe.levels):
                jpeg = encode_level(pixels, recipe)
                writer.image(_level_tags(recipe, pixels, 40 / 2**level, z_nm), jpeg, recipe.starts)
                if recipe.with_identity:
                    file.write(IN_GAP.encode())  # between two images, where nothing refers to
                pixels = cv2.resize(
                    pixels, (pixels.shape[1] // 2, pixels.shape[0] // 2), interpolation=cv2.INTER_AREA
                )
        label = np.full((100, 300, 3), 255, np.uint8)
        cv2.putText(label, REFERENCE[:16], (4, 60), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0))
        writer.image(
            _common_tags(recipe, label, -1.0), encode_level(label, Recipe(interval_mcu=0)), "missing"
        )
        chart = label[::2, ::2, 0].copy()
        writer.image(
            {**_common_tags(recipe, chart, -2.0), 259: (_SHORT, [1]), 262: (_SHORT, [1])},
            chart.tobytes(),
            "missing",
        )
        if recipe.with_identity:
            file.write(IN_GAP.encode())
    return level_0


def _common_tags(recipe: Recipe, pixels: Pixels, lens: float) -> _Tags:
    tags: _Tags = {
        256: (_LONG, [pixels.shape[1]]),
        257: (_LONG, [pixels.shape[0]]),
        258: (_SHORT, [8] * (3 if pixels.ndim == 3 else 1)),
        259: (_SHORT, [7]),
        262: (_SHORT, [6]),
        271: (_ASCII, b"Hamamatsu\0"),
        277: (_SHORT, [3]),
        282: (_RATIONAL, [43826, 1]),
        283: (_RATIONAL, [43826, 1]),
        296: (_SHORT, [3]),
        65420: (_SHORT, [1]),
        65421: (_FLOAT, [lens]),
        65422: (_SLONG, [12538720]),
        65423: (_SLONG, [-96063]),
    }
    if recipe.with_identity:
        properties = f"Created=2031/02/03\r\nOperator={OPERATOR}\r\nNDP.S/N={SERIAL}\r\n"
        tags |= {
            306: (_ASCII, DATE.encode() + b"\0"),
            65428: (_ASCII, AUTH_CODE.encode() + b"\0"),
            65427: (_ASCII, REFERENCE.encode() + b"\0"),
            65442: (_ASCII, SERIAL.encode() + b"\0"),
            65449: (_ASCII, properties.encode() + b"\0"),
            65468: (_ASCII, BARCODE.encode() + b"\0"),
        }
    return tags


def _level_tags(recipe: Recipe, pixels: Pixels, lens: float, z_nm: int) -> _Tags:
    tags = _common_tags(recipe, pixels, lens) | {65424: (_SLONG, [z_nm])}
    if recipe.kind == "grey":
        tags |= {258: (_SHORT, [8]), 262: (_SHORT, [1]), 277: (_SHORT, [1])}
    if recipe.is_fluorescence:
        tags |= {65434: (_ASCII, b"DAPI 2 (387)\0"), 65451: (_FLOAT, [455.0])}
    return tags


class _Writer:
    """Classic TIFF with links of eight bytes, and high halves behind each of them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._link_at = 4
        file.write(b"II*\0" + bytes(8))

    def image(self, tags: _Tags, strip: bytes, starts: str) -> None:
        offset = self._put(strip)
        tags = {**tags, 273: (_LONG, [offset]), 279: (_LONG, [len(strip)])}
        if starts != "missing" and b"\xff\xdd" in strip[:2000]:
            table = restart_starts(strip)
            if starts == "wrong":
                table = [table[0], *(start - 1 for start in table[1:])]
            if starts == "short":
                table = table[:-1]
            tags[65426] = (_LONG, table)
            tags[65432] = (_LONG, [0] * len(table))
        self._directory(tags)

    def _put(self, data: bytes) -> int:
        offset = self._file.tell()
        self._file.write(data + b"\0" * (len(data) % 2))
        return offset

    def _directory(self, tags: _Tags) -> None:
        entries, high_halves = b"", b""
        for tag, (kind, value) in sorted(tags.items()):
            if isinstance(value, bytes):
                data, count = value, len(value)
            elif tag in (273, 279):
                data, count = struct.pack("<Q", value[0]), 1  # its high half goes behind the directory
            else:
                data = struct.pack(f"<{len(value)}{_FORMATS[kind]}", *value)
                count = len(value) // 2 if kind == _RATIONAL else len(value)
            if len(data) > 4 and tag not in (273, 279):
                data = struct.pack("<Q", self._put(data))
            data = data.ljust(8, b"\0")
            entries += struct.pack("<HHI", tag, kind, count) + data[:4]
            high_halves += data[4:]
        offset = self._put(struct.pack("<H", len(tags)) + entries + bytes(8) + high_halves)
        end = self._file.tell()
        self._file.seek(self._link_at)
        self._file.write(struct.pack("<Q", offset))
        self._file.seek(end)
        self._link_at = offset + 2 + len(entries)
