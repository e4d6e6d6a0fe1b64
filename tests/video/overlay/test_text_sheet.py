"""Pictures that are looked at side by side keep their own boxes."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ground.picture_text import TextBox
from video.overlay.text_sheet import find_side_by_side


class SpotFinder:
    """Takes each bright spot for a text."""

    name = "spots"

    def find(self, rgb: NDArray[np.uint8], *, highest_px: float | None = None) -> tuple[TextBox, ...]:
        ys, xs = np.nonzero(rgb[..., 0] == 255)
        return tuple(
            TextBox(int(x), int(y), int(x) + 1, int(y) + 1, 0.9) for y, x in zip(ys, xs, strict=True)
        )


sizes = st.lists(st.tuples(st.integers(1, 90), st.integers(1, 90)), min_size=1, max_size=12)


@given(sizes, st.randoms(use_true_random=False))
def test_every_spot_is_found_in_its_own_picture_where_it_is(
    sizes: list[tuple[int, int]], chance: Random
) -> None:
    pictures, spots = [], []
    for height, width in sizes:
        picture = np.zeros((height, width, 3), np.uint8)
        y, x = chance.randrange(height), chance.randrange(width)
        picture[y, x] = 255
        pictures.append(picture)
        spots.append([TextBox(x, y, x + 1, y + 1, 0.9)])
    assert find_side_by_side(pictures, SpotFinder(), 96) == spots


class EdgeFinder:
    """One box, wherever it is told."""

    name = "edge"

    def __init__(self, box: TextBox) -> None:
        self._box = box

    def find(self, rgb: NDArray[np.uint8], *, highest_px: float | None = None) -> tuple[TextBox, ...]:
        return (self._box,)


@pytest.mark.parametrize(("box", "kept"), [((38, 5, 48, 15), (38, 5, 40, 15)), ((52, 5, 80, 15), None)])
def test_what_reaches_beyond_a_picture_is_cut_and_what_is_beside_it_is_of_none(
    box: tuple[int, int, int, int], kept: tuple[int, int, int, int] | None
) -> None:
    (found,) = find_side_by_side([np.zeros((40, 40, 3), np.uint8)], EdgeFinder(TextBox(*box, 0.5)), 0)
    assert found == ([] if kept is None else [TextBox(*kept, 0.5)])
