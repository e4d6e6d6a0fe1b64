"""Join the pieces of each tile to a complete JPEG stream, with new DC differences where pieces meet."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiling.jpeg.bitjoin import WORD_BITS, join, words_of
from tiling.jpeg.blocks import CodeTable
from tiling.jpeg.grid import McuGrid, Pieces
from tiling.jpeg.lockstep import Runs, Walked, Windows, differences_at

Numbers = NDArray[np.int64]

# Joining takes some forty bytes a byte; this much stays in the processor's caches.
_WORDS_AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True)
class Source:
    """Unstuffed data, its windows, and what was found in it by walking the runs."""

    data: NDArray[np.uint8]
    windows: Windows
    runs: Runs
    walked: Walked


@dataclass(frozen=True, slots=True)
class TileForm:
    """How tiles of one source are written.

    header: all before the image data. tile: MCUs of a tile. components: of each block of an MCU. dc_tables:
    the source's, by component; codes, ends_of_block (code and length): those of the header. empty_unit,
    empty_bits, empty: an MCU like its predecessor, how many bits it has, and words full of such.
    """

    header: bytes
    tile: McuGrid
    components: tuple[int, ...]
    dc_tables: tuple[bytes, ...]
    codes: tuple[CodeTable, ...]
    ends_of_block: tuple[tuple[int, int], ...]
    empty_unit: int
    empty_bits: int
    empty: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class _Sequence:
    """Pieces tile by tile, in coding order. All (pieces,), except for

    begins, ends: bits at which each component's part of a piece begins and ends, (pieces, components);
    changes: what each component's first DC difference differs by from the source's, likewise.
    """

    tiles: Numbers
    is_last: NDArray[np.bool_]
    firsts: Numbers
    begins: Numbers
    ends: Numbers
    changes: Numbers


def assemble(
    form: TileForm, source: Source, grid: McuGrid, pieces: Pieces, order: Numbers
) -> dict[int, bytes]:
    """Tiles by their number. `order`: the pieces to be used, tile by tile.

    A tile is left out if its DC differences have no code, as they always have in data of 8-bit samples.
    """
    if not len(order):
        return {}
    sequence = _in_sequence(source, pieces, order, len(form.codes))
    missing = _missing_mcus(form.tile, grid, pieces, order, sequence.is_last)
    words, starts, lengths = _stretches(form, source, sequence, missing)
    is_possible = np.logical_and.reduceat((lengths[:, 0:-2:2] > 0).all(axis=1), sequence.firsts)

    tile_bits = np.add.reduceat(lengths.sum(axis=1), sequence.firsts)
    lengths[sequence.is_last, -1] = -tile_bits % 8
    tile_bytes = (tile_bits + 7) // 8
    tile_words = (tile_bytes + 7) // 8
    first_words = np.cumsum(tile_words) - tile_words
    # Stretches follow one another; each tile begins with a new word.
    per_piece = lengths.shape[1]
    flat, flat_starts = lengths.ravel(), starts.ravel()
    targets = np.cumsum(flat) - flat
    borders = np.append(sequence.firsts, len(order)) * per_piece
    targets += np.repeat(first_words * WORD_BITS - targets[borders[:-1]], np.diff(borders))
    tiles = {}
    for first, end in _groups(tile_words):
        here = slice(int(borders[first]), int(borders[end]))
        begin, size = int(first_words[first]), int(tile_words[first:end].sum())
        joined = join(words, flat_starts[here], flat[here], targets[here] - begin * WORD_BITS, size)
        data = joined.astype(">u8").tobytes()
        for index in (first + np.flatnonzero(is_possible[first:end])).tolist():
            start = (int(first_words[index]) - begin) * (WORD_BITS // 8)
            body = data[start : start + int(tile_bytes[index])].replace(b"\xff", b"\xff\0")
            tiles[int(sequence.tiles[sequence.firsts[index]])] = b"%b%b\xff\xd9" % (form.header, body)
    return tiles


def _groups(sizes: Numbers) -> Iterator[tuple[int, int]]:
    """Successive ranges of tiles that are small enough to be joined in little memory."""
    behind = np.cumsum(sizes)
    first = 0
    while first < len(sizes):
        before = int(behind[first - 1]) if first else 0
        end = max(first + 1, int(np.searchsorted(behind, before + _WORDS_AT_ONCE, side="right")))
        yield first, end
        first = end


def _in_sequence(source: Source, pieces: Pieces, order: Numbers, components: int) -> _Sequence:
    runs, segments = source.runs, pieces.segments
    stops = source.walked.bits.reshape(-1, components)
    values = source.walked.predictors.reshape(len(stops), components, -1)[:, -1, :components]
    # A piece begins where the one before it in its segment ended, with the DC values found there.
    opens_segment = np.append(True, segments[1:] != segments[:-1])
    begin = np.where(opens_segment, runs.start_bits[segments], np.append(0, stops[:-1, -1]))
    initial = runs.predictors[segments, :components]
    before = np.where(opens_segment[:, None], initial, np.append(initial[:1], values[:-1], axis=0))[order]
    tiles = pieces.tiles[order]
    is_first = np.append(True, tiles[1:] != tiles[:-1])
    in_tile = np.zeros_like(before)
    in_tile[1:] = np.where(is_first[1:, None], 0, values[order[:-1]])
    return _Sequence(
        tiles=tiles,
        is_last=np.append(is_first[1:], True),
        firsts=np.flatnonzero(is_first),
        begins=np.column_stack([begin[order], stops[order, :-1]]),
        ends=stops[order],
        changes=before.astype(np.int64) - in_tile,
    )


def _missing_mcus(
    tile: McuGrid, grid: McuGrid, pieces: Pieces, order: Numbers, is_last: NDArray[np.bool_]
) -> Numbers:
    """How many MCUs a tile has behind each piece where the source has none."""
    rights = pieces.rights[order]
    tile_rights = (pieces.lefts[order] // tile.columns + 1) * tile.columns
    across = np.where(rights == grid.columns, tile_rights - rights, 0)
    rows_below = tile.rows - 1 - pieces.rows[order] % tile.rows
    return across + np.where(is_last, rows_below * tile.columns, 0)


def _stretches(
    form: TileForm, source: Source, sequence: _Sequence, missing: Numbers
) -> tuple[NDArray[np.uint64], Numbers, Numbers]:
    """What each piece consists of: words, and where in them the stretches begin and how long they are.

    Of each component a new DC difference and the old bits behind it; then empty MCUs, and room for the bits
    that fill up the tile's last byte. Words: of the source, of empty MCUs, one for each difference, ones.
    """
    components, count = len(form.codes), len(sequence.tiles)
    of_source = words_of(source.data)
    empty_at = 1 + len(of_source) + 1
    codes_at = empty_at + len(form.empty)
    ones_at = codes_at + components * count
    words = np.zeros(ones_at + 2, np.uint64)
    words[1 : 1 + len(of_source)] = of_source
    words[empty_at:codes_at] = form.empty
    words[ones_at] = 0xFF << (WORD_BITS - 8)
    starts = np.empty((count, 2 * components + 2), np.int64)
    lengths = np.zeros((count, 2 * components + 2), np.int64)
    for component, (dc_table, codes) in enumerate(zip(form.dc_tables, form.codes, strict=True)):
        difference, behind = differences_at(source.windows, sequence.begins[:, component], dc_table)
        own = codes_at + component * count
        words[own : own + count], lengths[:, 2 * component] = codes(
            difference + sequence.changes[:, component]
        )
        starts[:, 2 * component] = (own + np.arange(count)) * WORD_BITS
        starts[:, 2 * component + 1] = WORD_BITS + behind
        lengths[:, 2 * component + 1] = sequence.ends[:, component] - behind
    starts[:, -2], lengths[:, -2] = empty_at * WORD_BITS, missing * form.empty_bits
    starts[:, -1] = ones_at * WORD_BITS
    return words, starts, lengths
