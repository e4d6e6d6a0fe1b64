"""Prove that level 0 is the source's: every tile's scan data, compared with what a second reader finds."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
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
_RUNS_AHEAD = 8
_DIFFERS = "a level-0 tile of the result differs from the source's"
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
    return _check_stored_tiles(slide, witness, page, slide_file, executed, pool, advance)


def _check_stored_tiles(
    slide: Slide,
    witness: Witness,
    page: tifffile.TiffPage,
    slide_file: ByteSource,
    executed: Executed,
    pool: Executor,
    advance: Callable[[int], None],
) -> TileProof:
    """The source is read here; what follows, where nothing is out of the ordinary, the pool's threads do."""
    found = _Found(slide, witness.jpeg_tables)
    compared = _compared(slide, executed, reader(slide_file, page.dataoffsets, page.databytecounts))
    begun: deque[tuple[_Run, _Heads, Future[bool]]] = deque()

    def settle() -> None:
        run, heads, is_identical = begun.popleft()
        if is_identical.result():
            found.add_identical(len(run.stored), heads.foreign_bytes)
        else:
            found.look_at_each(run)

    try:
        for indices in _runs(compared, slide.grid.cols):
            advance(indices[0])
            run = _Run(slide_file, page, indices, [witness.stored_tile(index) for index in indices])
            if found.proven is None:
                found.look_at_each(run)
                continue
            begun.append((run, found.proven, pool.submit(found.proven.cover, run)))
            if len(begun) > _RUNS_AHEAD:
                settle()
        while begun:
            settle()
    finally:
        for _, _, future in begun:
            future.cancel()
    return TileProof(
        tiles=slide.grid.count,
        identical=found.identical,
        cut=0,
        encoded=found.encoded,
        missing=found.missing,
        damaged=len(executed.damaged_tiles),
        masked=len(executed.masked_tiles),
        foreign_bytes_dropped=found.foreign_bytes,
    )


class _Found:
    """Counts of tiles, as in TileProof. proven: the heads of the last tile that was parsed."""

    def __init__(self, slide: Slide, jpeg_tables: bytes) -> None:
        self._side = slide.grid.tile_size_px
        self._is_encoded = slide.carriage is Carriage.ENCODED
        self._jpeg_tables = jpeg_tables
        self._white = b""
        self.identical = self.encoded = self.missing = self.foreign_bytes = 0
        self.proven: _Heads | None = None

    def add_identical(self, count: int, foreign_bytes: int) -> None:
        self.identical += count
        self.foreign_bytes += foreign_bytes * count

    def look_at_each(self, run: "_Run") -> None:
        """Raises VerificationError."""
        for stored, written in zip(run.stored, run.written(), strict=True):
            if self.proven is not None and self.proven.cover_one(stored, written):
                self.add_identical(1, self.proven.foreign_bytes)
            else:
                self._look(stored, written)

    def _look(self, stored: bytes | None, written: bytes) -> None:
        size = Size(self._side, self._side)
        form = walk(written)
        if (form.width_px, form.height_px) != (self._side, self._side) or form.foreign_bytes:
            raise VerificationError("a level-0 tile of the result is not a plain JPEG of the tile's size")
        if stored is None:
            if written != self._white:  # they are all alike: decoded once
                require_white(written, size, otherwise=NOT_LEFT_OUT)
                self._white = written
            self.missing += 1
        elif self._is_encoded:
            self.encoded += 1
        else:
            scan = _scan_digest(stored, self._jpeg_tables)
            if scan is None or scan != _scan_digest(written, b""):
                raise VerificationError(_DIFFERS)
            source_form = walk(stored)
            self.add_identical(1, source_form.foreign_bytes)
            head = stored[: source_form.scan_offset]
            self.proven = _Heads(head, written[: form.scan_offset], walk(head + _EOI).foreign_bytes)


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
            raise VerificationError(_DIFFERS)
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
    """Neighbouring tiles. stored: as they stand in the source."""

    file: ByteSource
    page: tifffile.TiffPage
    indices: Sequence[int]
    stored: Sequence[bytes | None]

    def lengths(self) -> list[int]:
        """Of each tile in the result, in bytes."""
        return [self.page.databytecounts[index] for index in self.indices]

    def data(self) -> bytes:
        """The result's tiles, one behind the other; in one read where they lie like that."""
        offsets, lengths = [self.page.dataoffsets[index] for index in self.indices], self.lengths()
        ends = itertools.accumulate(lengths, initial=offsets[0])
        if all(offset == end for offset, end in zip(offsets, ends, strict=False)):
            return self.file.read_at(offsets[0], sum(lengths))
        return b"".join(map(self.file.read_at, offsets, lengths))

    def written(self) -> Iterator[bytes]:
        """Each tile as it stands in the result."""
        data, start = self.data(), 0
        for length in self.lengths():
            yield data[start : start + length]
            start += length


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

    def cover(self, run: _Run) -> bool:
        """Whether all tiles of a run are identical for that reason."""
        return self._cover(run.stored, run.data(), run.lengths())

    def cover_one(self, stored: bytes | None, written: bytes) -> bool:
        return self._cover((stored,), written, (len(written),))

    def _cover(self, stored: Sequence[bytes | None], data: bytes, lengths: Sequence[int]) -> bool:
        """data: what was written of them, one behind the other; lengths: of each."""
        start, grown_bytes = len(self.stored), len(self.written) - len(self.stored)
        at = 0
        for tile, length in zip(stored, lengths, strict=True):
            if (
                tile is None
                or len(tile) + grown_bytes != length
                or not tile.startswith(self.stored)
                or not tile.endswith(_EOI, start)
                or not data.startswith(self.written, at)
                or not data.startswith(memoryview(tile)[start:], at + len(self.written))
            ):
                return False
            at += length
        # Each tile ends with a marker: beyond these and the heads' there is none.
        return _count_markers(data) == len(stored) * (1 + _count_markers(self.written))


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
