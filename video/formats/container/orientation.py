"""Turning frames as the container's display matrix says, the way the `ffmpeg` program does it by itself.

The matrix is that of ISO 14496-12, 8.3.2 (tkhd): nine 32-bit numbers a b u c d v x y w. H.264 and HEVC can
carry one in an SEI message too; FFmpeg hands out either with the frame.
"""

import math
import struct
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from video.model import Plane

_MATRIX = struct.Struct("=9i")


class Turn(Enum):
    """What is done to the decoded frame."""

    NONE = "none"
    CLOCKWISE = "clockwise"
    COUNTERCLOCKWISE = "counterclockwise"
    HALF = "half"
    MIRROR = "mirror"
    """Left and right change places."""
    FLIP = "flip"
    """Up and down change places."""
    TRANSPOSE = "transpose"
    ANTITRANSPOSE = "antitranspose"
    OTHER = "other"
    """By an angle that is no quarter turn: pixels would have to be made up, so the frame stays as it is."""

    @property
    def swaps_sides(self) -> bool:
        return self in {Turn.CLOCKWISE, Turn.COUNTERCLOCKWISE, Turn.TRANSPOSE, Turn.ANTITRANSPOSE}


def turn_of(matrix: bytes) -> Turn:
    """matrix: 36 bytes in the machine's order. What makes no sense turns nothing."""
    if len(matrix) != _MATRIX.size:
        return Turn.NONE
    a, b, _, c, d, *_ = _MATRIX.unpack(matrix)
    across, down = math.hypot(a, c), math.hypot(b, d)
    if not across or not down:
        return Turn.NONE
    degrees = round(math.degrees(math.atan2(b / down, a / across))) % 360
    if degrees in {0, 180}:
        mirrored, flipped = (a < 0, d < 0) if degrees else (False, d < 0)
        return {
            (False, False): Turn.NONE,
            (True, False): Turn.MIRROR,
            (False, True): Turn.FLIP,
            (True, True): Turn.HALF,
        }[mirrored, flipped]
    if degrees == 90:
        return Turn.TRANSPOSE if c > 0 else Turn.CLOCKWISE
    if degrees == 270:
        return Turn.ANTITRANSPOSE if c < 0 else Turn.COUNTERCLOCKWISE
    return Turn.OTHER


def turned(plane: Plane, turn: Turn) -> Plane:
    """A plane of its own wherever anything moves."""
    match turn:
        case Turn.NONE | Turn.OTHER:
            return plane
        case Turn.CLOCKWISE:
            moved = cv2.rotate(plane, cv2.ROTATE_90_CLOCKWISE)
        case Turn.COUNTERCLOCKWISE:
            moved = cv2.rotate(plane, cv2.ROTATE_90_COUNTERCLOCKWISE)
        case Turn.HALF:
            moved = cv2.rotate(plane, cv2.ROTATE_180)
        case Turn.MIRROR:
            moved = cv2.flip(plane, 1)
        case Turn.FLIP:
            moved = cv2.flip(plane, 0)
        case Turn.TRANSPOSE:
            moved = cv2.transpose(plane)
        case Turn.ANTITRANSPOSE:
            moved = cv2.rotate(cv2.transpose(plane), cv2.ROTATE_180)
    result: NDArray[np.uint8] = np.asarray(moved, np.uint8)
    return result
