"""Machine-readable codes in a picture: a sticker may bear one and no letter. None of them is read.

Bars and QR codes are found by OpenCV's detectors. For matrix codes (Data Matrix and its like) there is none
that comes with us; they are told by what they are: small squares of black and white, without colour or
shades between, that change about as often along either side.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from tiling.model import Pixels

# One of these makes a code's squares 2 to 6 px large.
_SCALES = (1.0, 0.5, 0.25)
_NEAR_PX, _WINDOW_PX = 13, 33
_CONTRAST_GREY, _COLOURLESS_GREY = 70, 40
_BLACK_OR_WHITE = 0.2  # of the contrast: no further from either end
_LEAST_PURE, _LEAST_CONTRAST, _LEAST_COLOURLESS, _LEAST_DARK = 0.6, 0.95, 0.9, 0.25
# Changes per px. Generated codes have 0.17 and more at one of the scales, blurred by a px too; the glasses of
# real slides 0.125 at most, printed letters 0.115.
_LEAST_CHANGES = 0.14


def has_code(pixels: Pixels) -> bool:
    """Whether bars, along either side, a QR or a matrix code are seen; also where looking for them fails.

    pixels: (height, width, 3) uint8, RGB.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    try:
        if any(detector.detect(grey)[0] for detector in (cv2.QRCodeDetectorAruco(), cv2.QRCodeDetector())):
            return True
        bars = cv2.barcode.BarcodeDetector()
        if any(bars.detect(turned)[0] for turned in (grey, np.ascontiguousarray(np.rot90(grey)))):
            return True
        return any(_has_matrix(pixels, scale) for scale in _SCALES)
    except cv2.error:
        return True


def _has_matrix(pixels: Pixels, scale: float) -> bool:
    size = [round(side * scale) for side in pixels.shape[1::-1]]
    if min(size) < _WINDOW_PX:
        return False
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    near = np.ones((_NEAR_PX, _NEAR_PX), np.uint8)
    lowest, highest = cv2.erode(grey, near), cv2.dilate(grey, near)
    contrast = cv2.subtract(highest, lowest)
    from_black, from_white = cv2.subtract(grey, lowest), cv2.subtract(highest, grey)
    is_dark = from_black < from_white
    is_pure = np.minimum(from_black, from_white) < _BLACK_OR_WHITE * contrast
    red, green, blue = (small[..., channel] for channel in range(3))
    colour = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    dark = _share(is_dark)
    is_like_code = (
        (_share(contrast >= _CONTRAST_GREY) > _LEAST_CONTRAST)
        & (_share(colour < _COLOURLESS_GREY) > _LEAST_COLOURLESS)
        & (_share(is_pure) > _LEAST_PURE)
        & (dark > _LEAST_DARK)
        & (dark < 1 - _LEAST_DARK)
    )
    across = np.pad(is_dark[:, 1:] != is_dark[:, :-1], ((0, 0), (0, 1)))
    down = np.pad(is_dark[1:] != is_dark[:-1], ((0, 1), (0, 0)))
    changes = np.minimum(_share(across), _share(down))
    return bool((is_like_code & (changes >= _LEAST_CHANGES)).any())


def _share(is_so: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Around each pixel, in a window: of how many it is so."""
    return np.asarray(
        cv2.boxFilter(is_so.astype(np.float32), cv2.CV_32F, (_WINDOW_PX, _WINDOW_PX)), np.float32
    )
