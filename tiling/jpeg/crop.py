"""Crop a JPEG at its right and lower edge without loss.

The entropy-coded data is walked symbol by symbol, never decoded to pixels. The minimum coded units (MCUs)
that lie in the crop are copied bit for bit, except for the DC differences of units whose predecessor was
dropped, which are written anew. Every DCT coefficient of the result is therefore the source's.

What a decoder may show differently: nothing where chroma is not subsampled, and never the luma. Where
chroma is subsampled, a decoder that interpolates it (libjpeg's "fancy upsampling") mixes each pixel's
chroma from the two nearest samples. At the edge of the crop the sample beyond is no longer part of the
image, so the decoder repeats the last one: the outermost column (of horizontally subsampled images, at even
widths) and the outermost row (of vertically subsampled ones, at even heights) may differ in colour from the
same pixels of the uncropped image. At odd sizes the outermost pixel lies on the near side of its sample,
and libjpeg shows it unchanged. A crop of at most two chroma samples across (4 px) is not interpolated at all.
"""

import re
from array import array
from dataclasses import dataclass, replace

import numpy as np

from tiling.errors import MalformedJpegError, UncroppableJpegError
from tiling.jpeg.blocks import blocks_of, with_all_codes
from tiling.jpeg.huffman import (
    BLOCK_COEFFICIENTS,
    END_OF_BLOCK,
    SKIP_BITS,
    SKIP_MASK,
    BitWriter,
    ac_lookup,
    dc_codes,
    dc_lookup,
)
from tiling.jpeg.markers import serialise
from tiling.jpeg.segments import SOF_BASELINE, SOF_EXTENDED, Frame, Scan, Stream, parse_stream

# A walk looks at 16 bits from every bit position, which are made beforehand and take 16 times the data.
_MAX_ENTROPY_BYTES = 8 << 20
# A block of the longest codes has 64 * 31 bits; a walk checks after each block whether it left the data.
_PADDING = b"\xff" * 256
_restarts = re.compile(rb"\xff+([\xd0-\xd7])")


def crop(data: bytes, width_px: int, height_px: int) -> bytes:
    """The top left `width_px` × `height_px` of a complete JPEG stream, coefficient for coefficient.

    Takes baseline and extended Huffman streams of 8 bits in one scan, any sampling, with or without restart
    intervals; the result has no restart markers unless the grid of MCUs is unchanged. Application data and
    comments are dropped, an Adobe marker is kept as `complete_tile` writes it. Raises UncroppableJpegError
    for other codings, MalformedJpegError for damaged streams, ValueError if the crop is empty or larger
    than the image.
    """
    stream = parse_stream(data)
    frame = stream.frame
    if not (0 < width_px <= frame.width_px and 0 < height_px <= frame.height_px):
        raise ValueError("the crop must lie inside the image and not be empty")
    if frame.marker not in (SOF_BASELINE, SOF_EXTENDED) or frame.precision_bits != 8:
        raise UncroppableJpegError(
            "only a sequential Huffman-coded JPEG of 8 bits can be cropped without loss"
        )
    if len(stream.scans) != 1:
        raise UncroppableJpegError("only a JPEG with a single scan can be cropped without loss")
    scan = stream.scans[0]
    cropped_frame = _resized(frame, width_px, height_px)
    source_grid, target_grid = _mcu_grid(frame), _mcu_grid(cropped_frame)
    entropy = data[scan.entropy_start : scan.entropy_end]
    if source_grid != target_grid:
        if len(entropy) > _MAX_ENTROPY_BYTES:
            raise UncroppableJpegError("a JPEG stream is too large to be cropped as a tile")
        intervals = _intervals(entropy, scan.restart_interval_mcu)
        entropy = _Crop(frame, scan, source_grid, target_grid).run(intervals)
        scan = replace(with_all_codes(scan, with_end_of_block=False), restart_interval_mcu=0)
    scan = replace(scan, entropy_start=0, entropy_end=len(entropy))
    return serialise(Stream(cropped_frame, (scan,), stream.adobe_transform), entropy, stream.adobe_transform)


