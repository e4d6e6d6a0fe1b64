"""Prove that level 0 is the source's: every tile's scan data, compared with what a second reader finds."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import tifffile

from ground.source import ByteSource
from tiling.errors import MalformedJpegError, VerificationError
from tiling.geometry import Size
from tiling.jpeg import scan_digest
from tiling.model import Carriage, Slide, Witness
from tiling.scrub.execute import Executed
from tiling.scrub.streams import walk
from tiling.scrub.verify_cut import NOT_LEFT_OUT, compare_cut_tiles, reader
from tiling.scrub.verify_masks import require_white

_TILES_PER_REPORT = 256
_TILES_PER_RUN = 128
_NOT_DAMAGED = "the result shows something where the source's tile is damaged"
_EOI = b"\xff\xd9"
_MARKER = 0xFF
_WITHIN_SCANS = np.zeros(256, bool)
_WITHIN_SCANS[[0x00, *range(0xD0, 0xD8), _MARKER]] = True  # a coded 0xFF, restarts, fill bytes


@dataclass(frozen=True, slots=True)
class TileProof:
    """Counts of level-0 tiles, and of bytes inside the source's tiles that are not image data.

    identical: scan data equal to the source's bit for bit; cut: regrouped, every pixel equal to the source's;
    encoded: decoded and encoded once; missing: left out by the scanner, white; damaged: not decodable, white;
    masked: showed what must not be seen, proved to be white.
    """

    tiles: int
    identical: int
    cut: int
    encoded: int
    missing: int
    damaged: int
    masked: int
    foreign_bytes_dropped: int


def check_tiles(
    slide: Slide,
    witness: Witness,
    page: tifffile.TiffPage,
    slide_file: ByteSource,
    executed: Executed,
    pool: Executor,
    advance: Callable[[int], None],
) -> TileProof:
    """Compare all tiles of `page`, the result's level 0. Raises VerificationError where a tile differs
    from the source's without a reported reason."""
    if witness.grid != slide.grid:
        raise VerificationError("two libraries disagree about the source's size or tiles")
    if slide.carriage is Carriage.CUT:
        return _check_cut_tiles(slide, witness, page, slide_file, executed, pool, advance)
    return _check_stored_tiles(slide, witness, page, slide_file, executed, advance)


def _check_stored_tiles(
    slide: Slide,
    witness: Witness,
    page: tifffile.TiffPage,
    slide_file: ByteSource,
    executed: Executed,
    advance: Callable[[int], None],
) -> TileProof:
    side = slide.grid.tile_size_px
    identical = encoded = missing = foreign = 0
    proven: _Heads | None = None
    white = b""
    compared = _compared(slide, executed, reader(slide_file, page.dataoffsets, page.databytecounts))
    for indices in _runs(compared, slide.grid.cols):
        advance(indices[0])
        run = _read_run(slide_file, page, indices)
        stored = [witness.stored_tile(index) for index in indices]
        if proven is not None and proven.cover(stored, run):
            identical += len(indices)
            foreign += proven.foreign_bytes * len(indices)
            continue
        for tile, written in zip(stored, run.tiles(), strict=True):
            if proven is not None and proven.cover((tile,), _Run(written, (len(written),))):
                identical += 1
                foreign += proven.foreign_bytes
                continue
            form = walk(written)
            if (form.width_px, form.height_px) != (side, side) or form.foreign_bytes:
                raise VerificationError("a level-0 tile of the result is not a plain JPEG of the tile's size")
            if tile is None:
                if written != white:  # they are all alike: decoded once
                    require_white(written, Size(side, side), otherwise=NOT_LEFT_OUT)
                    white = written
                missing += 1
            elif slide.carriage is Carriage.ENCODED:
                encoded += 1
            else:
                scan = _scan_digest(tile, witness.jpeg_tables)
                if scan is not None and scan == _scan_digest(written, b""):
                    identical += 1
                    source_form = walk(tile)
                    foreign += source_form.foreign_bytes
                    proven = _Heads(
                        tile[: source_form.scan_offset],
                        written[: form.scan_offset],
                        walk(tile[: source_form.scan_offset] + _EOI).foreign_bytes,
                    )
                else:
                    raise VerificationError("a level-0 tile of the result differs from the source's")
    return TileProof(
        tiles=slide.grid.count,
        identical=identical,
        cut=0,
        encoded=encoded,
        missing=missing,
        damaged=len(executed.damaged_tiles),
        masked=len(executed.masked_tiles),
        foreign_bytes_dropped=foreign,
    )


