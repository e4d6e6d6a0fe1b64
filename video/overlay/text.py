"""Where text is burned into the frames of a window, by what many frames say together.

What is written stays put while tissue moves: in the darkest value that each sample takes over time the tissue
has sunk, and light letters stand alone. Dark letters, and those that are there for a moment only, show in the
brightest. What moves is looked for in single frames, and followed through the others by its own strokes.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox, TextFinder, highest_text_px
from ground.ppocr_lines import share_inside, without_inner
from ground.ppocr_strokes import GAIN, GROUND, LASTING_GAIN, all_strokes, light_strokes
from video.overlay.blocks import is_blocks
from video.overlay.survey_model import Window
from video.overlay.text_ends import legible_alone, to_their_ends
from video.overlay.text_motion import (
    MOST_FOLLOWED,
    Track,
    common_strokes,
    swept,
    track_through_frames,
    track_through_samples,
    widen_to,
)
from video.overlay.text_sheet import find_side_by_side

STILL_CHANGE = 2
"""Where no sample changes by more over time, every frame shows the same."""
MOST_SHEET_PX = 2_200_000
"""Of all samples that are looked at, side by side: what a detector does in about a second."""
MOST_SAMPLES, FEWEST_SAMPLES = 5, 3
COVERED = 0.7
LEAST_SIDE_PX = 6
"""No letters are lower; what is narrower is the frame's edge."""
CANDIDATE_SCORE_LEAST, MOVING_SCORE_LEAST = 0.3, 0.5
"""Of a moving text: to be followed, and to be believed in the end."""
LONE_SCORE_LEAST = 0.9
"""What must look like this in a single frame to be believed alone."""
LARGE_SHARE = 0.75
"""Of the highest text."""
MOST_LOOKED_AT = 80
"""Moving texts; more are believed as they were seen."""

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
        one place in several samples, is beyond doubt, or still looks like one alone is believed.
    Raises TextFinderError.
    """
    found = _text_boxes(window, finder, frames, may_wander)
    return tuple(box for box in found if not is_blocks(window, box))


def _text_boxes(
    window: Window, finder: TextFinder, frames: Frames | None, may_wander: bool
) -> tuple[TextBox, ...]:
    is_still = window.change.max(initial=0) <= STILL_CHANGE
    gain = GAIN if is_still else LASTING_GAIN
    lasting = light_strokes(window.minimum, gain=gain), all_strokes(window.median)
    still = list(finder.find(lasting[0]))
    if is_still:
        return without_inner(to_their_ends([*still, *finder.find(lasting[1])], lasting, finder))
    samples = _chosen(window)
    pictures = [all_strokes(window.maximum), *(all_strokes(sample) for _, sample in samples)]
    of_maximum, *of_samples = find_side_by_side(pictures, finder, GROUND)
    if may_wander:
        still += of_maximum
    else:
        # An instrument that goes to and fro leaves a trail in the brightest values.
        still += [box for box in of_maximum if box.score >= LONE_SCORE_LEAST]
        trails = [box for box in of_maximum if box.score < LONE_SCORE_LEAST]
        still += legible_alone([(box, (window.maximum, pictures[0])) for box in trails], finder)
    moving = [
        (index, box)
        for index, boxes in enumerate(of_samples)
        for box in boxes
        if box.score >= CANDIDATE_SCORE_LEAST
        and min(box.x1 - box.x0, box.y1 - box.y0) >= LEAST_SIDE_PX
        and _covered(box, still) < COVERED
    ]
    if not may_wander:
        looks = [(box, (samples[index][1], pictures[1 + index])) for index, box in moving]
        still += [
            box for index, box in moving if box.score >= LONE_SCORE_LEAST or _stands_still(index, box, moving)
        ]
        still += legible_alone(looks, finder)
    still = to_their_ends(still, lasting, finder)
    if may_wander and moving:
        for track in _tracks(window, finder, frames, moving, samples):
            still += swept(track, window)
    return without_inner(still)


def _tracks(
    window: Window,
    finder: TextFinder,
    frames: Frames | None,
    found: Sequence[tuple[int, TextBox]],
    samples: Sequence[tuple[int, NDArray[np.uint8]]],
) -> list[Track]:
    """Where text goes that is seen in samples: what is doubtful there has to be plain in what all frames have
    in common."""
    tracks = track_through_samples(sorted(found, key=lambda one: -one[1].score), samples)
    if frames is not None:
        track_through_frames(tracks[:MOST_FOLLOWED], frames, window.first_frame)
    looked_at = tracks[:MOST_LOOKED_AT]
    seen = find_side_by_side([common_strokes(track) for track in looked_at], finder, 0)
    believed = tracks[MOST_LOOKED_AT:]
    once, large_px = [], LARGE_SHARE * highest_text_px(*window.median.shape[:2])
    for track, boxes in zip(looked_at, seen, strict=True):
        if track.score >= LONE_SCORE_LEAST:
            widen_to(track, boxes)
            believed.append(track)
        elif len(track.cuts) == 1 and min(track.strokes.shape) > large_px:
            once.append(track)
        # In bare speckle letters are seen in one frame and not in the next; and the mean of what is most like
        # them in all frames is like them.
        elif widen_to(track, boxes):
            believed.append(track)
    believed += _legible_once(once, samples, finder)
    return [track for track in believed if track.score >= MOVING_SCORE_LEAST]


def _legible_once(
    tracks: Sequence[Track], samples: Sequence[tuple[int, NDArray[np.uint8]]], finder: TextFinder
) -> list[Track]:
    """Of large texts that were seen in one sample only, and so have nothing in common with another frame:
    those that look like one alone. Beside what is blanked, noise that changes wholly does not."""
    by_number = dict(samples)
    looks = []
    for track in tracks:
        sample = by_number[track.seen_in]
        looks.append((track.in_frame[track.seen_in], (sample, all_strokes(sample))))
    legible = legible_alone(looks, finder)
    return [track for track, (place, _) in zip(tracks, looks, strict=True) if place in legible]


def _chosen(window: Window) -> list[tuple[int, NDArray[np.uint8]]]:
    """As many samples as a detector has time for, in order. Those between the first and the last come before
    these: some were taken for sharp things that come and go."""
    height_px, width_px = window.median.shape[:2]
    room = MOST_SHEET_PX // (height_px * width_px) - 1
    count = max(FEWEST_SAMPLES, min(MOST_SAMPLES, room))
    middle = (len(window.samples) - 1) / 2
    places = sorted(range(len(window.samples)), key=lambda place: abs(place - middle))[:count]
    return [window.samples[place] for place in sorted(places)]


def _stands_still(index: int, box: TextBox, others: Iterable[tuple[int, TextBox]]) -> bool:
    return any(other != index and share_inside(box, same) >= COVERED for other, same in others)


def _covered(box: TextBox, still: Iterable[TextBox]) -> float:
    return max((share_inside(box, other) for other in still), default=0.0)
