"""Huffman tables as lookups for walking through entropy-coded data, and bits to write it (T.81, C and F)."""

from collections.abc import Iterator
from functools import lru_cache

# Result of an AC lookup: bits to skip (code and value bits, ≤ 31) in the low 5 bits, above them how far the
# coefficient index moves. An end of block moves it beyond END_OF_BLOCK; a code that does not exist, or that
# means nothing in a sequential scan, only beyond the block.
SKIP_BITS = 5
SKIP_MASK = (1 << SKIP_BITS) - 1
BLOCK_COEFFICIENTS = 64
END_OF_BLOCK = 1024
_NO_CODE = 512


def codes(table: bytes) -> Iterator[tuple[int, int, int]]:
    """(symbol, code, length in bits) of each code of a DHT table, given without its selector byte."""
    code = 0
    at = 16
    for length, count in enumerate(table[:16], start=1):
        for symbol in table[at : at + count]:
            yield symbol, code, length
            code += 1
        at += count
        code <<= 1


@lru_cache(maxsize=16)
def dc_lookup(table: bytes) -> list[int]:
    """By the next 16 bits: value category << SKIP_BITS | code length; 0 where there is no such code."""
    lookup: list[int] = []
    for symbol, _, length in codes(table):
        lookup += [symbol << SKIP_BITS | length] * (1 << (16 - length))
    return lookup + [0] * (65536 - len(lookup))


@lru_cache(maxsize=16)
def ac_lookup(table: bytes) -> list[int]:
    """By the next 16 bits: coefficients to move << SKIP_BITS | bits to skip."""
    lookup: list[int] = []
    for symbol, _, length in codes(table):
        run, size = symbol >> 4, symbol & 15
        step = run + 1
        if size == 0 and run < 15:
            step = _NO_CODE if run else END_OF_BLOCK
        lookup += [step << SKIP_BITS | (length + size)] * (1 << (16 - length))
    return lookup + [_NO_CODE << SKIP_BITS] * (65536 - len(lookup))


@lru_cache(maxsize=16)
def dc_codes(table: bytes) -> dict[int, tuple[int, int]]:
    """Value category → (code, length in bits)."""
    return {symbol: (code, length) for symbol, code, length in codes(table)}


class BitWriter:
    """Collects bits, most significant first."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._pending = 0
        self._pending_bits = 0

    def write(self, value: int, bits: int) -> None:
        self._pending = self._pending << bits | value
        self._pending_bits += bits
        if self._pending_bits > 2048:  # an integer this long is still cheap to shift
            self._flush()

    def copy(self, source: bytes, start_bit: int, end_bit: int) -> None:
        """Append bits start_bit to end_bit of `source`."""
        bits = end_bit - start_bit
        value = int.from_bytes(source[start_bit >> 3 : (end_bit + 7) >> 3], "big") >> (-end_bit & 7)
        self.write(value & ((1 << bits) - 1), bits)

    def packed(self) -> bytes:
        """Everything written, filled up with ones to whole bytes."""
        fill = -self._pending_bits & 7
        self.write((1 << fill) - 1, fill)
        self._flush()
        return bytes(self._bytes)

    def stuffed(self) -> bytes:
        """The same, each 0xFF followed by a zero byte."""
        return self.packed().replace(b"\xff", b"\xff\0")

    def _flush(self) -> None:
        rest = self._pending_bits & 7
        self._bytes += (self._pending >> rest).to_bytes(self._pending_bits >> 3, "big")
        self._pending &= (1 << rest) - 1
        self._pending_bits = rest
