"""Make a TIFF's abbreviated tile a complete JPEG stream, and prove that nothing of its image changed.

No pixel is decoded. A complete stream holds what a decoder needs and nothing else: the tables in force,
the frame, the scans with their entropy-coded bytes untouched, and an Adobe marker where readers would guess
the colours. Comments, application data, unused tables and whatever follows EOI are never copied.

What cannot be seen without decoding are bytes between the last coded unit and EOI. Decoders call them
extraneous (libjpeg warns), so whoever decodes the tiles strictly, to make the next level, is told of them.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from tiling.errors import MalformedJpegError
from tiling.jpeg.segments import (
    APP14,
    ARITHMETIC_MARKERS,
    DAC,
    DHT,
    DQT,
    DRI,
    PROGRESSIVE_MARKERS,
    SOS,
    Frame,
    Scan,
    Stream,
    Tables,
    find_entropy_end,
    parse_header,
    parse_stream,
    parse_tables,
    segment,
)

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_ADOBE_VERSION = 100
_TRANSFORM_RGB, _TRANSFORM_YCBCR = 0, 1
# The component ids that every decoder takes for YCbCr when no marker says so.
_YCBCR_IDS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class JpegFrame:
    """What a JPEG stream says about itself before its first scan.

    sampling: (horizontal, vertical) factors of each component. restart_interval_mcu: 0 without restarts.
    adobe_transform: 0 RGB or CMYK, 1 YCbCr, 2 YCCK, None without an Adobe marker.
    """

    width_px: int
    height_px: int
    component_count: int
    sampling: tuple[tuple[int, int], ...]
    is_progressive: bool
    precision_bits: int
    restart_interval_mcu: int
    adobe_transform: int | None
    is_arithmetic: bool


def frame_info(data: bytes) -> JpegFrame:
    """Describe a complete or abbreviated JPEG stream. Raises MalformedJpegError."""
    frame, restart_interval_mcu, adobe_transform = parse_header(data)
    return JpegFrame(
        frame.width_px,
        frame.height_px,
        len(frame.components),
        tuple((c.horizontal, c.vertical) for c in frame.components),
        frame.marker in PROGRESSIVE_MARKERS,
        frame.precision_bits,
        restart_interval_mcu,
        adobe_transform,
        frame.marker in ARITHMETIC_MARKERS,
    )


class TileCompleter:
    """Completes the tiles of one TIFF level; thread-safe.

    `tables` is the level's JPEGTables stream (b"" without one), `is_rgb` whether its photometric
    interpretation is RGB. The photometric tag decides the colours, as it does in libtiff and OpenSlide, even
    against the tile's own markers. Raises MalformedJpegError.
    """

    def __init__(self, tables: bytes, is_rgb: bool) -> None:
        self._tables = parse_tables(tables)
        self._is_rgb = is_rgb
        # The tiles of a level start with the same header, byte for byte. A header is a prefix code (its
        # segments state their lengths), so a tile that starts with a known one needs no parsing.
        self._known: tuple[bytes, bytes] | None = None

    def __call__(self, tile: bytes) -> bytes:
        """The complete stream of one tile; bytes after its EOI are dropped."""
        known = self._known
        if known is not None and tile.startswith(known[0]):
            start = len(known[0])
            end = find_entropy_end(tile, start)
            if _ends_image(tile, end):
                return b"".join((known[1], memoryview(tile)[start:end], _EOI))
        stream = parse_stream(tile, self._tables)
        completed = serialise(stream, tile, _transform_to_state(stream, self._is_rgb))
        scan = stream.scans[0]
        # Where the height was stated behind the scan, the next tile's may be another one.
        if len(stream.scans) == 1 and stream.frame.body in tile[: scan.entropy_start]:
            entropy_bytes = scan.entropy_end - scan.entropy_start
            self._known = (tile[: scan.entropy_start], completed[: len(completed) - 2 - entropy_bytes])
        return completed


def complete_tile(tile: bytes, tables: bytes, *, is_rgb: bool) -> bytes:
    """One tile and its level's JPEGTables as a complete JPEG stream; TileCompleter is for many."""
    return TileCompleter(tables, is_rgb)(tile)


