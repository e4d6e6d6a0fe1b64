"""How close a coded picture is to what it was made from, and how to tell two pictures apart."""

import hashlib
from collections.abc import Sequence
from math import log10

import cv2
import numpy as np

from video.model import Plane

BEST_DB = 99.0
"""Said of equal pictures, whose ratio has no number."""
DIGEST_BYTES = 8


def psnr_db(coded: Sequence[Plane], source: Sequence[Plane]) -> float:
    """Peak signal-to-noise ratio of the worst plane, so that all samples together are no worse."""
    return min(_plane_psnr_db(one, other) for one, other in zip(coded, source, strict=True))


def _plane_psnr_db(one: Plane, other: Plane) -> float:
    squares = cv2.norm(one, other, cv2.NORM_L2SQR)
    return min(BEST_DB, 10 * log10(255**2 * one.size / squares)) if squares else BEST_DB


def picture_digest(planes: Sequence[Plane]) -> bytes:
    """The first eight bytes of SHA-256 over the samples, plane by plane, row by row."""
    digest = hashlib.sha256()
    for plane in planes:
        digest.update(np.ascontiguousarray(plane).data)
    return digest.digest()[:DIGEST_BYTES]
