"""Letters stand out from what is around them, whatever their colour and whatever is under them."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ground.ppocr_strokes import GROUND, all_strokes

COLOURS = [(255, 255, 0), (0, 255, 255), (255, 0, 0), (0, 0, 128), (255, 160, 60)]
STANDS_OUT = 80


def written(colour: tuple[int, int, int], ground: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """(h, w, 3) with a name, and (h, w) its ink."""
    ink = np.zeros((80, 240), np.uint8)
    cv2.putText(ink, "KOVACS", (40, 50), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 1)
    picture = np.full((*ink.shape, 3), ground, np.uint8)
    picture[ink > 0] = colour
    return picture, ink > 0


@pytest.mark.parametrize("ground", [0, 60, 128, 190, 255])
@pytest.mark.parametrize("colour", COLOURS)
def test_coloured_letters_stand_out_from_every_grey(colour: tuple[int, int, int], ground: int) -> None:
    """Yellow is as much lighter than a middle grey as it is darker: one must not cancel the other."""
    picture, ink = written(colour, ground)
    assert (np.abs(all_strokes(picture)[..., 0].astype(int) - GROUND)[ink] >= STANDS_OUT).all()


def test_letters_keep_their_strokes_where_colours_show_flow() -> None:
    """There everything is more coloured than what is around it."""
    ink = written((255, 255, 0), 0)[1]
    flow = np.random.default_rng(1).integers(0, 256, (20, 60, 3)).astype(np.uint8)
    picture = np.asarray(cv2.resize(flow, ink.shape[::-1], interpolation=cv2.INTER_CUBIC), np.uint8)
    highest, lowest = picture.max(axis=2), picture.min(axis=2)
    grey = np.repeat(((highest.astype(int) + lowest) // 2).astype(np.uint8)[..., None], 3, axis=2)
    strokes = [all_strokes(one)[..., 0].astype(int) - GROUND for one in (picture, grey)]
    assert np.abs(strokes[0]).mean() <= 1.2 * np.abs(strokes[1]).mean()


@pytest.mark.parametrize(("level", "ground"), [(255, 100), (0, 200)])
def test_light_letters_are_lighter_than_the_ground_and_dark_ones_darker(level: int, ground: int) -> None:
    picture, ink = written((level, level, level), ground)
    strokes = all_strokes(picture)[..., 0].astype(int) - GROUND
    assert (np.sign(strokes[ink]) == (1 if level > ground else -1)).all()
    assert not strokes[~cv2.dilate(ink.astype(np.uint8), np.ones((15, 15))).astype(bool)].any()
