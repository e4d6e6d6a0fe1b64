"""Text in the pictures of a clip, in all of its windows: before anything is blanked, and after."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ground.finding import Box, Finding, Reason
from ground.picture_text import TextFinder, TextFinderError
from video.errors import VerificationError
from video.model import Kept
from video.overlay.survey_model import Survey, Window
from video.overlay.text import Frames, text_boxes
from video.scrub.boxes import area_px, fused, share_within, widened
from video.scrub.control import ControlledFinder, smoothed_over
from video.scrub.execute import stop_if
from video.scrub.masks import Blanker

MOST_TEXT_SHARE = 0.1
"""Of the picture: where text of all windows together takes more, each window's text goes from its own frames
alone, but for what several windows show."""
_SAME_SHARE = 0.9
_BLANKED_SHARE = 0.75  # of a box in the result: what the detector sees there is the mask
_REMOVED_SHARE = 0.5  # of a box in the result, which never is exactly the one that a reviewer saw
_WIDENED_PX = 6


def text_findings(
    survey: Survey,
    finder: TextFinder,
    kept: Kept | None,
    cancelled: Callable[[], bool],
    frames: Frames | None = None,
    *,
    may_wander: bool = True,
) -> list[Finding]:
    """Text of all windows, as far as it is not wholly outside of what is kept.

    A box of any window is meant for every frame of the clip, unless all of them together would take too
    much of the picture. frames: all of a clip of one window, for text that moves. may_wander: see
    `text_boxes`.
    Raises VerificationError, ConversionCancelled.
    """
    inside = ~Blanker(survey.picture, (), kept).area(0, 0)
    by_window: list[list[tuple[Box, float]]] = []
    for window in survey.windows:
        stop_if(cancelled())
        by_window.append(
            [
                (box, score)
                for box, score in _text_of(window, finder, frames, may_wander)
                if inside[_pixels(box)].any()
            ]
        )
    together = fused(box for boxes in by_window for box in boxes)
    taken = np.zeros_like(inside)
    for box, _ in together:
        taken[_pixels(box)] = True
    if len(survey.windows) > 1 and (taken & inside).sum() > MOST_TEXT_SHARE * inside.sum():
        together = _in_their_frames(survey, by_window)
    return [Finding(Reason.TEXT, box, is_masked=True, score=score) for box, score in together]


def text_left(
    result: Survey,
    finder: TextFinder,
    blanker: Blanker,
    removed: Sequence[Box],
    cancelled: Callable[[], bool],
    *,
    may_wander: bool = True,
) -> list[Finding]:
    """Text that is found in the result, but for where it is blanked and where a reviewer lets it stay; in
    boxes somewhat larger than the detector's. Raises VerificationError, ConversionCancelled."""
    picture = result.picture
    left: list[tuple[Box, float]] = []
    for window in result.windows:
        stop_if(cancelled())
        blanked = blanker.area(window.first_frame, window.last_frame)
        holes = blanker.rectangles(window.first_frame, window.last_frame)
        for box, score in _text_of(smoothed_over(window, holes), ControlledFinder(finder), None, may_wander):
            is_blanked = blanked[_pixels(box)].mean() >= _BLANKED_SHARE
            if not is_blanked and not any(share_within(box, mask) >= _REMOVED_SHARE for mask in removed):
                left.append((widened(box, _WIDENED_PX, picture.width_px, picture.height_px), score))
    return [Finding(Reason.TEXT, box, is_masked=True, score=score) for box, score in fused(left)]


def _text_of(
    window: Window, finder: TextFinder, frames: Frames | None, may_wander: bool
) -> list[tuple[Box, float]]:
    try:
        boxes = text_boxes(window, finder, frames, may_wander=may_wander)
    except TextFinderError as error:
        raise VerificationError("text could not be looked for in the pictures") from error
    return [(Box(box.x0, box.y0, box.x1, box.y1), box.score) for box in boxes]


def _pixels(box: Box) -> tuple[slice, slice]:
    return slice(box.y0, box.y1), slice(box.x0, box.x1)


def _in_their_frames(survey: Survey, by_window: list[list[tuple[Box, float]]]) -> list[tuple[Box, float]]:
    """What two windows show goes from all frames, the rest from those of its window."""
    everywhere: list[tuple[Box, float]] = []
    found: list[tuple[Box, float]] = []
    for window, boxes in zip(survey.windows, by_window, strict=True):
        others = [box for other in by_window if other is not boxes for box, _ in other]
        for box, score in boxes:
            if any(_is_same(box, other) for other in others):
                everywhere.append((box, score))
            else:
                frames = replace(box, first_frame=window.first_frame, last_frame=window.last_frame)
                found.append((frames, score))
    return [*fused(everywhere), *found]


def _is_same(box: Box, other: Box) -> bool:
    shared = share_within(box, other) * area_px(box)
    return shared >= _SAME_SHARE * min(area_px(box), area_px(other))
