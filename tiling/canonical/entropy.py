"""Huffman tables made for a slide, and the bits of a baseline scan (ITU-T T.81, annexes F and K.2)."""

import heapq
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tiling.canonical.quantise import Quantised, categories, table_numbers
from tiling.canonical.transform import COEFFICIENTS, COMPONENTS
from tiling.jpeg.huffman import codes

_DC_SYMBOLS = tuple(range(12))
_AC_SYMBOLS = (0x00, 0xF0, *(run << 4 | size for run in range(16) for size in range(1, 11)))
_LONGEST = 16
_END_OF_BLOCK = 0x00
_SIXTEEN_ZEROS = 0xF0
_TABLES = 2  # for luma, and for both kinds of chroma
_SYMBOLS = 256


@dataclass(frozen=True, slots=True)
class Frequencies:
    """How often each symbol occurs: (2, 256) each, luma and chroma."""

    dc: NDArray[np.int64]
    ac: NDArray[np.int64]

    @classmethod
    def none(cls) -> Self:
        zeros = np.zeros((_TABLES, _SYMBOLS), np.int64)
        return cls(zeros, zeros)

    def times(self, count: int) -> Self:
        return type(self)(self.dc * count, self.ac * count)

    def __add__(self, other: "Frequencies") -> "Frequencies":
        return Frequencies(self.dc + other.dc, self.ac + other.ac)


@dataclass(frozen=True, slots=True)
class Tables:
    """Four Huffman tables. lengths and codes are (2, 256); a length of 0 means that there is no code."""

    dc_lengths: NDArray[np.int64]
    dc_codes: NDArray[np.int64]
    ac_lengths: NDArray[np.int64]
    ac_codes: NDArray[np.int64]
    segment: bytes  # the DHT marker segment

    def bits(self, frequencies: Frequencies) -> int:
        """What symbols as frequent as that take, with their values."""
        sizes = np.arange(_SYMBOLS) & 15
        dc = frequencies.dc * (self.dc_lengths + sizes)
        return int(dc.sum() + (frequencies.ac * (self.ac_lengths + sizes)).sum())

    @classmethod
    def for_frequencies(cls, frequencies: Frequencies, *, is_complete: bool) -> Self:
        """The best codes for what occurs. is_complete: for any picture, with a longer header."""
        body = b""
        lengths, values = np.zeros((2, 2, _TABLES, _SYMBOLS), np.int64)
        for kind, (counts, every) in enumerate(
            ((frequencies.dc, _DC_SYMBOLS), (frequencies.ac, _AC_SYMBOLS))
        ):
            for number in range(_TABLES):
                wanted = {
                    s: max(1, int(counts[number, s])) for s in every if is_complete or counts[number, s]
                }
                table = best_table(wanted or dict.fromkeys(every[:2], 1))
                body += bytes((kind << 4 | number,)) + table
                for symbol, code, length in codes(table):
                    lengths[kind, number, symbol], values[kind, number, symbol] = length, code
        segment = b"\xff\xc4" + (2 + len(body)).to_bytes(2, "big") + body
        return cls(lengths[0], values[0], lengths[1], values[1], segment)


def best_table(counts: dict[int, int]) -> bytes:
    """A table as DHT has it (16 numbers of codes, then the symbols) for symbols and how often they occur.

    T.81, K.2: Huffman's codes, the longest cut to 16 bits, with the code of all ones left free.
    """
    free = -1
    heap: list[tuple[int, int, tuple[int, ...]]] = [(0, free, (free,))]
    heap += [(count, symbol, (symbol,)) for symbol, count in counts.items()]
    heapq.heapify(heap)
    lengths = dict.fromkeys((free, *counts), 0)
    while len(heap) > 1:
        one, other = heapq.heappop(heap), heapq.heappop(heap)
        joined = one[2] + other[2]
        for symbol in joined:
            lengths[symbol] += 1
        heapq.heappush(heap, (one[0] + other[0], min(one[1], other[1]), joined))
    per_length = np.bincount(list(lengths.values()), minlength=_LONGEST + 1).tolist()
    _shorten(per_length)
    last = max(length for length, number in enumerate(per_length) if number)
    per_length[last] -= 1  # the code of all ones
    ordered = sorted(counts, key=lambda symbol: (lengths[symbol], -counts[symbol], symbol))
    return bytes(per_length[1 : _LONGEST + 1]) + bytes(ordered)


def _shorten(per_length: list[int]) -> None:
    """T.81, figure K.3: no code beyond 16 bits."""
    for length in range(len(per_length) - 1, _LONGEST, -1):
        while per_length[length]:
            shorter = length - 2
            while not per_length[shorter]:
                shorter -= 1
            per_length[length] -= 2
            per_length[length - 1] += 1
            per_length[shorter + 1] += 2
            per_length[shorter] -= 1


