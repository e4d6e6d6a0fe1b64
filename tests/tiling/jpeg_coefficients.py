"""A plain, slow reader of a baseline JPEG's quantised coefficients: what the fast engine is held against."""

import numpy as np
from numpy.typing import NDArray

from tiling.jpeg.huffman import codes
from tiling.jpeg.segments import parse_stream

# By MCU row, MCU column and block of the unit: 64 coefficients in coding order, DC values undone.
Coefficients = NDArray[np.int32]


def coefficients(jpeg: bytes) -> Coefficients:
    """(rows, columns, blocks, 64) of a stream with one scan."""
    stream = parse_stream(jpeg)
    frame, scan = stream.frame, stream.scans[0]
    factors = {c.component_id: (c.horizontal, c.vertical) for c in frame.components}
    if len(factors) == 1:
        factors = dict.fromkeys(factors, (1, 1))
    blocks = []
    for index, component in enumerate(scan.components):
        across, down = factors[component.component_id]
        tables = [
            {(length, code): symbol for symbol, code, length in codes(scan.tables.huffman[number][1:])}
            for number in (component.dc_table, 16 + component.ac_table)
        ]
        blocks += [(index, *tables)] * (across * down)
    mcu_width_px = 8 * max(across for across, _ in factors.values())
    mcu_height_px = 8 * max(down for _, down in factors.values())
    columns, rows = -(-frame.width_px // mcu_width_px), -(-frame.height_px // mcu_height_px)
    out = np.zeros((rows * columns, len(blocks), 64), np.int32)
    bits = _Bits(jpeg[scan.entropy_start : scan.entropy_end])
    values = [0] * len(scan.components)
    for mcu in range(rows * columns):
        if scan.restart_interval_mcu and mcu and mcu % scan.restart_interval_mcu == 0:
            bits.restart()
            values = [0] * len(values)
        for number, (component_index, dc, ac) in enumerate(blocks):
            block = out[mcu, number]
            values[component_index] += bits.value(bits.symbol(dc))
            block[0] = values[component_index]
            k = 1
            while k < 64:
                symbol = bits.symbol(ac)
                if symbol == 0:
                    break
                k += symbol >> 4
                block[k] = bits.value(symbol & 15)
                k += 1
    return out.reshape(rows, columns, len(blocks), 64)


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._data, self._byte, self._bit = data, 0, 0

    def restart(self) -> None:
        if self._bit:
            self._next_byte()
        assert self._data[self._byte] == 0xFF and 0xD0 <= self._data[self._byte + 1] <= 0xD7
        self._byte += 2

    def _next_byte(self) -> None:
        self._byte += 2 if self._data[self._byte] == 0xFF else 1
        self._bit = 0

    def _next(self) -> int:
        bit = self._data[self._byte] >> (7 - self._bit) & 1
        self._bit += 1
        if self._bit == 8:
            self._next_byte()
        return bit

    def symbol(self, table: dict[tuple[int, int], int]) -> int:
        code = 0
        for length in range(1, 17):
            code = code << 1 | self._next()
            if (length, code) in table:
                return table[length, code]
        raise AssertionError("no such code")

    def value(self, size: int) -> int:
        value = 0
        for _ in range(size):
            value = value << 1 | self._next()
        return value if size == 0 or value >> (size - 1) else value - (1 << size) + 1
