"""Turning by the display matrix, as the `ffmpeg` program does it (ISO 14496-12, 8.3.2)."""

import struct

import numpy as np
import pytest

from tests.video.picture_code import Pixels
from video.formats.container.orientation import Turn, turn_of, turned

ONE = 1 << 16


def matrix(a: int, b: int, c: int, d: int) -> bytes:
    return struct.pack("=9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)


@pytest.mark.parametrize(
    ("numbers", "turn"),
    [
        ((ONE, 0, 0, ONE), Turn.NONE),
        ((0, ONE, -ONE, 0), Turn.CLOCKWISE),
        ((-ONE, 0, 0, -ONE), Turn.HALF),
        ((0, -ONE, ONE, 0), Turn.COUNTERCLOCKWISE),
        ((-ONE, 0, 0, ONE), Turn.MIRROR),
        ((ONE, 0, 0, -ONE), Turn.FLIP),
        ((0, ONE, ONE, 0), Turn.TRANSPOSE),
        ((0, -ONE, -ONE, 0), Turn.ANTITRANSPOSE),
        ((46_341, 46_341, -46_341, 46_341), Turn.OTHER),
        ((0, 0, 0, 0), Turn.NONE),
        ((2 * ONE, 0, 0, 2 * ONE), Turn.NONE),
    ],
)
def test_a_matrix_is_read_as_the_turn_that_it_is(numbers: tuple[int, int, int, int], turn: Turn) -> None:
    assert turn_of(matrix(*numbers)) is turn


def test_a_matrix_of_another_length_turns_nothing() -> None:
    assert turn_of(b"") is Turn.NONE
    assert turn_of(bytes(35)) is Turn.NONE


def _moved_point(a: int, b: int, c: int, d: int, plane: Pixels) -> Pixels:
    """Pixel by pixel: (x, y) becomes (ax + cy, bx + dy), moved back into the picture."""
    height, width = plane.shape
    places = {(a * x + c * y, b * x + d * y): plane[y, x] for y in range(height) for x in range(width)}
    left, top = min(x for x, _ in places), min(y for _, y in places)
    right, bottom = max(x for x, _ in places), max(y for _, y in places)
    result = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    for (x, y), value in places.items():
        result[y - top, x - left] = value
    return result


@pytest.mark.parametrize(
    "numbers",
    [
        (1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0), (-1, 0, 0, 1), (1, 0, 0, -1),
        (0, 1, 1, 0), (0, -1, -1, 0),
    ],
)  # fmt: skip
def test_pixels_go_where_the_matrix_sends_them(numbers: tuple[int, int, int, int]) -> None:
    plane = np.arange(6 * 4, dtype=np.uint8).reshape(4, 6)
    turn = turn_of(matrix(*(ONE * number for number in numbers)))
    moved = turned(plane, turn)
    np.testing.assert_array_equal(moved, _moved_point(*numbers, plane))
    assert moved.strides[1] == 1
    assert turn.swaps_sides == (moved.shape != plane.shape)
