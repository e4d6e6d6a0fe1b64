"""Where text is burned into the frames of a window, by what many frames say together.

What is written stays put while tissue moves: in the darkest value that each sample takes over time the tissue
has sunk, and light letters stand alone. Dark letters, and those that are there for a moment only, show in the
brightest. What moves is looked for in single frames, and followed through the others by its own strokes.
"""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox, TextFinder
from ground.ppocr_lines import share_inside, without_inner
from ground.ppocr_strokes import GROUND, all_strokes, light_strokes
from video.overlay.blocks import is_blocks
from video.overlay.survey_model import Window
from video.overlay.text_motion import go_straight, swept, track_through_frames, track_through_samples

STILL_CHANGE = 2
"""Where no sample changes by more over time, every frame shows the same."""
MOST_SHEET_PX = 2_200_000
"""Of all samples that are looked at, side by side: what a detector does in about a second."""
MOST_SAMPLES, FEWEST_SAMPLES = 5, 2
GAP_PX = 32
COVERED = 0.7
MOVING_SCORE_LEAST = 0.5
LONE_SCORE_LEAST = 0.9
"""Where text does not wander: what a single frame must look like to be believed alone."""

Frames = Callable[[], Iterable[NDArray[np.uint8]]]
"""Gives the frames of the window anew, (h, w, 3) uint8 RGB each, in order."""


def text_boxes(
    window: Window, finder: TextFinder, frames: Frames | None = None, *, may_wander: bool = True
) -> tuple[TextBox, ...]:
    """Boxes that cover all text in all frames of the window; frame px. Squares in a pattern are no text.

    frames : asked for only where a text moves, which is then followed from frame to frame. Without them it
        is followed through the samples, and covered in between as if it went straight.
    may_wander : whether text can move over the picture. An endoscope's overlays never do, while wet tissue
        and instruments look like a word in one frame and like none in the next: then only what stands in
        one place in several samples, or is beyond doubt, is believed.
    Raises TextFinderError.
    """
    found = _text_boxes(window, finder, frames, may_wander)
    return tuple(box for box in found if not is_blocks(window, box))


def _text_boxes(
    window: Window, finder: TextFinder, frames: Frames | None, may_wander: bool
) -> tuple[TextBox, ...]:
    height_px, width_px = window.median.shape[:2]
    still = list(finder.find(light_strokes(window.minimum)))
    if window.change.max(initial=0) <= STILL_CHANGE:
        return without_inner([*still, *finder.find(all_strokes(window.median))])
    samples = _chosen(window)
    pictures = [all_strokes(window.maximum), *(all_strokes(sample) for sample in samples)]
    of_maximum, *of_samples = _find_side_by_side(pictures, finder)
    still += of_maximum
    moving = [
        (index, box)
        for index, boxes in enumerate(of_samples)
        for box in boxes
        if box.score >= MOVING_SCORE_LEAST and _covered(box, still) < COVERED
    ]
    if not may_wander:
        still += [
            box for index, box in moving if box.score >= LONE_SCORE_LEAST or _stands_still(index, box, moving)
        ]
    elif moving:
        tracks = track_through_samples(sorted(moving, key=lambda one: -one[1].score), samples)
        if frames is None:
            go_straight(tracks)
        else:
            track_through_frames(tracks, frames())
        for track in tracks:
            still += swept(track, width_px, height_px)
    return without_inner(still)


def _chosen(window: Window) -> list[NDArray[np.uint8]]:
    """As many samples as a detector has time for, spread over the window."""
    height_px, width_px = window.median.shape[:2]
    room = MOST_SHEET_PX // (height_px * width_px) - 1
    count = min(len(window.samples), max(FEWEST_SAMPLES, min(MOST_SAMPLES, room)))
    places = np.linspace(0, len(window.samples) - 1, count).round().astype(int)
    return [window.samples[place][1] for place in places]


def _find_side_by_side(pictures: list[NDArray[np.uint8]], finder: TextFinder) -> list[list[TextBox]]:
    """The boxes in each of several pictures of one size, which the finder sees as one."""
    height_px, width_px = pictures[0].shape[:2]
    columns = max(1, round((len(pictures) * height_px / width_px) ** 0.5))
    rows = -(-len(pictures) // columns)
    step_y, step_x = height_px + GAP_PX, width_px + GAP_PX
    sheet = np.full((rows * step_y, columns * step_x, 3), GROUND, np.uint8)
    origins = [(step_x * (place % columns), step_y * (place // columns)) for place in range(len(pictures))]
    for picture, (x, y) in zip(pictures, origins, strict=True):
        sheet[y : y + height_px, x : x + width_px] = picture
    found: list[list[TextBox]] = [[] for _ in pictures]
    for box in finder.find(sheet):
        column, row = (box.x0 + box.x1) // 2 // step_x, (box.y0 + box.y1) // 2 // step_y
        place = row * columns + column
        if place < len(pictures):
            x, y = origins[place]
            x0, y0 = max(0, box.x0 - x), max(0, box.y0 - y)
            x1, y1 = min(width_px, box.x1 - x), min(height_px, box.y1 - y)
            if x0 < x1 and y0 < y1:
                found[place].append(TextBox(x0, y0, x1, y1, box.score))
    return found


def _stands_still(index: int, box: TextBox, others: Iterable[tuple[int, TextBox]]) -> bool:
    return any(other != index and share_inside(box, same) >= COVERED for other, same in others)


def _covered(box: TextBox, still: Iterable[TextBox]) -> float:
    return max((share_inside(box, other) for other in still), default=0.0)
