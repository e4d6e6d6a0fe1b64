"""Stretches of bits put behind one another, many at once. Bits count from the most significant on."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Words = NDArray[np.uint64]

WORD_BITS = 64
_ALL = np.uint64(2**64 - 1)


def words_of(data: NDArray[np.uint8]) -> Words:
    """Bytes, a multiple of eight, as words whose most significant bit is the first one."""
    return data.view(">u8").astype(np.uint64)


def join(words: Words, source_bits: Numbers, lengths: Numbers, target_bits: Numbers, size: int) -> Words:
    """`size` new words, made of stretches of `words`; bits that no stretch covers are zero.

    Stretch i are the bits source_bits[i] to source_bits[i] + lengths[i]; it comes to target_bits[i].
    Stretches are given in the order of their targets and do not overlap there. `words` has one word before
    the first and one behind the last stretch that may be read.
    """
    is_there = lengths > 0
    source_bits, lengths, target_bits = source_bits[is_there], lengths[is_there], target_bits[is_there]
    target_ends = target_bits + lengths - 1
    first, last = target_bits // WORD_BITS, target_ends // WORD_BITS
    counts = last - first + 1
    ends = np.cumsum(counts)
    starts = ends - counts
    out = np.zeros(size, np.uint64)
    if not len(ends):
        return out
    # A part is what one stretch gives to one word. Where parts meet inside a word, each has its bits.
    word = np.arange(ends[-1]) + np.repeat(first - starts, counts)
    at = word * WORD_BITS + np.repeat(source_bits - target_bits, counts)
    shift = (at & (WORD_BITS - 1)).astype(np.uint64)
    at >>= 6
    parts = words.take(at) << shift
    at += 1
    parts |= words.take(at) >> (np.uint64(WORD_BITS) - shift)  # a shift by 64 gives zero in numpy
    parts[starts] &= _ALL >> (target_bits % WORD_BITS).astype(np.uint64)
    parts[ends - 1] &= _ALL << (WORD_BITS - 1 - target_ends % WORD_BITS).astype(np.uint64)
    is_new = np.empty(len(word), np.bool_)
    is_new[0] = True
    np.not_equal(word[1:], word[:-1], out=is_new[1:])
    new = is_new.nonzero()[0]
    out[word.take(new)] = np.bitwise_or.reduceat(parts, new)
    return out
