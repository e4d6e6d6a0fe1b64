"""A stretch of a clip's frames once more, for whoever follows something from frame to frame."""

import threading
from collections.abc import Callable, Iterator

from video.model import Video
from video.scrub.course import stop_if
from video.scrub.cycles import frames_freed
from video.scrub.pictures import Painter, Rgb

MOST_FRAMES = 900
"""Of a clip that may be decoded again and again. Half a minute; a loop is a few seconds."""


class Rewind:
    """May be used by several threads, which wait for each other: a video's passes know nothing of others."""

    def __init__(self, video: Video, cancelled: Callable[[], bool]) -> None:
        self._video = video
        self._cancelled = cancelled
        self._turn = threading.Lock()

    def frames(self, first_frame: int, last_frame: int) -> Iterator[Rgb]:
        """Both included, in order; a new picture each. Has to be read to its end, or closed, before the next
        is begun. Raises VideoError, ConversionCancelled."""
        painter = Painter(self._video.picture)
        with self._turn, frames_freed(self._video.picture) as note_frame:
            # To the clip's end: what a video says of itself is of its last pass.
            for frame in self._video.frames():
                stop_if(self._cancelled())
                if first_frame <= frame.number <= last_frame:
                    yield painter.paint(frame.planes)
                note_frame()
