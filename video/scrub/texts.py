"""Text in the pictures of a clip, in all of its windows: before anything is blanked, and after."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from ground.finding import Box, Finding, Reason
from ground.picture_text import TextBox
from video.model import Kept
from video.overlay.survey_model import Survey, Window
from video.scrub.boxes import area_px, fused, share_within, widened
from video.scrub.control import as_blanked
from video.scrub.course import Course
from video.scrub.looker import Looker
from video.scrub.masks import Blanker
from video.scrub.rewind import Rewind

MOST_TEXT_SHARE = 0.1
"""Of the picture: where text of all windows together takes more, each window's text goes from its own frames
alone, but for what several windows show."""
_SAME_SHARE = 0.9
_BLANKED_SHARE = 0.75  # of a box in the result: what the detector sees there is the mask
_REMOVED_SHARE = 0.5  # of a box in the result, which never is exactly the one that a reviewer saw
_WIDENED_PX = 6


def text_findings(
    survey: Survey,
    looker: Looker,
    kept: Kept | None,
    course: Course,
    rewind: Rewind | None = None,
    *,
    may_wander: bool = True,
) -> list[Finding]:
    """Text of all windows, as far as it is not wholly outside of what is kept.

    A box of any window is meant for every frame of the clip, unless all of them together would take too
    much of the picture. rewind: gives the clip's frames anew, to follow text that moves. may_wander: see
    `text_boxes`.
    Raises VerificationError, ConversionCancelled.
    """

    def look(window: Window) -> tuple[TextBox, ...]:
        frames = None if rewind is None else partial(rewind.frames, window.first_frame, window.last_frame)
        return looker.boxes(window, course.cancelled, frames, may_wander=may_wander)

    inside = ~Blanker(survey.picture, (), kept).beyond
    seen = course.each(look, survey.windows, survey.frame_count)
    by_window = [
        [(box, score) for box, score in map(_scored, boxes) if inside[_pixels(box)].any()] for boxes in seen
    ]
    together = fused(box for boxes in by_window for box in boxes)
    taken = np.zeros_like(inside)
    for box, _ in together:
        taken[_pixels(box)] = True
    if len(survey.windows) > 1 and (taken & inside).sum() > MOST_TEXT_SHARE * inside.sum():
        together = _in_their_frames(survey, by_window)
    return [Finding(Reason.TEXT, box, is_masked=True, score=score) for box, score in together]


def text_left(
    result: Survey,
    looker: Looker,
    blanker: Blanker,
    removed: Sequence[Box],
    course: Course,
    *,
    may_wander: bool = True,
) -> list[Finding]:
    """Text that is found in the result, but for where it is blanked and where a reviewer lets it stay; in
    boxes somewhat larger than the detector's. Raises VerificationError, ConversionCancelled."""
    picture = result.picture
    beyond = blanker.beyond

    def look(window: Window) -> list[tuple[Box, float]]:
        holes = blanker.rectangles(window.first_frame, window.last_frame)
        seen = looker.boxes(as_blanked(window, holes, beyond), course.cancelled, may_wander=may_wander)
        blanked = holes | beyond
        return [
            (widened(box, _WIDENED_PX, picture.width_px, picture.height_px), score)
            for box, score in map(_scored, seen)
            if blanked[_pixels(box)].mean() < _BLANKED_SHARE
            and not any(share_within(box, mask) >= _REMOVED_SHARE for mask in removed)
        ]

    by_window = course.each(look, result.windows, result.frame_count)
    left = fused(box for boxes in by_window for box in boxes)
    return [Finding(Reason.TEXT, box, is_masked=True, score=score) for box, score in left]


def _scored(box: TextBox) -> tuple[Box, float]:
    return Box(box.x0, box.y0, box.x1, box.y1), box.score


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
