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
from tiling.jpeg.assemble import Source, TileForm, assemble
from tiling.jpeg.blocks import CodeTable, blocks_of, code_of_zero, empty_unit, empty_units, with_all_codes
from tiling.jpeg.grid import McuGrid, Pieces, Segments, TileRange, mcus_in_tiles, pieces_of
from tiling.jpeg.headers import with_size
from tiling.jpeg.lockstep import MAX_DATA_BYTES, Program, Runs, walk, windows_of
from tiling.jpeg.markers import complete_tile, serialise
from tiling.jpeg.segments import SOF_BASELINE, SOF_EXTENDED, parse_stream, parse_tables
from tiling.jpeg.stuffing import unstuffed

Numbers = NDArray[np.int64]


class Regridder:
    """Cuts segments that were all coded under one header. Immutable, thread-safe."""

    def __init__(
        self, header: bytes, *, tile_side_px: int = 256, is_rgb: bool = False, tables: bytes = b""
    ) -> None:
        """`header`: a JPEG stream at least up to its image data; `tables`: a TIFF's JPEGTables, or none.

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
        # A walk stops at the first block of each component of a piece, and behind its last MCU.
        numbers = [block.component for block in blocks]
        first_blocks = [numbers.index(component) for component in range(len(scan.components))]
        borders = [*first_blocks[1:], len(blocks)]
        phases = [blocks[start:end] for start, end in zip([0, *borders], borders, strict=False)]
        self._phase_blocks = [len(phase) for phase in phases]
        self.blocks = tuple(blocks)
        phases[-1] = list(phases[-1]) + list(blocks) * (self._tile.columns - 1)
        self._program = Program(phases)

        dc_tables = tuple(scan.tables.huffman[c.dc_table][1:] for c in scan.components)
        scan = with_all_codes(scan)
        bare = replace(scan, restart_interval_mcu=0, entropy_start=0, entropy_end=0)
        whole = serialise(replace(stream, scans=(bare,)), b"", stream.adobe_transform)
        unit, unit_bits = empty_unit(blocks, scan)
        self.form = TileForm(
            header=complete_tile(whole, b"", is_rgb=is_rgb)[:-2],
            tile=self._tile,
            components=tuple(block.component for block in blocks),
            dc_tables=dc_tables,
            codes=tuple(CodeTable(scan.tables.huffman[c.dc_table][1:]) for c in scan.components),
            ends_of_block=tuple(code_of_zero(scan, 16 + c.ac_table) for c in scan.components),
            empty_unit=unit,
            empty_bits=unit_bits,
            empty=empty_units(unit, unit_bits, self._tile.columns * self._tile.rows),
        )

    def mcu_grid(self, width_px: int, height_px: int) -> McuGrid:
        """The grid of an image of this size."""
        return McuGrid(-(-width_px // self.mcu_width_px), -(-height_px // self.mcu_height_px))

    def cut(self, segments: Segments, grid: McuGrid, tiles: TileRange) -> list[bytes | None]:
        """The tiles of a range, row by row: complete streams of the tile's full size.

        Raises UncroppableJpegError for more data than can be cut at once.
        """
        if len(segments.data) > MAX_DATA_BYTES:
            raise UncroppableJpegError("there is too much JPEG data to cut it at once")
        plain = unstuffed(segments.data)
        start_bits = plain.plain(segments.starts) * 8 + segments.skipped_bits
        end_bits = plain.plain(segments.ends) * 8
        has_marker = plain.marker_count(segments.starts, segments.ends) > 0
        has_marker |= segments.ends <= segments.starts
        windows = windows_of(plain.data)
        pieces = pieces_of(segments, grid, self._tile, tiles)
        runs = self._runs(segments, pieces, start_bits, end_bits)
        walked = walk(windows, self._program, runs)
        is_usable = ~(walked.is_damaged | has_marker)[pieces.segments] & (pieces.tiles >= 0)
        sizes = pieces.rights - pieces.lefts
        found = np.bincount(pieces.tiles[is_usable], sizes[is_usable], tiles.count).astype(np.int64)
        expected = mcus_in_tiles(grid, self._tile, tiles)
        is_whole = (found == expected) & (expected > 0)
        is_usable &= is_whole[pieces.tiles]
        chosen = np.flatnonzero(is_usable)
        order = chosen[np.lexsort((pieces.lefts[chosen], pieces.rows[chosen], pieces.tiles[chosen]))]
        found_tiles = assemble(self.form, Source(plain.data, windows, runs, walked), grid, pieces, order)
        return [found_tiles.get(number) for number in range(tiles.count)]

    def _runs(self, segments: Segments, pieces: Pieces, start_bits: Numbers, end_bits: Numbers) -> Runs:
        """Each segment's stops: one for each component of each piece."""
        stops_per_piece = len(self._phase_blocks)
        blocks = np.empty((len(pieces.segments), stops_per_piece), np.int64)
        blocks[:] = self._phase_blocks
        blocks[:, -1] += (pieces.rights - pieces.lefts - 1) * len(self.blocks)
        blocks += self._program.places
        first_piece = np.searchsorted(pieces.segments, np.arange(len(start_bits) + 1))
        return Runs(start_bits, end_bits, segments.predictors, first_piece * stops_per_piece, blocks.ravel())
