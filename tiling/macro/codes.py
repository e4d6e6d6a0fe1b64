"""Machine-readable codes in a picture: a sticker may bear one and no letter.

OpenCV's detectors, of which none reads anything here. They know bars and QR, not Data Matrix: against that
stands that a label with one has an edge, or letters beside it.
"""

import cv2
import numpy as np

from tiling.model import Pixels


def has_code(pixels: Pixels) -> bool:
    """Whether bars, along either side, or a QR code are seen; also where they could not be looked for.

    pixels: (height, width, 3) uint8, RGB.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    try:
        if any(detector.detect(grey)[0] for detector in (cv2.QRCodeDetectorAruco(), cv2.QRCodeDetector())):
            return True
        bars = cv2.barcode.BarcodeDetector()
        return any(bars.detect(turned)[0] for turned in (grey, np.ascontiguousarray(np.rot90(grey))))
    except cv2.error:
        return True
