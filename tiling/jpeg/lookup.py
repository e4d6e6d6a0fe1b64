"""Huffman tables as arrays: one look at the next 16 bits tells several symbols at once.

An entry is a number of 32 bits:

    bits 0–4    how many bits of the stream to move on, value bits included
    bit 5       the DC difference is not in the entry, because its value bits lie beyond the 16; its step is
                NO_CODE, so that a walk stumbles over it and looks again
    bits 6–15   how far the coefficient index moves; END_OF_BLOCK is added where an end of block follows,
                NO_CODE stands alone where no code begins with these bits
    bits 16–31  the DC difference, signed

A walk that adds the second field to its index sees from the sum alone whether the block is complete
(BLOCK or more) and whether this was possible (see `is_impossible`).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tiling.jpeg.huffman import codes

Entries = NDArray[np.uint32]

BITS_MASK = 31
IS_BEYOND = 32
STEP_SHIFT = 6
STEP_MASK = 0xFFC0
DIFFERENCE_SHIFT = 16
# These are in units of the field, that is, shifted by STEP_SHIFT.
ONE = 1 << STEP_SHIFT
BLOCK = 64 << STEP_SHIFT
NO_CODE = 128 << STEP_SHIFT
END_OF_BLOCK = 512 << STEP_SHIFT
_WINDOW = 1 << 16
_WITHIN = 256 << STEP_SHIFT  # END_OF_BLOCK is beyond this


def is_impossible(index: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Which of these sums (coefficient index and steps) reach beyond a block, or hold no code.

    An end of block counts as one coefficient, so that it must not follow a complete block.
    """
    return (index & np.uint32(_WITHIN - 1)) > BLOCK


@lru_cache(maxsize=32)
def ac_entries(table: bytes) -> tuple[Entries, Entries]:
    """For each next 16 bits inside a block: one symbol, and as many as the 16 bits tell."""
    single, code_bits = _ac_symbols(table)
    return _packed(single), _packed(_continued(single, table, code_bits > 0))


@lru_cache(maxsize=32)
def dc_entries(dc_table: bytes, ac_table: bytes) -> tuple[Entries, Entries]:
    """For each next 16 bits where a block starts: the DC difference, and what follows as far as it tells."""
    code_bits, category = dc_codes(dc_table)
    bits = code_bits + category
    is_within = bits <= 16  # otherwise the entry tells the length only
    value = (np.arange(_WINDOW) >> np.maximum(16 - bits, 0)) & ((1 << category) - 1)
    is_negative = (category > 0) & (value >> np.maximum(category - 1, 0) == 0)
    difference = np.where(is_negative, value - (1 << category) + 1, value)
    high = np.where(is_within, (difference & 0xFFFF) << DIFFERENCE_SHIFT, IS_BEYOND)
    high = np.where(code_bits > 0, high, 0).astype(np.uint32)
    step = np.where((code_bits > 0) & is_within, ONE, NO_CODE)
    single = (bits, step, np.zeros(_WINDOW, np.bool_))
    continued = _continued(single, ac_table, (code_bits > 0) & is_within)
    return _packed(single) | high, _packed(continued) | high


@lru_cache(maxsize=32)
def dc_codes(table: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each next 16 bits: the code's length (0: there is no such code) and its value category."""
    lengths = np.zeros(_WINDOW, np.int64)
    categories = np.zeros(_WINDOW, np.int64)
    for symbol, code, length in codes(table):
        first = code << (16 - length)
        lengths[first : first + (1 << (16 - length))] = length
        categories[first : first + (1 << (16 - length))] = symbol
    return lengths, categories


_Symbols = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]


def _ac_symbols(table: bytes) -> tuple[_Symbols, NDArray[np.int64]]:
    """Bits to move on, step, and whether the block ends; and the length of the code alone."""
    code_bits = np.zeros(_WINDOW, np.int64)
    bits = np.zeros(_WINDOW, np.int64)
    step = np.full(_WINDOW, NO_CODE, np.int64)
    ends = np.zeros(_WINDOW, np.bool_)
    for symbol, code, length in codes(table):
        run, size = symbol >> 4, symbol & 15
        if size == 0 and run not in (0, 15):
            continue  # a run of whole blocks: progressive scans only
        here = slice(code << (16 - length), (code + 1) << (16 - length))
        code_bits[here] = length
        bits[here] = length + size
        step[here] = (run + 1) << STEP_SHIFT
        ends[here] = symbol == 0
    return (bits, step, ends), code_bits


def _continued(start: _Symbols, ac_table: bytes, going: NDArray[np.bool_]) -> _Symbols:
    """Append AC symbols where `going`, as long as their codes, but for value bits, lie within 16 bits."""
    (ac_bits, ac_step, ac_ends), ac_code_bits = _ac_symbols(ac_table)
    bits, step, ends = start[0].copy(), start[1].copy(), start[2].copy()
    window = np.arange(_WINDOW)
    going = going & ~ends
    while going.any():
        rest = (window << np.minimum(bits, 16)) & (_WINDOW - 1)
        going &= (ac_code_bits[rest] > 0) & (bits + ac_code_bits[rest] <= 16)
        going &= (bits + ac_bits[rest] <= BITS_MASK) & (step + ac_step[rest] <= BLOCK)
        at = rest[going]
        bits[going] += ac_bits[at]
        step[going] += ac_step[at]
        ends[going] = ac_ends[at]
        going &= ~ends
    return bits, step, ends


def _packed(symbols: _Symbols) -> Entries:
    bits, step, ends = symbols
    return (bits | step | np.where(ends, END_OF_BLOCK, 0)).astype(np.uint32)
