"""Take up the decoding of a scan in its middle with any JPEG decoder, by putting something before it."""

import numpy as np

from tiling.jpeg.assemble import TileForm
from tiling.jpeg.grid import McuGrid, Segments
from tiling.jpeg.headers import with_size
from tiling.jpeg.huffman import BitWriter
from tiling.jpeg.stuffing import unstuffed


def resumed(form: TileForm, mcu_px: tuple[int, int], segments: Segments, grid: McuGrid, rows: int) -> bytes:
    """A complete stream that shows `rows` rows of MCUs from where the first segment begins.

    Before them stands one row, and as many units as precede the segment in its own row, that are flat and
    bring the DC values to what they are there. `segments` follow each other in one scan; `mcu_px` is the
    width and height of a unit.
    """
    bits = BitWriter()
    seen: set[int] = set()
    for component in form.components:
        # Only the first block of each component differs from the one before: there is none before it.
        value = 0 if component in seen else int(segments.predictors[0, component])
        seen.add(component)
        word, length = form.codes[component](np.array([value]))
        bits.write(int(word[0]) >> (64 - int(length[0])), int(length[0]))
        bits.write(*form.ends_of_block[component])
    count = grid.columns - 1 + int(segments.firsts[0]) % grid.columns
    repeated = ((1 << count * form.empty_bits) - 1) // ((1 << form.empty_bits) - 1)
    bits.write(form.empty_unit * repeated, count * form.empty_bits)
    plain = unstuffed(segments.data)
    bits.copy(plain.data.tobytes(), int(segments.skipped_bits[0]), 8 * plain.size)
    header = with_size(form.header, grid.columns * mcu_px[0], (rows + 1) * mcu_px[1])
    return header + bits.stuffed() + b"\xff\xd9"
