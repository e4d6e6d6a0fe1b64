"""Cut JPEG data into square tiles without loss: segments in, complete tile streams out.

A *segment* is entropy-coded data that can be decoded on its own, for a run of minimum coded units (MCUs) at
a known place: what lies between two restart markers, or the whole scan of a TIFF's strip or tile. The tiles
are cut on MCU borders. Bits are moved, DC differences at the cuts are coded anew; no pixel is decoded, and
every DCT coefficient of a tile is the source's. Where the source ends inside a tile, the rest of the tile
consists of empty blocks.

For another format::

    regridder = Regridder(header)      # a JPEG up to its image data; the size in it is not believed
    grid = regridder.mcu_grid(width_px, height_px)
    segments = Segments.of_scan(data, starts, ends, interval_mcu, grid, first)         # restart segments
    segments = Segments.of_rectangles(data, starts, ends, columns, rows, mcus_each)    # strips, tiles
    tiles = regridder.cut(segments, grid, TileRange(first_col, first_row, cols, rows)) # row by row

A tile is None where a segment that it needs was not given or is damaged. Segments may hold more than the
tiles asked for. Give hundreds together: they are walked in lockstep, and one alone takes nearly as long.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tiling.errors import UncroppableJpegError
from tiling.jpeg.bitjoin import WORD_BITS, join, words_of
from tiling.jpeg.blocks import CodeTable, blocks_of, empty_units, with_all_codes
from tiling.jpeg.grid import McuGrid, Pieces, Segments, TileRange, mcus_in_tiles, pieces_of
from tiling.jpeg.lockstep import (
    MAX_DATA_BYTES,
    PADDING_BYTES,
    Program,
    Runs,
    Walked,
    differences_at,
    walk,
    windows_of,
)
from tiling.jpeg.markers import complete_tile, serialise
from tiling.jpeg.segments import SOF_BASELINE, SOF_EXTENDED, parse_stream, parse_tables, with_size

Numbers = NDArray[np.int64]


class Regridder:
    """Cuts segments that were all coded under one header. Immutable, thread-safe."""

    def __init__(
        self, header: bytes, *, tile_side_px: int = 256, is_rgb: bool = False, tables: bytes = b""
    ) -> None:
        """`header`: a JPEG stream at least up to its image data; `tables`: those in force before (JPEGTables).

        Raises UncroppableJpegError for codings that cannot be cut (progressive, arithmetic, lossless, several
        scans, more than 8 bits), MalformedJpegError.
        """
        stream = parse_stream(with_size(header, tile_side_px, tile_side_px), parse_tables(tables))
        frame, scan = stream.frame, stream.scans[0]
        if frame.marker not in (SOF_BASELINE, SOF_EXTENDED) or frame.precision_bits != 8:
            raise UncroppableJpegError("only sequential Huffman-coded JPEG data of 8 bits can be cut")
        if len(scan.components) != len(frame.components):
            raise UncroppableJpegError("only JPEG data in a single scan can be cut")
        is_interleaved = len(frame.components) > 1
        self.mcu_width_px = 8 * max(c.horizontal for c in frame.components) if is_interleaved else 8
        self.mcu_height_px = 8 * max(c.vertical for c in frame.components) if is_interleaved else 8
        if tile_side_px % self.mcu_width_px or tile_side_px % self.mcu_height_px:
            raise UncroppableJpegError("the units of the JPEG data do not fit into tiles")
        self.frame = frame
        self.restart_interval_mcu = scan.restart_interval_mcu
        self.tile_side_px = tile_side_px
        self._tile = McuGrid(tile_side_px // self.mcu_width_px, tile_side_px // self.mcu_height_px)

        blocks = blocks_of(frame, scan)
        self._dc_tables = [scan.tables.huffman[c.dc_table][1:] for c in scan.components]
        # A walk stops at the first block of each component of a piece, and behind its last MCU.
        numbers = [block.component for block in blocks]
        first_blocks = [numbers.index(component) for component in range(len(scan.components))]
        borders = [*first_blocks[1:], len(blocks)]
        phases = [blocks[start:end] for start, end in zip([0, *borders], borders, strict=False)]
        self._phase_blocks = [len(phase) for phase in phases]
        self._blocks_per_mcu = len(blocks)
        phases[-1] = list(phases[-1]) + list(blocks) * (self._tile.columns - 1)
        self._program = Program(phases)

        scan = with_all_codes(scan)
        self._codes = [CodeTable(scan.tables.huffman[c.dc_table][1:]) for c in scan.components]
        self._empty_bits, self._empty = empty_units(blocks, scan, self._tile.columns * self._tile.rows)
        bare = replace(scan, restart_interval_mcu=0, entropy_start=0, entropy_end=0)
        whole = serialise(replace(stream, scans=(bare,)), b"", stream.adobe_transform)
        self._header = complete_tile(whole, b"", is_rgb=is_rgb)[:-2]

    def mcu_grid(self, width_px: int, height_px: int) -> McuGrid:
        """The grid of an image of this size."""
        return McuGrid(-(-width_px // self.mcu_width_px), -(-height_px // self.mcu_height_px))

    def cut(self, segments: Segments, grid: McuGrid, tiles: TileRange) -> list[bytes | None]:
        """The tiles of a range, row by row: complete streams of the tile's full size.

        Raises UncroppableJpegError for more data than can be cut at once.
        """
        if len(segments.data) > MAX_DATA_BYTES:
            raise UncroppableJpegError("there is too much JPEG data to cut it at once")
        clean, start_bits, end_bits, has_marker = _unstuffed(segments)
        windows = windows_of(clean)
        pieces = pieces_of(segments, grid, self._tile, tiles)
        runs = self._runs(pieces, start_bits, end_bits)
        walked = walk(windows, self._program, runs)
        is_usable = ~(walked.is_damaged | has_marker)[pieces.segments] & (pieces.tiles >= 0)
        sizes = pieces.rights - pieces.lefts
        found = np.bincount(pieces.tiles[is_usable], sizes[is_usable], tiles.count).astype(np.int64)
        expected = mcus_in_tiles(grid, self._tile, tiles)
        is_whole = (found == expected) & (expected > 0)
        is_usable &= is_whole[pieces.tiles]
        chosen = np.flatnonzero(is_usable)
        order = chosen[np.lexsort((pieces.lefts[chosen], pieces.rows[chosen], pieces.tiles[chosen]))]
        return self._assembled(clean, windows, grid, tiles, pieces, order, runs, walked)

    def _runs(self, pieces: Pieces, start_bits: Numbers, end_bits: Numbers) -> Runs:
        """Each segment's stops: one for each component of each piece."""
        stops_per_piece = len(self._phase_blocks)
        blocks = np.empty((len(pieces.segments), stops_per_piece), np.int64)
        blocks[:] = self._phase_blocks
        blocks[:, -1] += (pieces.rights - pieces.lefts - 1) * self._blocks_per_mcu
        blocks += self._program.places
        first_piece = np.searchsorted(pieces.segments, np.arange(len(start_bits) + 1))
        return Runs(start_bits, end_bits, first_piece * stops_per_piece, blocks.ravel())

    def _assembled(
        self,
        clean: NDArray[np.uint8],
        windows: NDArray[np.uint32],
        grid: McuGrid,
        tiles: TileRange,
        pieces: Pieces,
        order: Numbers,
        runs: Runs,
        walked: Walked,
    ) -> list[bytes | None]:
        """Join the pieces `order` of each tile, with new DC differences at the start of each."""
        components = len(self._phase_blocks)
        out: list[bytes | None] = [None] * tiles.count
        if not len(order):
            return out
        tile = pieces.tiles[order]
        is_first = np.append(True, tile[1:] != tile[:-1])
        is_last = np.append(is_first[1:], True)
        stop_bits = walked.bits.reshape(-1, components)
        stop_predictors = walked.predictors.reshape(len(stop_bits), components, -1)
        # A piece begins where the one before it in its segment ended.
        opens_segment = np.append(True, pieces.segments[1:] != pieces.segments[:-1])
        begin = np.append(0, stop_bits[:-1, -1])
        begin = np.where(opens_segment, runs.start_bits[pieces.segments], begin)[order]
        before = np.zeros((len(stop_bits), components), np.int64)
        before[1:] = np.where(opens_segment[1:, None], 0, stop_predictors[:-1, -1, :components])
        before, after = before[order], stop_predictors[order, -1, :components].astype(np.int64)
        in_tile = np.zeros_like(before)
        in_tile[1:] = np.where(is_first[1:, None], 0, after[:-1])
        stops = stop_bits[order]

        count = len(order)
        size = len(clean) // 8 + 2
        words = np.zeros(size + len(self._empty) + count * components + 2, np.uint64)
        words[1 : size - 1] = words_of(clean)
        empty_at, codes_at = size * WORD_BITS, (size + len(self._empty)) * WORD_BITS
        words[size : size + len(self._empty)] = self._empty
        words[-2] = 0xFF << 56
        # Of each piece: for each component a new code and the old bits behind it; empty units; bits to fill up.
        source = np.empty((count, 2 * components + 2), np.int64)
        length = np.zeros((count, 2 * components + 2), np.int64)
        is_possible = np.ones(count, np.bool_)
        for c in range(components):
            starts = begin if c == 0 else stops[:, c - 1]
            difference, code_ends = differences_at(windows, starts, self._dc_tables[c])
            code, code_bits = self._codes[c](before[:, c] + difference - in_tile[:, c])
            is_possible &= code_bits > 0
            first = size + len(self._empty) + c * count
            words[first : first + count] = code
            source[:, 2 * c] = codes_at + (c * count + np.arange(count)) * WORD_BITS
            length[:, 2 * c] = code_bits
            source[:, 2 * c + 1] = code_ends + WORD_BITS
            length[:, 2 * c + 1] = stops[:, c] - code_ends
        source[:, -2], length[:, -2] = (
            empty_at,
            self._missing(grid, pieces, order, is_last) * self._empty_bits,
        )
        source[:, -1] = (len(words) - 2) * WORD_BITS

        firsts = np.flatnonzero(is_first)
        tile_bits = np.add.reduceat(length.sum(axis=1), firsts)
        length[is_last, -1] = -tile_bits % 8
        tile_bytes = (tile_bits + 7) // 8
        tile_words = (tile_bytes + 7) // 8
        first_word = np.cumsum(tile_words) - tile_words
        lengths = length.ravel()
        targets = np.cumsum(lengths) - lengths
        per_piece = length.shape[1]
        shift = first_word * WORD_BITS - targets[firsts * per_piece]
        pieces_of_tile = np.diff(np.append(firsts, count))
        targets += np.repeat(shift, pieces_of_tile * per_piece)
        joined = join(words, source.ravel(), lengths, targets, int(tile_words.sum())).astype(">u8").tobytes()
        is_possible = np.logical_and.reduceat(is_possible, firsts)
        for index in range(len(firsts)):
            if is_possible[index]:
                start = int(first_word[index]) * 8
                body = joined[start : start + int(tile_bytes[index])].replace(b"\xff", b"\xff\0")
                out[int(tile[firsts[index]])] = b"%b%b\xff\xd9" % (self._header, body)
        return out

    def _missing(self, grid: McuGrid, pieces: Pieces, order: Numbers, is_last: NDArray[np.bool_]) -> Numbers:
        """How many MCUs behind each piece its tile has and the source has not."""
        columns, rows = self._tile.columns, self._tile.rows
        rights, lefts = pieces.rights[order], pieces.lefts[order]
        tile_end = (lefts // columns + 1) * columns
        missing = np.where(rights == grid.columns, tile_end - rights, 0)
        rows_left = rows - 1 - pieces.rows[order] % rows
        return missing + np.where(is_last, rows_left * columns, 0)


def _unstuffed(segments: Segments) -> tuple[NDArray[np.uint8], Numbers, Numbers, NDArray[np.bool_]]:
    """The data without stuffing, padded to words; where segments lie in it; which hold a marker."""
    data = np.frombuffer(segments.data, np.uint8)
    markers = np.flatnonzero(data[:-1] == 0xFF)
    is_stuffing = data[markers + 1] == 0
    stuffing, markers = markers[is_stuffing] + 1, markers[~is_stuffing]
    clean = segments.data.replace(b"\xff\0", b"\xff")
    clean += b"\xff" * (PADDING_BYTES + -len(clean) % 8)
    starts = segments.starts - np.searchsorted(stuffing, segments.starts)
    ends = segments.ends - np.searchsorted(stuffing, segments.ends)
    has_marker = np.searchsorted(markers, segments.starts) != np.searchsorted(markers, segments.ends - 1)
    has_marker |= segments.ends <= segments.starts
    return np.frombuffer(clean, np.uint8), starts * 8, ends * 8, has_marker