def _check_cut_tiles(
    slide: Slide,
    witness: Witness,
    page: tifffile.TiffPage,
    slide_file: ByteSource,
    executed: Executed,
    pool: Executor,
    advance: Callable[[int], None],
) -> TileProof:
    cut = missing = 0
    read_written = reader(slide_file, page.dataoffsets, page.databytecounts)
    indices = _compared(slide, executed, read_written)
    for tile in compare_cut_tiles(slide.grid, witness, read_written, pool, indices):
        if tile.index % _TILES_PER_REPORT == 0:
            advance(tile.index)
        if tile.is_missing:
            missing += 1
        elif tile.is_equal:
            cut += 1
        else:
            raise VerificationError("a level-0 tile of the result differs from the source's")
    return TileProof(
        tiles=slide.grid.count,
        identical=0,
        cut=cut,
        encoded=0,
        missing=missing,
        damaged=len(executed.damaged_tiles),
        masked=len(executed.masked_tiles),
        foreign_bytes_dropped=0,
    )


def _compared(slide: Slide, executed: Executed, read_written: Callable[[int], bytes]) -> list[int]:
    """The tiles to compare with the source's; the others are white, or VerificationError is raised."""
    side = slide.grid.tile_size_px
    for index in executed.masked_tiles:
        require_white(read_written(index), Size(side, side))
    for index in executed.damaged_tiles:
        require_white(read_written(index), Size(side, side), otherwise=_NOT_DAMAGED)
    white = executed.masked_tiles | executed.damaged_tiles
    return [index for index in range(slide.grid.count) if index not in white]


def _runs(indices: Sequence[int], cols: int) -> Iterator[Sequence[int]]:
    """The tiles in order, some of one row at a time: those were written together."""
    for _, row in itertools.groupby(indices, lambda index: index // cols):
        while run := tuple(itertools.islice(row, _TILES_PER_RUN)):
            yield run


@dataclass(frozen=True, slots=True)
class _Run:
    """Tiles as they stand in the result. data: one behind the other; lengths: of each, in bytes."""

    data: bytes
    lengths: Sequence[int]

    def tiles(self) -> Iterator[bytes]:
        start = 0
        for length in self.lengths:
            yield self.data[start : start + length]
            start += length


def _read_run(file: ByteSource, page: tifffile.TiffPage, indices: Sequence[int]) -> _Run:
    """In one read where they lie side by side."""
    offsets = [page.dataoffsets[index] for index in indices]
    lengths = [page.databytecounts[index] for index in indices]
    ends = itertools.accumulate(lengths, initial=offsets[0])
    if all(offset == end for offset, end in zip(offsets, ends, strict=False)):
        return _Run(file.read_at(offsets[0], sum(lengths)), lengths)
    pieces = (file.read_at(offset, length) for offset, length in zip(offsets, lengths, strict=True))
    return _Run(b"".join(pieces), lengths)


@dataclass(frozen=True, slots=True)
class _Heads:
    """What a source's tile and its result begin with, up to the scan data, once proved to mean the same.

    A slide's tiles share these bytes. A header is a prefix code (its segments state their lengths), so where
    two tiles begin with them and everything behind is equal byte for byte, the two are identical: that is
    compared many tiles at a time, and far faster than they are parsed. foreign_bytes: of the source's head.
    """

    stored: bytes
    written: bytes
    foreign_bytes: int

    def cover(self, stored: Sequence[bytes | None], run: _Run) -> bool:
        """Whether all of these pairs are identical for that reason, and nothing follows the images' ends."""
        start = len(self.stored)
        expected: list[bytes | memoryview] = []
        for tile in stored:
            if tile is None or not tile.startswith(self.stored) or not tile.endswith(_EOI, start):
                return False
            expected += self.written, memoryview(tile)[start:]
        lengths = [len(self.written) + len(tile) - start for tile in stored if tile is not None]
        return (
            lengths == list(run.lengths)
            and b"".join(expected) == run.data
            # Each tile ends with a marker: beyond these and the heads' there is none.
            and _count_markers(run.data) == len(lengths) * (1 + _count_markers(self.written))
        )


def _count_markers(data: bytes) -> int:
    """How many there are that do not belong into a scan's data, as restarts do."""
    numbers = np.frombuffer(data, np.uint8)
    followers = numbers[np.flatnonzero(numbers[:-1] == _MARKER) + 1]
    return len(followers) - int(np.count_nonzero(_WITHIN_SCANS[followers]))


def _scan_digest(data: bytes, tables: bytes) -> bytes | None:
    try:
        return scan_digest(data, tables)
    except MalformedJpegError:
        return None
