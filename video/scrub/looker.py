"""Looking at windows for text, and never twice at what is the same.

A clip is looked at before anything is blanked, once more as it will be, and its result is looked at: three
times nearly the same pictures. What was looked at is remembered; a picture in which nothing legible differs
from a remembered one has the same text.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox, TextFinder, TextFinderError
from video.errors import VerificationError
from video.overlay.survey_model import Window
from video.overlay.text import Frames, text_boxes
from video.scrub.control import ControlledFinder
from video.scrub.course import stop_if
from video.scrub.pictures import strongest, weakest

MOST_DIFFERENCE = 8
"""Grey levels, after a mean of 3 x 3, that coding may make of a difference anywhere.

An encoding of 45 dB makes 3 to 6 of it in the windows of the real clips, up to 19 where strong colours meet;
a name that is 20 levels lighter than what is behind it makes 11 at least, in letters of 8 px too.
"""
_MOST_BYTES = 96 * 2**20

Traces = tuple[NDArray[np.uint8], ...]
"""What is remembered of a window: of each picture that is looked at, its strongest and weakest colour, of
which a finder's strokes are made; as means of 3 x 3, every second one each way."""


class Looker:
    """Looks for text with a finder that has to find known words each time. May be used by several threads.

    looked, recognised: how many windows the finder was asked about, and how many were known.
    """

    def __init__(self, finder: TextFinder) -> None:
        self._finder = ControlledFinder(finder)
        self._lock = threading.Lock()
        self._known: list[_Known] = []
        self.looked = self.recognised = 0

    @property
    def name(self) -> str:
        """The finder's."""
        return self._finder.name

    def boxes(
        self,
        window: Window,
        cancelled: Callable[[], bool],
        frames: Frames | None = None,
        *,
        may_wander: bool = True,
    ) -> tuple[TextBox, ...]:
        """As `text_boxes`. Raises ConversionCancelled, VerificationError where text cannot be looked for."""
        traces = _traces(window)
        with self._lock:
            for known in self._known:
                if known.may_wander is may_wander and _are_same(known.traces, traces):
                    self.recognised += 1
                    return known.boxes
        try:
            finder = _Stoppable(self._finder, cancelled)
            boxes = text_boxes(window, finder, frames, may_wander=may_wander)
        except TextFinderError as error:
            raise VerificationError("text could not be looked for in the pictures") from error
        with self._lock:
            self.looked += 1
            self._known.append(_Known(traces, boxes, may_wander))
            while sum(known.weight_bytes for known in self._known) > _MOST_BYTES:
                del self._known[0]
        return boxes


@dataclass(frozen=True, slots=True)
class _Stoppable:
    """A TextFinder that looks at nothing any more once that is not wanted."""

    finder: ControlledFinder
    cancelled: Callable[[], bool]

    @property
    def name(self) -> str:
        return self.finder.name

    def find(self, rgb: NDArray[np.uint8], *, highest_px: float | None = None) -> tuple[TextBox, ...]:
        stop_if(self.cancelled())
        return self.finder.find(rgb, highest_px=highest_px)


@dataclass(frozen=True, slots=True)
class _Known:
    traces: Traces
    boxes: tuple[TextBox, ...]
    may_wander: bool

    @property
    def weight_bytes(self) -> int:
        return sum(trace.nbytes for trace in self.traces)


def _traces(window: Window) -> Traces:
    pictures = (window.minimum, window.maximum, window.median, *(rgb for _, rgb in window.samples))
    return tuple(
        np.ascontiguousarray(cv2.blur(channel, (3, 3))[::2, ::2])
        for rgb in pictures
        for channel in (strongest(rgb), weakest(rgb))
    )


def _are_same(some: Traces, others: Traces) -> bool:
    return len(some) == len(others) and all(
        one.shape == other.shape and cv2.norm(one, other, cv2.NORM_INF) <= MOST_DIFFERENCE
        for one, other in zip(some, others, strict=True)
    )