@dataclass(frozen=True, slots=True)
class Symbols:
    """What a scan says, before it is written in bits: of each block a DC difference, coefficients, an end."""

    dc_tables: NDArray[np.int32]
    dc_sizes: NDArray[np.int32]
    dc_values: NDArray[np.int32]  # as the stream has them: negative ones as complement
    ac_tables: NDArray[np.int32]
    ac_symbols: NDArray[np.int32]
    ac_values: NDArray[np.int32]
    ac_blocks: NDArray[np.int32]
    long_runs: NDArray[np.int32]  # how many times sixteen zeros come before each coefficient
    has_end: NDArray[np.bool_]  # a block whose last coefficient is not zero has no end of block

    @classmethod
    def of(cls, quantised: Quantised) -> Self:
        blocks = len(quantised.dc)
        dc = quantised.dc.reshape(-1, COMPONENTS)
        differences = np.diff(dc, axis=0, prepend=np.zeros((1, COMPONENTS), np.int32)).reshape(-1)
        dc_sizes = categories(np.abs(differences))
        sizes = categories(quantised.magnitudes)
        runs = quantised.runs()
        ac_blocks = quantised.positions >> 6
        has_end = np.ones(blocks, np.bool_)
        has_end[ac_blocks[quantised.positions & (COEFFICIENTS - 1) == COEFFICIENTS - 1]] = False
        ones = np.left_shift(1, sizes) - 1
        return cls(
            dc_tables=np.resize(np.array([0, 1, 1], np.int32), blocks),
            dc_sizes=dc_sizes,
            dc_values=np.where(differences < 0, differences + np.left_shift(1, dc_sizes) - 1, differences),
            ac_tables=table_numbers(quantised.positions),
            ac_symbols=(runs & 15) << 4 | sizes,
            ac_values=np.where(quantised.is_negative, ones - quantised.magnitudes, quantised.magnitudes),
            ac_blocks=ac_blocks,
            long_runs=runs >> 4,
            has_end=has_end,
        )

    def frequencies(self) -> Frequencies:
        ac = np.bincount(self.ac_tables * _SYMBOLS + self.ac_symbols, minlength=_TABLES * _SYMBOLS)
        ac = ac.reshape(_TABLES, _SYMBOLS).astype(np.int64)
        for number in range(_TABLES):
            ac[number, _SIXTEEN_ZEROS] += self.long_runs[self.ac_tables == number].sum()
            ac[number, _END_OF_BLOCK] += self.has_end[self.dc_tables == number].sum()
        dc = np.bincount(self.dc_tables * _SYMBOLS + self.dc_sizes, minlength=_TABLES * _SYMBOLS)
        return Frequencies(dc.reshape(_TABLES, _SYMBOLS).astype(np.int64), ac)

    def scan(self, tables: Tables) -> bytes | None:
        """The entropy-coded data, stuffed and filled up with ones; None where `tables` lack a symbol."""
        dc_lengths = tables.dc_lengths[self.dc_tables, self.dc_sizes]
        ac_lengths = tables.ac_lengths[self.ac_tables, self.ac_symbols]
        end_lengths = tables.ac_lengths[self.dc_tables, _END_OF_BLOCK]
        run_lengths = tables.ac_lengths[self.ac_tables, _SIXTEEN_ZEROS]
        has_run = self.long_runs > 0
        if not (dc_lengths.all() and ac_lengths.all() and end_lengths.all() and run_lengths[has_run].all()):
            return None
        # Where each word of the stream stands among all: a block's DC, its runs and coefficients, its end.
        before = np.concatenate(([0], np.cumsum(self.has_end)))  # ends before each block
        places = np.cumsum(self.long_runs + 1) - 1 + self.ac_blocks + 1 + before[self.ac_blocks]
        words_in_blocks = np.bincount(self.ac_blocks, weights=self.long_runs + 1, minlength=len(self.has_end))
        behind = np.cumsum(words_in_blocks.astype(np.int64) + 1 + self.has_end)
        total = int(behind[-1])
        values = np.empty(total, np.int64)
        lengths = np.empty(total, np.int64)
        starts = behind - words_in_blocks.astype(np.int64) - 1 - self.has_end
        values[starts] = tables.dc_codes[self.dc_tables, self.dc_sizes] << self.dc_sizes | self.dc_values
        lengths[starts] = dc_lengths + self.dc_sizes
        ends = behind[self.has_end] - 1
        end_tables = self.dc_tables[self.has_end]
        values[ends] = tables.ac_codes[end_tables, _END_OF_BLOCK]
        lengths[ends] = end_lengths[self.has_end]
        sizes = self.ac_symbols & 15
        values[places] = tables.ac_codes[self.ac_tables, self.ac_symbols] << sizes | self.ac_values
        lengths[places] = ac_lengths + sizes
        for further in range(1, 4):
            longer = np.flatnonzero(self.long_runs >= further)
            values[places[longer] - further] = tables.ac_codes[self.ac_tables[longer], _SIXTEEN_ZEROS]
            lengths[places[longer] - further] = run_lengths[longer]
        return packed(values, lengths).replace(b"\xff", b"\xff\0")


def packed(values: NDArray[np.int64], lengths: NDArray[np.int64]) -> bytes:
    """The lowest bits of each value one after the other, at most 32 of each, filled up with ones to bytes."""
    ends = np.cumsum(lengths)
    starts = ends - lengths
    total = int(ends[-1])
    # Each value lies within two words of 32 bits. No two values share a bit, so that sums are unions.
    words = starts >> 5
    shifted = values.astype(np.uint64) << (64 - (starts & 31) - lengths).astype(np.uint64)
    first = np.flatnonzero(np.diff(words, prepend=-1))
    sums = np.add.reduceat(shifted, first)
    filled = np.zeros((total >> 5) + 2, np.uint64)
    filled[words[first]] = sums >> np.uint64(32)
    filled[words[first] + 1] += sums & np.uint64(0xFFFFFFFF)
    data = bytearray(filled.astype(">u4").tobytes()[: (total + 7) >> 3])
    data[-1] |= (1 << (-total & 7)) - 1
    return bytes(data)
