"""From luma and differences to red, green and blue, and from one matrix to another (ITU-T H.273, 8.3)."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from video.model import Matrix

# Weights of red and blue in luma (H.273, table 4).
_LUMA_WEIGHTS = {
    Matrix.BT601: (0.299, 0.114),
    Matrix.BT709: (0.2126, 0.0722),
    Matrix.BT2020: (0.2627, 0.0593),
}


def range_scales(*, is_full_range: bool) -> tuple[float, float]:
    """By how much luma and differences have to be stretched to full range."""
    return (1.0, 1.0) if is_full_range else (255 / 219, 255 / 224)


@lru_cache(maxsize=4)
def rgb_gains(matrix: Matrix) -> NDArray[np.float64]:
    """(3, 2): what red, green and blue are beyond luma, of the blue and the red difference."""
    red, blue = _LUMA_WEIGHTS[matrix]
    green = 1 - red - blue
    return np.array(
        [
            [0, 2 * (1 - red)],
            [-2 * blue * (1 - blue) / green, -2 * red * (1 - red) / green],
            [2 * (1 - blue), 0],
        ]
    )


@lru_cache(maxsize=4)
def mixture(matrix: Matrix) -> NDArray[np.float64]:
    """(3, 2): what luma gains in BT.601, and the new differences, of the old blue and red ones."""
    gains = rgb_gains(matrix)
    red, blue = _LUMA_WEIGHTS[Matrix.BT601]
    luma = np.array([red, 1 - red - blue, blue]) @ gains
    return np.stack([luma, (gains[2] - luma) / (2 * (1 - blue)), (gains[0] - luma) / (2 * (1 - red))])
