"""Pixels to the DCT coefficients of a JPEG, exactly the same ones on every machine.

One matrix product turns a block of 64 samples into its 64 coefficients. The matrix holds whole numbers, and
every sum of its products with samples stays below 2**24: single precision then has no rounding, whatever the
order in which a processor adds, and the same slide gives the same bytes everywhere.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from tiling.geometry import ceil_div
from tiling.model import Pixels
from tiling.pixels import pad_to

BLOCK_PX = 8
COEFFICIENTS = BLOCK_PX * BLOCK_PX
COMPONENTS = 3
# The coefficients' unit: 1/8192 of that of ITU-T T.81, A.3.3. Finer would leave the 24 bits.
UNITS = 8_192
# T.81, figure A.6: where the coefficient of each place in the stream lies in its block.
ZIGZAG = np.array(
    (
        *(0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48),
        *(41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23),
        *(30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63),
    )
)

_LEVEL_SHIFT = 128 * BLOCK_PX * UNITS


def _dct_matrix() -> NDArray[np.float32]:
    """(sample of a block, coefficient in the order of the stream)."""
    index = np.arange(BLOCK_PX)
    cosines = np.cos((2 * index[None, :] + 1) * index[:, None] * np.pi / (2 * BLOCK_PX)) / 2
    cosines[0] /= np.sqrt(2)
    products = np.einsum("vy,ux->vuyx", cosines, cosines).reshape(COEFFICIENTS, COEFFICIENTS)
    return np.ascontiguousarray(np.rint(products[ZIGZAG] * UNITS).astype(np.float32).T)


_DCT = _dct_matrix()


def coefficients(pixels: Pixels) -> NDArray[np.float32]:
    """(blocks, 64), in `UNITS`: for each MCU the blocks of Y, Cb and Cr, each in the order of the stream.

    Without chroma subsampling. Sides are filled up to whole blocks by repeating the last row and column.
    """
    height, width = pixels.shape[:2]
    rows, cols = ceil_div(height, BLOCK_PX), ceil_div(width, BLOCK_PX)
    pixels = pad_to(pixels, rows * BLOCK_PX, cols * BLOCK_PX)
    luma, red, blue = cv2.split(cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb))
    samples = np.empty((rows, cols, COMPONENTS, BLOCK_PX), np.uint64)
    for component, plane in enumerate((luma, blue, red)):
        eights = np.ascontiguousarray(plane).view(np.uint64).reshape(rows, BLOCK_PX, cols)
        samples[:, :, component] = eights.transpose(0, 2, 1)
    found: NDArray[np.float32] = samples.view(np.uint8).reshape(-1, COEFFICIENTS).astype(np.float32) @ _DCT
    found[:, 0] -= _LEVEL_SHIFT
    return found
