"""Outlines hold what they go around."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from video.overlay.sector_hulls import area_of, intersection
from video.overlay.sector_shapes import few_vertices, outline, painted, parts_of

_SIDES = st.integers(1, 60)


@settings(max_examples=60, deadline=None)
@given(_SIDES, _SIDES, st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_an_outline_is_within_the_frame_and_covers_each_pixel(
    width: int, height: int, seed: int, larger: int
) -> None:
    random = np.random.default_rng(seed)
    bitmap = (random.random((height, width)) < 0.2).astype(np.uint8)
    bitmap[random.integers(height), random.integers(width)] = 1
    polygon = outline(bitmap, width * larger, height * larger)
    assert all(0 <= x < width * larger and 0 <= y < height * larger for x, y in polygon)
    covered = painted((polygon,), width * larger, height * larger)
    whole = np.kron(bitmap, np.ones((larger, larger), np.uint8))
    assert not (whole & (1 - covered)).any()


def test_a_circle_has_few_vertices_and_nearly_its_area() -> None:
    angles = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    circle = np.stack([1000 + 900 * np.cos(angles), 1000 + 900 * np.sin(angles)], axis=1).astype(np.int32)
    polygon = few_vertices(circle)
    assert len(polygon) <= 40
    assert area_of(polygon) >= 0.99 * np.pi * 900**2


def test_two_squares_share_their_corner_and_two_apart_nothing() -> None:
    one = ((0, 0), (10, 0), (10, 10), (0, 10))
    other = ((5, 5), (15, 5), (15, 15), (5, 15))
    shared = intersection(one, other)
    assert shared is not None
    assert set(shared) == {(5, 5), (10, 5), (10, 10), (5, 10)}
    assert intersection(one, ((20, 20), (30, 20), (30, 30), (20, 30))) is None


def test_of_a_thousand_parts_the_largest_are_looked_at() -> None:
    bitmap = np.zeros((200, 200), np.uint8)
    bitmap[::4, ::4] = 1
    bitmap[100:110, 100:120] = 1
    parts = parts_of(bitmap, bitmap.astype(np.float32))
    assert len(parts) == 40
    assert (parts[0].width, parts[0].height) >= (20, 10)
    assert parts[0].weight == parts[0].area
