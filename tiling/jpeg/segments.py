"""A JPEG stream as values: strict, bounded, without decoding (ITU-T T.81, annex B)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType

from tiling.errors import MalformedJpegError

SOI, EOI, SOS, DQT, DNL, DHT, DAC, DRI = 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xC4, 0xCC, 0xDD
APP0, APP14, APP15, COM = 0xE0, 0xEE, 0xEF, 0xFE
SOF_BASELINE, SOF_EXTENDED, SOF_PROGRESSIVE = 0xC0, 0xC1, 0xC2
SOF_EXTENDED_ARITHMETIC, SOF_PROGRESSIVE_ARITHMETIC = 0xC9, 0xCA
FRAME_MARKERS = frozenset(
    {SOF_BASELINE, SOF_EXTENDED, SOF_PROGRESSIVE, SOF_EXTENDED_ARITHMETIC, SOF_PROGRESSIVE_ARITHMETIC}
)
PROGRESSIVE_MARKERS = frozenset({SOF_PROGRESSIVE, SOF_PROGRESSIVE_ARITHMETIC})
ARITHMETIC_MARKERS = frozenset({SOF_EXTENDED_ARITHMETIC, SOF_PROGRESSIVE_ARITHMETIC})

MAX_SEGMENTS = 1024
MAX_SCANS = 256

# In entropy-coded data a 0xFF is followed by 0 (stuffing) or D0–D7 (restart); any other follower ends it.
_find_entropy_end = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]").search

_EMPTY: Mapping[int, bytes] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables in force at one moment.

    quantisation: table number → the DQT body of that table (precision and number, then the values).
    huffman: class * 16 + number → the DHT body (class and number, 16 counts, symbols).
    conditioning: class * 16 + number → the two DAC bytes (arithmetic coding only).
    """

    quantisation: Mapping[int, bytes] = field(default_factory=lambda: _EMPTY)
    huffman: Mapping[int, bytes] = field(default_factory=lambda: _EMPTY)
    conditioning: Mapping[int, bytes] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True)
class Component:
    component_id: int
    horizontal: int
    vertical: int
    quantisation_table: int


@dataclass(frozen=True, slots=True)
class Frame:
    """The SOF segment. `body` is the segment without marker and length."""

    marker: int
    body: bytes
    precision_bits: int
    width_px: int
    height_px: int
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class ScanComponent:
    component_id: int
    dc_table: int
    ac_table: int