@dataclass(frozen=True, slots=True)
class _Block:
    """One block of an MCU: which component it belongs to, and how its codes are read and written."""

    component: int
    dc: list[int]
    ac: list[int]
    new_dc_codes: dict[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Interval:
    """The entropy-coded bytes between two restart markers, without stuffing.

    windows: at each bit position the 16 bits that start there, as far as a walk can look.
    """

    data: bytes
    bit_count: int
    windows: "array[int]"


class _Crop:
    """One run over the MCUs of a scan. Grids are (columns, rows) of MCUs."""

    def __init__(
        self, frame: Frame, scan: Scan, source_grid: tuple[int, int], target_grid: tuple[int, int]
    ) -> None:
        self._blocks = _blocks(frame, scan)
        self._source_grid = source_grid
        self._target_grid = target_grid
        self._interval_mcu = scan.restart_interval_mcu or source_grid[0] * source_grid[1]
        self._predictors = [0] * len(scan.components)
        self._new_predictors = [0] * len(scan.components)
        self._bits = BitWriter()

    def run(self, intervals: list[bytes]) -> bytes:
        """The stuffed entropy-coded bytes of the crop."""
        source_columns, source_rows = self._source_grid
        columns, rows = self._target_grid
        last_mcu = (rows - 1) * source_columns + columns
        for index, start_mcu in enumerate(range(0, last_mcu, self._interval_mcu)):
            if index >= len(intervals):
                raise MalformedJpegError("the JPEG stream ends before its image does")
            self._predictors = [0] * len(self._predictors)
            end_mcu = min(start_mcu + self._interval_mcu, source_columns * source_rows, last_mcu)
            self._run_interval(_interval(intervals[index]), start_mcu, end_mcu)
        return self._bits.stuffed()

    def _run_interval(self, interval: _Interval, mcu: int, end_mcu: int) -> None:
        source_columns, columns = self._source_grid[0], self._target_grid[0]
        position = 0
        while mcu < end_mcu:
            column = mcu % source_columns
            if column < columns:
                count = min(columns - column, end_mcu - mcu)
                position = self._keep(interval, position, count)
            else:
                count = min(source_columns - column, end_mcu - mcu)
                if mcu + count < end_mcu:
                    position = self._skip(interval, position, count)
            mcu += count

    def _keep(self, interval: _Interval, position: int, count: int) -> int:
        """Copy `count` MCUs, of which the first may have lost its predecessor."""
        copied, position = self._rewrite(interval, position)
        if count > 1:
            position = self._skip(interval, position, count - 1)
            self._new_predictors = self._predictors.copy()
        self._bits.copy(interval.data, copied, position)
        return position

    def _rewrite(self, interval: _Interval, position: int) -> tuple[int, int]:
        """Walk one MCU and write its changed DC differences; returns how far bits are copied, and walked."""
        windows, predictors, new_predictors = interval.windows, self._predictors, self._new_predictors
        copied = position
        for block in self._blocks:
            component, start = block.component, position
            entry = block.dc[windows[position]]
            position += entry & SKIP_MASK
            size = entry >> SKIP_BITS
            difference = _extended(windows[position] >> (16 - size), size) if size else 0
            position += size
            predictors[component] += difference
            new_difference = predictors[component] - new_predictors[component]
            new_predictors[component] = predictors[component]
            if new_difference != difference:
                self._bits.copy(interval.data, copied, start)
                self._write_difference(new_difference, block.new_dc_codes)
                copied = position
            position = _after_ac(windows, position, block.ac)
            if not entry or position > interval.bit_count:
                raise MalformedJpegError("the JPEG stream's image data is damaged")
        return copied, position

    def _write_difference(self, difference: int, new_dc_codes: dict[int, tuple[int, int]]) -> None:
        size = abs(difference).bit_length()
        if size not in new_dc_codes:
            raise UncroppableJpegError("a JPEG stream has DC differences beyond 8-bit samples")
        code, length = new_dc_codes[size]
        self._bits.write(code, length)
        self._bits.write(difference if difference >= 0 else difference + (1 << size) - 1, size)

    def _skip(self, interval: _Interval, position: int, count: int) -> int:
        """Walk `count` MCUs, keeping account of the DC values.

        This loop is where the time goes, so it repeats what `_rewrite` says in functions.
        """
        windows, bit_count, predictors = interval.windows, interval.bit_count, self._predictors
        blocks = [(block.component, block.dc, block.ac) for block in self._blocks]
        for _ in range(count):
            for component, dc, ac in blocks:
                entry = dc[windows[position]]
                position += entry & SKIP_MASK
                size = entry >> SKIP_BITS
                if size:
                    value = windows[position] >> (16 - size)
                    position += size
                    predictors[component] += value if value >> (size - 1) else value - (1 << size) + 1
                k = 1
                while k < BLOCK_COEFFICIENTS:
                    skip = ac[windows[position]]
                    position += skip & SKIP_MASK
                    k += skip >> SKIP_BITS
                if BLOCK_COEFFICIENTS < k < END_OF_BLOCK or position > bit_count or not entry:
                    raise MalformedJpegError("the JPEG stream's image data is damaged")
        return position


def _after_ac(windows: "array[int]", position: int, ac: list[int]) -> int:
    k = 1
    while k < BLOCK_COEFFICIENTS:
        skip = ac[windows[position]]
        position += skip & SKIP_MASK
        k += skip >> SKIP_BITS
    if BLOCK_COEFFICIENTS < k < END_OF_BLOCK:
        raise MalformedJpegError("the JPEG stream's image data is damaged")
    return position


def _extended(value: int, size: int) -> int:
    """The signed number that `size` value bits stand for (T.81, F.2.2.1)."""
    return value if value >> (size - 1) else value - (1 << size) + 1


def _blocks(frame: Frame, scan: Scan) -> list[_Block]:
    blocks = blocks_of(frame, scan)
    new = with_all_codes(scan, with_end_of_block=False)
    new_dc_codes = [dc_codes(new.tables.huffman[c.dc_table][1:]) for c in scan.components]
    return [
        _Block(b.component, dc_lookup(b.dc_table), ac_lookup(b.ac_table), new_dc_codes[b.component])
        for b in blocks
    ]


def _resized(frame: Frame, width_px: int, height_px: int) -> Frame:
    body = frame.body[:1] + height_px.to_bytes(2, "big") + width_px.to_bytes(2, "big") + frame.body[5:]
    return replace(frame, body=body, width_px=width_px, height_px=height_px)


def _mcu_grid(frame: Frame) -> tuple[int, int]:
    """(columns, rows) of MCUs."""
    is_interleaved = len(frame.components) > 1
    horizontal = max(c.horizontal for c in frame.components) if is_interleaved else 1
    vertical = max(c.vertical for c in frame.components) if is_interleaved else 1
    return -(-frame.width_px // (8 * horizontal)), -(-frame.height_px // (8 * vertical))


def _intervals(entropy: bytes, restart_interval_mcu: int) -> list[bytes]:
    """The stuffed bytes of each restart interval; the markers must count up."""
    pieces = _restarts.split(entropy)
    if any(marker[0] != 0xD0 + index % 8 for index, marker in enumerate(pieces[1::2])):
        raise MalformedJpegError("the JPEG stream's restart markers do not count up")
    if len(pieces) > 1 and not restart_interval_mcu:
        raise MalformedJpegError("the JPEG stream has restart markers that it did not announce")
    return pieces[::2]


def _interval(stuffed: bytes) -> _Interval:
    if (
        b"\xff\xff" in stuffed
    ):  # fill bytes are for markers only; decoders differ in what they make of them here
        raise MalformedJpegError("the JPEG stream's image data is damaged")
    data = stuffed.replace(b"\xff\0", b"\xff")
    octets = np.frombuffer(data + _PADDING, np.uint8).astype(np.uint32)
    three_octets = octets[:-2] << 16 | octets[1:-1] << 8 | octets[2:]
    by_bit = np.empty((len(three_octets), 8), np.uint16)
    for bit in range(8):
        by_bit[:, bit] = three_octets >> (8 - bit) & 0xFFFF
    windows = array("H")
    windows.frombytes(by_bit.tobytes())
    return _Interval(data, 8 * len(data), windows)
