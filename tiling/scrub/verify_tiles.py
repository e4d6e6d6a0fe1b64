"""Prove that level 0 is the source's: every tile's scan data, compared with what a second reader finds."""

import hashlib
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import tifffile

from ground.source import ByteSource
from tiling.errors import MalformedJpegError, VerificationError
from tiling.geometry import Size
from tiling.jpeg import scan_digest
from tiling.model import Carriage, Slide, Witness
from tiling.read_ahead import ReadAhead
from tiling.scrub.execute import Executed
from tiling.scrub.streams import walk
from tiling.scrub.verify_cut import compare_cut_tiles, reader
from tiling.scrub.verify_masks import require_white

_TILES_PER_REPORT = 256
_EOI = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class TileProof:
    """Counts of level-0 tiles, and of bytes inside the source's tiles that are not image data.

    identical: scan data equal to the source's bit for bit; cut: regrouped, every pixel equal to the source's;
    encoded: decoded and encoded once; missing: left out by the scanner, white; damaged: not decodable, white;
    masked: showed what must not be seen, proved to be white.
    scan_sha256: over all identical and cut tiles as they were written, in order.
    """

    tiles: int
    identical: int
    cut: int
    encoded: int
    missing: int
    damaged: int
    masked: int
    foreign_bytes_dropped: int
    scan_sha256: str


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
    side = slide.grid.tile_size_px
    identical = encoded = missing = damaged = foreign = 0
    digest = hashlib.sha256()
    proven: _Heads | None = None
    read_written = reader(ReadAhead(slide_file), page.dataoffsets, page.databytecounts)
    for index in _unmasked(slide, executed, read_written):
        if index % _TILES_PER_REPORT == 0:
            advance(index)
        written = read_written(index)
        stored = witness.stored_tile(index)
        if proven is not None and stored is not None and proven.cover(stored, written):
            identical += 1
            foreign += proven.foreign_bytes
            digest.update(written)
            continue
        form = walk(written)
        if (form.width_px, form.height_px) != (side, side) or form.foreign_bytes:
            raise VerificationError("a level-0 tile of the result is not a plain JPEG of the tile's size")
        if stored is None:
            missing += 1
        elif slide.carriage is Carriage.ENCODED:
            damaged += index in executed.damaged_tiles
            encoded += index not in executed.damaged_tiles
        else:
            scan = _scan_digest(stored, witness.jpeg_tables)
            if scan is not None and scan == _scan_digest(written, b""):
                identical += 1
                digest.update(written)
                source_form = walk(stored)
                foreign += source_form.foreign_bytes
                proven = _Heads(
                    stored[: source_form.scan_offset],
                    written[: form.scan_offset],
                    walk(stored[: source_form.scan_offset] + _EOI).foreign_bytes,
                )
            elif index in executed.damaged_tiles:
                damaged += 1
            else:
                raise VerificationError("a level-0 tile of the result differs from the source's")
    return TileProof(
        tiles=slide.grid.count,
        identical=identical,
        cut=0,
        encoded=encoded,
        missing=missing,
        damaged=damaged,
        masked=len(executed.masked_tiles),
        foreign_bytes_dropped=foreign,
        scan_sha256=digest.hexdigest(),
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
    cut = missing = damaged = 0
    digest = hashlib.sha256()
    read_written = reader(slide_file, page.dataoffsets, page.databytecounts)
    indices = _unmasked(slide, executed, read_written)
    for tile in compare_cut_tiles(slide.grid, witness, read_written, pool, indices):
        if tile.index % _TILES_PER_REPORT == 0:
            advance(tile.index)
        if tile.is_missing:
            missing += 1
        elif tile.is_equal:
            cut += 1
            digest.update(tile.written)
        elif tile.index in executed.damaged_tiles:
            damaged += 1
        else:
            raise VerificationError("a level-0 tile of the result differs from the source's")
    return TileProof(
        tiles=slide.grid.count,
        identical=0,
        cut=cut,
        encoded=0,
        missing=missing,
        damaged=damaged,
        masked=len(executed.masked_tiles),
        foreign_bytes_dropped=0,
        scan_sha256=digest.hexdigest(),
    )


def _unmasked(slide: Slide, executed: Executed, read_written: Callable[[int], bytes]) -> list[int]:
    """The tiles to compare with the source's; the others are white, or VerificationError is raised."""
    side = slide.grid.tile_size_px
    for index in executed.masked_tiles:
        require_white(read_written(index), Size(side, side))
    return [index for index in range(slide.grid.count) if index not in executed.masked_tiles]


@dataclass(frozen=True, slots=True)
class _Heads:
    """What a source's tile and its result begin with, up to the scan data, once proved to mean the same.

    A slide's tiles share these bytes. A header is a prefix code (its segments state their lengths), so where
    two tiles begin with them and everything behind is equal byte for byte, the two are identical: that is
    compared four times as fast as it is parsed. foreign_bytes: of the source's head.
    """

    stored: bytes
    written: bytes
    foreign_bytes: int

    def cover(self, stored: bytes, written: bytes) -> bool:
        """Whether this pair is identical for that reason, and nothing follows the image's end."""
        start = len(self.written)
        return (
            stored.startswith(self.stored)
            and written.startswith(self.written)
            and stored[len(self.stored) :] == written[start:]
            and written.find(_EOI, start) == len(written) - len(_EOI)
        )


def _scan_digest(data: bytes, tables: bytes) -> bytes | None:
    try:
        return scan_digest(data, tables)
    except MalformedJpegError:
        return None