def scan_digest(data: bytes, tables: bytes = b"") -> bytes:
    """SHA-256 over all that decides the image's samples: frame, scans, tables in force, entropy-coded bytes.

    Equal digests of a source tile (with its JPEGTables) and of a completed one prove that they decode to the
    same coefficients. Application data, comments, fill bytes, unused tables and the order of tables do not
    count. Raises MalformedJpegError.
    """
    stream = parse_stream(data, parse_tables(tables))
    digest = hashlib.sha256()
    for part in (bytes((stream.frame.marker,)), stream.frame.body):
        digest.update(len(part).to_bytes(4, "big") + part)
    for scan in stream.scans:
        for marker, body in _needed(stream.frame, scan):
            digest.update(segment(marker, body))
        digest.update(scan.restart_interval_mcu.to_bytes(2, "big"))
        digest.update(segment(SOS, scan.body))
        digest.update((scan.entropy_end - scan.entropy_start).to_bytes(4, "big"))
        digest.update(data[scan.entropy_start : scan.entropy_end])
    return digest.digest()


def serialise(stream: Stream, data: bytes, adobe_transform: int | None) -> bytes:
    """Write `stream` anew, its entropy-coded bytes out of `data`.

    Raises MalformedJpegError where a table is missing.
    """
    parts = [_SOI]
    if adobe_transform is not None:
        version_and_flags = _ADOBE_VERSION.to_bytes(2, "big") + bytes(4)
        parts.append(segment(APP14, b"Adobe" + version_and_flags + bytes((adobe_transform,))))
    written: dict[tuple[int, int], bytes] = {}
    restart_interval_mcu = 0
    for index, scan in enumerate(stream.scans):
        for marker, body in _needed(stream.frame, scan):
            if written.get((marker, body[0])) != body:
                written[marker, body[0]] = body
                parts.append(segment(marker, body))
        if scan.restart_interval_mcu != restart_interval_mcu:
            restart_interval_mcu = scan.restart_interval_mcu
            parts.append(segment(DRI, restart_interval_mcu.to_bytes(2, "big")))
        if index == 0:
            parts.append(segment(stream.frame.marker, stream.frame.body))
        parts += segment(SOS, scan.body), data[scan.entropy_start : scan.entropy_end]
    parts.append(_EOI)
    return b"".join(parts)


def _ends_image(data: bytes, offset: int) -> bool:
    """Whether nothing but fill bytes stands between `offset` and EOI, or the end of the data."""
    marker = data[offset : offset + 2]
    return marker in (_EOI, b"") or data[offset:].lstrip(b"\xff")[:1] in (b"\xd9", b"")


def _transform_to_state(stream: Stream, is_rgb: bool) -> int | None:
    components = stream.frame.components
    if len(components) == 4:
        return stream.adobe_transform
    if len(components) != 3:
        return None
    if is_rgb:
        return _TRANSFORM_RGB
    # Without JFIF or Adobe marker decoders guess from the ids; libjpeg and Java's ImageIO guess differently.
    ids = tuple(component.component_id for component in components)
    return None if ids == _YCBCR_IDS and stream.adobe_transform is None else _TRANSFORM_YCBCR


def _needed(frame: Frame, scan: Scan) -> Iterator[tuple[int, bytes]]:
    """Marker and body of each table that this scan uses, in a fixed order."""
    quantisation = {c.component_id: c.quantisation_table for c in frame.components}
    is_progressive = frame.marker in PROGRESSIVE_MARKERS
    # Decoders ignore the spectral range of a sequential scan, and some encoders write nonsense there.
    uses_dc = not is_progressive or (scan.spectral_start == 0 and scan.approximation >> 4 == 0)
    uses_ac = not is_progressive or scan.spectral_end > 0
    entropy_tables = {c.dc_table for c in scan.components} if uses_dc else set()
    if uses_ac:
        entropy_tables |= {16 + c.ac_table for c in scan.components}
    tables: Tables = scan.tables
    try:
        for number in sorted({quantisation[c.component_id] for c in scan.components}):
            yield DQT, tables.quantisation[number]
        for selector in sorted(entropy_tables):
            if frame.marker not in ARITHMETIC_MARKERS:
                yield DHT, tables.huffman[selector]
            elif selector in tables.conditioning:
                yield DAC, tables.conditioning[selector]
    except KeyError:
        raise MalformedJpegError("the JPEG stream refers to a table that is not there") from None
