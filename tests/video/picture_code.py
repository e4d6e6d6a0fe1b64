"""A number as a pattern of black and white cells: which frame a picture is, read off the picture itself.

    rgb = draw_code(1234, 320, 240)     # (240, 320, 3) uint8
    read_code(rgb)                      # 1234; also after JPEG, 4:2:0 and scaling by 0.5 or more
    stamp_code(luma_or_rgb, 1234)       # draws into an array that is there: cheap for long clips

The pattern covers the upper third of the picture: four rows of ten cells. Cells 1 to 8 of each row are bits,
24 of the number and 8 of a checksum; the first cell of a row is black and the last is white, by which the
reader judges the others. Everything is in luma, and in fractions of the picture's sides, so that a scaled
picture is read like any other. The smallest picture is 64 × 48 px.
"""

import functools

import numpy as np
from numpy.typing import NDArray

BITS = 24
_ROWS, _COLUMNS = 4, 10
_PATTERN_HEIGHT = 1 / 3
_BLACK, _WHITE = 16, 235
Pixels = NDArray[np.uint8]


class UnreadableCodeError(ValueError):
    """The picture shows no code, or a damaged one."""


def draw_code(number: int, width_px: int, height_px: int, background: Pixels | int | None = None) -> Pixels:
    """(height, width, 3) uint8 RGB. background: a picture, a grey level, or None for one that moves."""
    if background is None:
        picture = _moving(number, width_px, height_px)
    elif isinstance(background, int):
        picture = np.full((height_px, width_px, 3), background, np.uint8)
    else:
        picture = np.array(background, np.uint8)
    stamp_code(picture, number)
    return picture


def stamp_code(picture: Pixels, number: int) -> None:
    """Draw the code into (h, w) luma or (h, w, 3) RGB, in place."""
    if not 0 <= number < 1 << BITS:
        raise ValueError("the number has more bits than the code")
    rows, columns = _cells(picture.shape[0], picture.shape[1])
    levels = np.where(_pattern(number), np.uint8(_WHITE), np.uint8(_BLACK))[rows[:, None], columns[None, :]]
    picture[: len(rows)] = levels if picture.ndim == 2 else levels[:, :, None]


def read_code(picture: Pixels) -> int:
    """The number in (h, w) luma or (h, w, 3) RGB. Raises UnreadableCodeError."""
    luma = picture.astype(np.float64) if picture.ndim == 2 else picture[..., :3].mean(axis=2)
    height, width = luma.shape
    levels = np.empty((_ROWS, _COLUMNS))
    for row in range(_ROWS):
        top = _PATTERN_HEIGHT * height * (row + 0.3) / _ROWS
        bottom = _PATTERN_HEIGHT * height * (row + 0.7) / _ROWS
        for column in range(_COLUMNS):
            left, right = width * (column + 0.3) / _COLUMNS, width * (column + 0.7) / _COLUMNS
            cell = luma[int(top) : max(int(top) + 1, int(bottom)), int(left) : max(int(left) + 1, int(right))]
            levels[row, column] = cell.mean()
    black, white = levels[:, :1], levels[:, -1:]
    if (white - black).min() < 64:
        raise UnreadableCodeError("the picture shows no code")
    bits = (levels > (black + white) / 2)[:, 1:-1].ravel()
    value = int("".join("1" if bit else "0" for bit in bits), 2)
    number, checksum = value >> 8, value & 0xFF
    if checksum != _checksum(number):
        raise UnreadableCodeError("the code in the picture is damaged")
    return number


def _pattern(number: int) -> NDArray[np.bool_]:
    value = number << 8 | _checksum(number)
    bits = np.array([value >> place & 1 for place in range(31, -1, -1)], np.bool_).reshape(_ROWS, -1)
    return np.pad(bits, ((0, 0), (1, 1)), constant_values=((False, False), (False, True)))


def _checksum(number: int) -> int:
    """CRC-8 (polynomial x⁸ + x² + x + 1) of the three bytes, begun with ones: zero is no code."""
    value = 0xFF
    for byte in number.to_bytes(3, "big"):
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ 0x07) & 0xFF if value & 0x80 else value << 1
    return value


@functools.lru_cache(maxsize=64)
def _cells(height_px: int, width_px: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Of each pixel row and column of the pattern: which row and column of cells it belongs to."""
    pattern_px = round(height_px * _PATTERN_HEIGHT)
    rows = (np.arange(pattern_px) + 0.5) * _ROWS / (height_px * _PATTERN_HEIGHT)
    columns = (np.arange(width_px) + 0.5) * _COLUMNS / width_px
    return np.minimum(rows.astype(np.intp), _ROWS - 1), columns.astype(np.intp)


@functools.lru_cache(maxsize=8)
def _gradient(height_px: int, width_px: int) -> Pixels:
    across = np.linspace(40, 200, 2 * width_px)
    down = np.linspace(0, 30, height_px)
    red = across[None, :] + down[:, None]
    return np.stack([red, red * 0.8, red * 0.5 + 40], axis=2).astype(np.uint8)


def _moving(number: int, width_px: int, height_px: int) -> Pixels:
    shift = number * 3 % width_px
    return np.array(_gradient(height_px, width_px)[:, shift : shift + width_px])
