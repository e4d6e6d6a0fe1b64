"""The few boxes that a canonical MP4 consists of (ISO/IEC 14496-12), and what is told in them."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray

from video.model import Matrix, PictureFormat

SAMPLES_PER_CHUNK = 32
_IDENTITY = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNSPECIFIED = 2
# H.273 numbers of (primaries, transfer, matrix). Sources that mean BT.601 seldom say of which primaries;
# BT.2020's transfer may be any of three. What is not known is not claimed.
COLOUR_NUMBERS = {
    Matrix.BT601: (_UNSPECIFIED, _UNSPECIFIED, 6),
    Matrix.BT709: (1, 1, 1),
    Matrix.BT2020: (9, _UNSPECIFIED, 9),
}
COLOUR_RANGES = {False: 1, True: 2}  # limited and full, as FFmpeg numbers them
_LARGEST_ASPECT_TERM = 255
_LARGEST_TICK_TERM = 1001  # 30000/1001 and its relatives come out exactly
_SMALLEST_TIMESCALE = 1_000
_SLOWEST_RATE, FASTEST_RATE = 1e-6, 1e4
FILE_TYPE = struct.pack(">I4s4sI8s", 24, b"ftyp", b"isom", 0x200, b"isomavc1")


@dataclass(frozen=True, slots=True)
class Tick:
    """timescale: units a second; duration: of every frame, in such units."""

    timescale: int
    duration: int

    @classmethod
    def of_rate(cls, frame_rate: float) -> "Tick":
        rate = Fraction(min(max(frame_rate, _SLOWEST_RATE), FASTEST_RATE))
        near = rate.limit_denominator(_LARGEST_TICK_TERM)
        if rate < 1:
            near = 1 / (1 / rate).limit_denominator(_LARGEST_TICK_TERM)
        factor = ceil(_SMALLEST_TIMESCALE / near.numerator)
        return cls(near.numerator * factor, near.denominator * factor)


def pixel_aspect_terms(pixel_aspect: float) -> tuple[int, int]:
    """Width and height of a pixel as small whole numbers."""
    if pixel_aspect < 1:
        return pixel_aspect_terms(1 / pixel_aspect)[::-1]
    near = Fraction(min(pixel_aspect, _LARGEST_ASPECT_TERM)).limit_denominator(100)
    while near.numerator > 65_535:
        near = near.limit_denominator(max(1, near.denominator // 2))
    return near.numerator, near.denominator


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def movie_box(
    picture: PictureFormat,
    tick: Tick,
    avcc: bytes,
    sizes: NDArray[np.uint32],
    first_offset: int,
    gop: int,
) -> bytes:
    """The whole moov. sizes: bytes of each sample; first_offset: where the first lies in the file."""
    count = len(sizes)
    duration = count * tick.duration
    size = struct.pack(">II", picture.width_px << 16, picture.height_px << 16)
    return box(
        b"moov",
        full_box(
            b"mvhd",
            1,
            0,
            struct.pack(">QQIQiHHII", 0, 0, tick.timescale, duration, 0x10000, 0x100, 0, 0, 0),
            _IDENTITY,
            bytes(24),
            struct.pack(">I", 2),
        ),
        box(
            b"trak",
            full_box(
                b"tkhd",
                1,
                3,
                struct.pack(">QQIIQQhhhH", 0, 0, 1, 0, duration, 0, 0, 0, 0, 0),
                _IDENTITY,
                size,
            ),
            box(
                b"mdia",
                full_box(b"mdhd", 1, 0, struct.pack(">QQIQHH", 0, 0, tick.timescale, duration, 0x55C4, 0)),
                full_box(b"hdlr", 0, 0, struct.pack(">I4s12sx", 0, b"vide", bytes(12))),
                box(
                    b"minf",
                    full_box(b"vmhd", 0, 1, bytes(8)),
                    box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1))),
                    _sample_tables(picture, tick, avcc, sizes, first_offset, gop),
                ),
            ),
        ),
    )


def _sample_tables(
    picture: PictureFormat,
    tick: Tick,
    avcc: bytes,
    sizes: NDArray[np.uint32],
    first_offset: int,
    gop: int,
) -> bytes:
    count = len(sizes)
    starts = np.concatenate(([0], np.cumsum(sizes, dtype=np.uint64)[:-1]))[::SAMPLES_PER_CHUNK]
    offsets = (starts.astype(np.uint64) + np.uint64(first_offset)).astype(">u8")
    runs = [(1, min(count, SAMPLES_PER_CHUNK), 1)]
    if count > SAMPLES_PER_CHUNK and count % SAMPLES_PER_CHUNK:
        runs.append((len(offsets), count % SAMPLES_PER_CHUNK, 1))
    # Without the table of key frames every frame is one.
    keys = b"" if gop == 1 else _table(b"stss", np.arange(1, count + 1, gop, dtype=">u4"))
    return box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), _sample_entry(picture, avcc)),
        full_box(b"stts", 0, 0, struct.pack(">III", 1, count, tick.duration)),
        keys,
        _table(b"stsc", np.array(runs, ">u4")),
        full_box(b"stsz", 0, 0, struct.pack(">II", 0, count), sizes.astype(">u4").tobytes()),
        _table(b"co64", offsets),
    )


def _table(kind: bytes, rows: NDArray[np.unsignedinteger]) -> bytes:
    return full_box(kind, 0, 0, struct.pack(">I", len(rows)), rows.tobytes())


def _sample_entry(picture: PictureFormat, avcc: bytes) -> bytes:
    colours = COLOUR_NUMBERS[picture.matrix]
    return box(
        b"avc1",
        struct.pack(">6xH16x", 1),
        struct.pack(">HHIIIH", picture.width_px, picture.height_px, 72 << 16, 72 << 16, 0, 1),
        bytes(32),
        struct.pack(">Hh", 24, -1),
        box(b"avcC", avcc),
        box(b"colr", b"nclx", struct.pack(">HHHB", *colours, picture.is_full_range << 7)),
        box(b"pasp", struct.pack(">II", *pixel_aspect_terms(picture.pixel_aspect))),
    )
