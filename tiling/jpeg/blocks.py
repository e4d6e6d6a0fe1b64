"""The blocks of a minimum coded unit (MCU), and tables that can code any of their DC differences."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tiling.errors import MalformedJpegError, UncroppableJpegError
from tiling.jpeg.huffman import BitWriter, codes
from tiling.jpeg.lockstep import Block
from tiling.jpeg.segments import Frame, Scan

MAX_BLOCKS_PER_MCU = 10
DC_CATEGORIES = 12  # of 8-bit samples (T.81, table F.1)
_END_OF_BLOCK = 0
_LONGEST_CODE = 16


def blocks_of(frame: Frame, scan: Scan) -> list[Block]:
    """The blocks of one MCU in coding order. Raises MalformedJpegError."""
    factors = {c.component_id: (c.horizontal, c.vertical) for c in frame.components}
    blocks: list[Block] = []
    try:
        for index, component in enumerate(scan.components):
            horizontal, vertical = factors[component.component_id]
            # A scan of one component is not interleaved: its MCU is one block, whatever the factors (A.2.2).
            count = horizontal * vertical if len(scan.components) > 1 else 1
            dc, ac = (
                scan.tables.huffman[number][1:] for number in (component.dc_table, 16 + component.ac_table)
            )
            blocks += [Block(index, dc, ac)] * count
    except KeyError:
        raise MalformedJpegError("the JPEG stream refers to a table that is not there") from None
    if len(blocks) > MAX_BLOCKS_PER_MCU:
        raise MalformedJpegError("the JPEG stream has more blocks in a unit than are allowed")
    return blocks


def with_all_codes(scan: Scan, *, with_end_of_block: bool = True) -> Scan:
    """The scan under tables that have a code for every DC difference, and for the end of a block if wanted.

    An optimised table only has the codes that the whole image needed. Those that lack are added behind it,
    16 bits long: then the codes that the table has do not change. Raises UncroppableJpegError where there is
    no room for them.
    """
    huffman = dict(scan.tables.huffman)
    for component in scan.components:
        huffman[component.dc_table] = _extended(huffman[component.dc_table], range(DC_CATEGORIES))
        if with_end_of_block:
            ac = 16 + component.ac_table
            huffman[ac] = _extended(huffman[ac], (_END_OF_BLOCK,))
    return replace(scan, tables=replace(scan.tables, huffman=huffman))


def _extended(table: bytes, symbols: range | tuple[int, ...]) -> bytes:
    counts, known = list(table[1:17]), table[17:]
    missing = bytes(symbol for symbol in symbols if symbol not in known)
    used = sum(count << (_LONGEST_CODE - length) for length, count in enumerate(counts, start=1))
    # The code of all ones is reserved (T.81, C.2).
    if used + len(missing) > (1 << _LONGEST_CODE) - 1 or counts[-1] + len(missing) > 255:
        raise UncroppableJpegError("the Huffman tables of the JPEG data have no room for the codes of a cut")
    counts[-1] += len(missing)
    return table[:1] + bytes(counts) + known + missing


class CodeTable:
    """DC differences → their code and value bits."""

    def __init__(self, dc_table: bytes) -> None:
        self._codes = np.zeros(DC_CATEGORIES, np.int64)
        self._code_bits = np.zeros(DC_CATEGORIES, np.int64)
        for category, code, length in codes(dc_table):
            if category < DC_CATEGORIES:
                self._codes[category] = code
                self._code_bits[category] = length

    def __call__(self, differences: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Words that begin with the bits of each difference; how many bits, 0 where there is no code."""
        size = np.abs(differences)
        category = np.zeros(len(size), np.int64)
        for power in range(DC_CATEGORIES):
            category += size >= 1 << power
        is_possible = category < DC_CATEGORIES
        category = np.where(is_possible, category, 0)
        bits = np.where(is_possible, self._code_bits[category] + category, 0)
        value = np.where(differences < 0, differences + (1 << category) - 1, differences)
        code = self._codes[category] << category | np.where(is_possible, value, 0)
        return code.astype(np.uint64) << (64 - bits).astype(np.uint64), bits


def code_of_zero(scan: Scan, selector: int) -> tuple[int, int]:
    """Code and length of symbol 0: no difference in a DC table (selector 0–3), end of block in others."""
    table = scan.tables.huffman[selector][1:]
    return next((code, length) for symbol, code, length in codes(table) if symbol == 0)


def empty_unit(blocks: list[Block], scan: Scan) -> tuple[int, int]:
    """The bits, and how many, of an MCU whose blocks are all like their predecessors.

    Read under the tables of `scan`, which have all codes.
    """
    unit, unit_bits = 0, 0
    for block in blocks:
        component = scan.components[block.component]
        for selector in (component.dc_table, 16 + component.ac_table):
            code, length = code_of_zero(scan, selector)
            unit, unit_bits = unit << length | code, unit_bits + length
    return unit, unit_bits


def empty_units(unit: int, unit_bits: int, count: int) -> NDArray[np.uint64]:
    """Words that begin with `count` such MCUs."""
    writer = BitWriter()
    for _ in range(count):
        writer.write(unit, unit_bits)
    data = writer.packed()
    return np.frombuffer(data + bytes(-len(data) % 8), ">u8").astype(np.uint64)