@dataclass(frozen=True, slots=True)
class Scan:
    """The SOS segment, the tables in force there, and where its entropy-coded bytes lie in the stream."""

    body: bytes
    components: tuple[ScanComponent, ...]
    spectral_start: int
    spectral_end: int
    approximation: int
    tables: Tables
    restart_interval_mcu: int
    entropy_start: int
    entropy_end: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A parsed stream: one frame, its scans, the transform its Adobe marker states (None without one)."""

    frame: Frame
    scans: tuple[Scan, ...]
    adobe_transform: int | None


def parse_tables(data: bytes) -> Tables:
    """The tables of an abbreviated table stream (a TIFF's JPEGTables); b"" means none.

    A restart interval or Adobe marker in it has no effect, as in libjpeg, where the next SOI resets both.
    Raises MalformedJpegError.
    """
    if not data:
        return Tables()
    state = _State(Tables())
    if state.read_segments(data, _after_soi(data)) is not None or state.frame is not None:
        raise MalformedJpegError("the JPEG tables stream holds an image")
    return state.tables()


def parse_stream(data: bytes, tables: Tables | None = None) -> Stream:
    """Parse a whole JPEG stream; `tables` are those in force before it. Bytes after EOI are not looked at.

    A missing EOI is tolerated; a missing or second frame, a missing scan or anything between the segments is
    not. A height that is only stated behind the first scan (DNL; T.81, B.2.5) is put into the frame. Raises
    MalformedJpegError.
    """
    state = _State(tables or Tables())
    offset = _after_soi(data)
    scans: list[Scan] = []
    while (sos := state.read_segments(data, offset)) is not None:
        if len(scans) == MAX_SCANS:
            raise MalformedJpegError("the JPEG stream has too many scans")
        scan = state.scan(data, sos)
        scans.append(scan)
        offset = scan.entropy_end
        if offset >= len(data) - 1:
            break
    if state.frame is None or not scans:
        raise MalformedJpegError("the JPEG stream has no image")
    if state.frame.height_px == 0:
        raise MalformedJpegError("the JPEG frame has no width or no height")
    coded = [component.component_id for scan in scans for component in scan.components]
    if len(set(coded)) != len(state.frame.components):
        raise MalformedJpegError("the JPEG stream lacks a component")
    if len(coded) != len(set(coded)) and state.frame.marker not in PROGRESSIVE_MARKERS:
        raise MalformedJpegError("the JPEG stream codes a component twice")
    return Stream(state.frame, tuple(scans), state.adobe_transform)


def parse_header(data: bytes) -> tuple[Frame, int, int | None]:
    """The frame, the restart interval in MCUs and the Adobe transform, read up to the first scan.

    Raises MalformedJpegError.
    """
    state = _State(Tables())
    state.read_segments(data, _after_soi(data))
    if state.frame is None:
        raise MalformedJpegError("the JPEG stream has no image")
    if state.frame.height_px == 0:
        return parse_stream(data).frame, state.restart_interval_mcu, state.adobe_transform
    return state.frame, state.restart_interval_mcu, state.adobe_transform


def find_entropy_end(data: bytes, start: int) -> int:
    """Offset behind the last entropy-coded byte: of the next marker with its fill bytes, or the end."""
    match = _find_entropy_end(data, start)
    end = match.start() if match else len(data)
    # An 0xFF right before a marker, or at the very end, is a fill byte: a coded one is followed by 0.
    while end > start and data[end - 1] == 0xFF:
        end -= 1
    return end


def segment(marker: int, body: bytes) -> bytes:
    """A marker segment with its length field."""
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


class _State:
    """What a decoder remembers from segment to segment."""

    def __init__(self, tables: Tables) -> None:
        self.quantisation = dict(tables.quantisation)
        self.huffman = dict(tables.huffman)
        self.conditioning = dict(tables.conditioning)
        self.restart_interval_mcu = 0
        self.adobe_transform: int | None = None
        self.frame: Frame | None = None
        self.segments_left = MAX_SEGMENTS

    def tables(self) -> Tables:
        return Tables(dict(self.quantisation), dict(self.huffman), dict(self.conditioning))

    def read_segments(self, data: bytes, offset: int) -> tuple[int, int] | None:
        """Read up to the next SOS and return where its body lies; None at EOI or at the end of the data."""
        size = len(data)
        while True:
            while offset < size and data[offset] == 0xFF:
                offset += 1
                if offset < size and data[offset] != 0xFF:
                    break
            else:
                if offset < size:
                    raise MalformedJpegError("the JPEG stream has bytes that belong to no segment")
                return None
            marker = data[offset]
            offset += 1
            if marker == EOI:
                return None
            self.segments_left -= 1
            if self.segments_left < 0:
                raise MalformedJpegError("the JPEG stream has too many segments")
            length = int.from_bytes(data[offset : offset + 2], "big")
            start, end = offset + 2, offset + length
            if length < 2 or end > size:
                raise MalformedJpegError("a JPEG segment reaches beyond the stream")
            if marker == SOS:
                return start, end
            self.read_segment(marker, data[start:end])
            offset = end

    def read_segment(self, marker: int, body: bytes) -> None:
        if marker in FRAME_MARKERS:
            if self.frame is not None:
                raise MalformedJpegError("the JPEG stream has two frames")
            self.frame = _frame(marker, body)
        elif marker == DHT:
            self.huffman.update(_huffman_tables(body))
        elif marker == DQT:
            self.quantisation.update(_quantisation_tables(body))
        elif marker == DRI:
            if len(body) != 2:
                raise MalformedJpegError("a JPEG restart interval has the wrong length")
            self.restart_interval_mcu = int.from_bytes(body, "big")
        elif marker == DAC:
            self.conditioning.update(_conditioning(body))
        elif marker == APP14 and body[:5] == b"Adobe":
            if len(body) < 12:
                raise MalformedJpegError("a JPEG Adobe marker is too short")
            self.adobe_transform = body[11]
        elif marker == DNL:
            self.frame = _with_height(self.frame, body)
        elif not (APP0 <= marker <= APP15 or marker == COM):
            raise MalformedJpegError("the JPEG stream uses a marker that is not supported in a tile")

    def scan(self, data: bytes, sos: tuple[int, int]) -> Scan:
        if self.frame is None:
            raise MalformedJpegError("a JPEG scan precedes its frame")
        start, end = sos
        body = data[start:end]
        count = body[0] if body else 0
        if not 1 <= count <= 4 or len(body) != 4 + 2 * count:
            raise MalformedJpegError("a JPEG scan header has the wrong length")
        known = {component.component_id for component in self.frame.components}
        components = tuple(
            ScanComponent(body[i], body[i + 1] >> 4, body[i + 1] & 15) for i in range(1, 1 + 2 * count, 2)
        )
        ids = {component.component_id for component in components}
        if len(ids) != count or not ids <= known:
            raise MalformedJpegError("a JPEG scan names components that the frame does not have")
        spectral_start, spectral_end, approximation = body[-3:]
        if self.frame.marker in PROGRESSIVE_MARKERS and not spectral_start <= spectral_end <= 63:
            raise MalformedJpegError("a JPEG scan has an impossible spectral range")
        return Scan(
            body,
            components,
            spectral_start,
            spectral_end,
            approximation,
            self.tables(),
            self.restart_interval_mcu,
            end,
            find_entropy_end(data, end),
        )


def _after_soi(data: bytes) -> int:
    if data[:2] != b"\xff\xd8":
        raise MalformedJpegError("the bytes do not start a JPEG stream")
    return 2


def _frame(marker: int, body: bytes) -> Frame:
    if len(body) < 6 or len(body) != 6 + 3 * body[5]:
        raise MalformedJpegError("the JPEG frame header has the wrong length")
    height_px, width_px = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    components = tuple(
        Component(body[i], body[i + 1] >> 4, body[i + 1] & 15, body[i + 2]) for i in range(6, len(body), 3)
    )
    if width_px == 0:
        raise MalformedJpegError("the JPEG frame has no width or no height")
    if not 1 <= len(components) <= 4 or len({c.component_id for c in components}) != len(components):
        raise MalformedJpegError("the JPEG frame has an impossible set of components")
    if not all(
        1 <= c.horizontal <= 4 and 1 <= c.vertical <= 4 and c.quantisation_table <= 3 for c in components
    ):
        raise MalformedJpegError("the JPEG frame has impossible sampling factors or table numbers")
    if body[0] not in ((8,) if marker == SOF_BASELINE else (8, 12)):
        raise MalformedJpegError("the JPEG frame has an impossible sample precision")
    return Frame(marker, body, body[0], width_px, height_px, components)


def _with_height(frame: Frame | None, body: bytes) -> Frame:
    """The frame with the number of lines that a DNL segment states."""
    height_px = int.from_bytes(body, "big")
    if frame is None or len(body) != 2 or height_px == 0 or frame.height_px not in (0, height_px):
        raise MalformedJpegError("the JPEG stream states a height that cannot be")
    return replace(frame, body=frame.body[:1] + body + frame.body[3:], height_px=height_px)


# The tables of one slide are few and come back in every tile that carries its own.
@lru_cache(maxsize=64)
def _huffman_tables(body: bytes) -> dict[int, bytes]:
    tables: dict[int, bytes] = {}
    offset = 0
    while offset < len(body):
        selector = body[offset]
        counts = body[offset + 1 : offset + 17]
        end = offset + 17 + sum(counts)
        if len(counts) != 16 or end > len(body) or sum(counts) > 256:
            raise MalformedJpegError("a JPEG Huffman table has the wrong length")
        if selector >> 4 > 1 or selector & 15 > 3:
            raise MalformedJpegError("a JPEG Huffman table has an impossible number")
        # The code of all ones is reserved, so a full tree is refused as well (T.81, C.2).
        if sum(count << (15 - i) for i, count in enumerate(counts)) > 65535:
            raise MalformedJpegError("a JPEG Huffman table has more codes than bits allow")
        symbols = body[offset + 17 : end]
        if selector >> 4 == 0 and any(symbol > 15 for symbol in symbols):
            raise MalformedJpegError("a JPEG Huffman table has an impossible symbol")
        tables[selector] = body[offset:end]
        offset = end
    return tables


@lru_cache(maxsize=64)
def _quantisation_tables(body: bytes) -> dict[int, bytes]:
    tables: dict[int, bytes] = {}
    offset = 0
    while offset < len(body):
        precision, number = body[offset] >> 4, body[offset] & 15
        end = offset + 1 + 64 * (precision + 1)
        if precision > 1 or number > 3 or end > len(body):
            raise MalformedJpegError("a JPEG quantisation table is malformed")
        tables[number] = body[offset:end]
        offset = end
    return tables


def _conditioning(body: bytes) -> dict[int, bytes]:
    if len(body) % 2 or any(selector >> 4 > 1 or selector & 15 > 3 for selector in body[::2]):
        raise MalformedJpegError("a JPEG arithmetic conditioning table is malformed")
    return {body[i]: body[i : i + 2] for i in range(0, len(body), 2)}
