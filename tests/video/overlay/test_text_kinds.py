"""Text is found however a machine writes it: upright, at the edge, on bars, for a moment, moving."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ground.picture_text import TextFinder
from ground.ppocr import open_text_finder
from tests.video.overlay.test_text import tissue, uncovered, window_of
from video.overlay.text import text_boxes

Ink = NDArray[np.bool_]
Colour = tuple[int, int, int]
WHITE, YELLOW, CYAN = (230, 230, 230), (255, 230, 0), (0, 220, 255)


@pytest.fixture(scope="module")
def finder() -> TextFinder:
    return open_text_finder()


def name(words: str = "KOVACS ANNA", scale: float = 0.5, thickness: int = 1) -> Ink:
    """(h, w), cut to what is written."""
    canvas = np.zeros((80, 320), np.uint8)
    cv2.putText(canvas, words, (5, 50), cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thickness)
    rows, columns = np.flatnonzero(canvas.any(axis=1)), np.flatnonzero(canvas.any(axis=0))
    return canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] > 0


def written(
    frames: NDArray[np.uint8], ink: Ink, x_px: int, y_px: int, colour: Colour, share: float = 1
) -> Ink:
    """The whole picture's ink; share: how opaque it is."""
    whole = np.zeros(frames.shape[1:3], np.bool_)
    whole[y_px : y_px + ink.shape[0], x_px : x_px + ink.shape[1]] = ink
    under = frames[:, whole].astype(np.float32)
    frames[:, whole] = np.rint(under + share * (np.array(colour, np.float32) - under)).astype(np.uint8)
    return whole


def upright(frames: NDArray[np.uint8]) -> list[Ink]:
    return [
        written(frames, np.rot90(name()), 30, 80, WHITE),
        written(frames, np.rot90(name("12.03.1956"), 3), 250, 90, YELLOW),
    ]


def at_the_edge(frames: NDArray[np.uint8]) -> list[Ink]:
    ink = name()
    return [
        written(frames, ink, 0, 100, WHITE),
        written(frames, ink, 320 - ink.shape[1], 160, YELLOW),
        written(frames, ink, 90, 240 - ink.shape[0], WHITE),
    ]


def shadowed(frames: NDArray[np.uint8]) -> list[Ink]:
    written(frames, name(), 61, 111, (0, 0, 0))
    return [written(frames, name(), 60, 110, WHITE)]


def half_transparent(frames: NDArray[np.uint8]) -> list[Ink]:
    return [written(frames, name(scale=0.6), 60, 110, (255, 255, 255), 0.6)]


def short_and_large(frames: NDArray[np.uint8]) -> list[Ink]:
    return [
        written(frames, name("F 45"), 40, 90, WHITE),
        written(frames, name("MEYER", 1.6, 3), 90, 130, CYAN),
    ]


def on_light_bars(frames: NDArray[np.uint8]) -> list[Ink]:
    frames[:, 85:115], frames[:, 150:180] = 195, 225
    return [written(frames, name(), 60, 95, (255, 255, 255)), written(frames, name(), 60, 160, (20, 20, 20))]


def for_two_frames(frames: NDArray[np.uint8]) -> list[Ink]:
    return [written(frames[8:10], name(scale=0.6), 60, 110, YELLOW)]


def coloured_and_moving(frames: NDArray[np.uint8]) -> list[Ink]:
    """Lighter than the tissue by as much as it is darker."""
    frames[:] = 100 + frames // 3
    return [
        written(frames[number : number + 1], name(), 40 + 4 * number, 90 + 3 * number, (255, 255, 0))
        for number in range(len(frames))
    ]


KINDS = (
    upright,
    at_the_edge,
    shadowed,
    half_transparent,
    short_and_large,
    on_light_bars,
    for_two_frames,
    coloured_and_moving,
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_it_is_covered(finder: TextFinder, kind: Callable[[NDArray[np.uint8]], list[Ink]]) -> None:
    frames = tissue()
    inks = kind(frames)
    boxes = text_boxes(window_of(frames), finder, lambda: iter(frames))
    assert [uncovered(ink, boxes) for ink in inks] == [0] * len(inks)
