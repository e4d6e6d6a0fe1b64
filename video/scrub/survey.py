"""One pass over a clip, in which everything is remembered by which overlays are found.

A window is at most 300 frames, so that a loop mostly is one; a rest of less than 50 at the end belongs to
the window before. Two windows in a row become one if nothing that stays put in the one is absent from the
other: then the detector looks once at both. Where there still would be more windows than memory has room
for, those two neighbours become one that differ least.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from video.errors import CorruptVideoError
from video.model import PictureFormat, Plane, Sampling, Video
from video.overlay.out_of_body import LONGEST_SIDE_PX, signs_of
from video.overlay.survey_model import Survey
from video.scrub.course import stop_if
from video.scrub.cycles import frames_freed
from video.scrub.pictures import Painter, shrunk
from video.scrub.stretch import Stretch, StretchMaker

WINDOW_FRAMES = 300
REST_FRAMES = 50
MOST_WINDOWS = 12
_WINDOWS_BYTES = 288 * 2**20
_BYTES_A_PIXEL = 25  # of a window: three pictures and five samples in RGB, and the change
_MOST_LONE_STROKES = 4e-5  # of a frame's pixels: fewer than three small letters have
_LEAST_LONE_STROKES_PX = 24
_REPORTED_FRAMES = 8
_MOST_WAITING = 4


class Surveyor:
    """Takes frames in turn. One thread at a time."""

    def __init__(self, picture: PictureFormat) -> None:
        self._picture = picture
        self._painter = Painter(picture)
        self._maker = StretchMaker(picture, self._painter)
        self._stretches: list[Stretch] = []

    def add(self, number: int, planes: Sequence[Plane]) -> None:
        if self._maker.count == WINDOW_FRAMES:
            self._close()
        self._maker.add(number, planes)

    def stretches(self) -> list[Stretch]:
        """What was seen, once all frames are."""
        if 0 < self._maker.count < REST_FRAMES and self._stretches:
            # In so few frames everything stays put.
            self._stretches[-1] = self._stretches[-1].joined(self._maker.close())
            self._maker = StretchMaker(self._picture, self._painter)
        elif self._maker.count:
            self._close()
        return self._stretches

    def _close(self) -> None:
        self._stretches = joined([*self._stretches, self._maker.close()], self._picture)
        self._maker = StretchMaker(self._picture, self._painter)


def joined(stretches: Sequence[Stretch], picture: PictureFormat) -> list[Stretch]:
    """Stretches of one clip, in order, as few as the rule above makes of them."""
    size_px = picture.width_px * picture.height_px
    few = max(_LEAST_LONE_STROKES_PX, int(_MOST_LONE_STROKES * size_px))
    most = max(1, min(MOST_WINDOWS, _WINDOWS_BYTES // (_BYTES_A_PIXEL * size_px)))
    found: list[Stretch] = []
    for stretch in stretches:
        if found and found[-1].lone_strokes(stretch) <= few:
            found[-1] = found[-1].joined(stretch)
        else:
            found.append(stretch)
        if len(found) > most:
            differences = [before.lone_strokes(after) for before, after in pairwise(found)]
            place = differences.index(min(differences))
            found[place : place + 2] = [found[place].joined(found[place + 1])]
    return found


def survey_of(stretches: Sequence[Stretch], picture: PictureFormat) -> Survey:
    """The stretches of a whole clip, in order, as windows."""
    painter = Painter(picture)
    windows = tuple(stretch.window(painter) for stretch in joined(stretches, picture))
    return Survey(picture, windows[-1].last_frame + 1, windows)


def take_survey(
    video: Video,
    *,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
    workers: int = 1,
) -> tuple[Survey, NDArray[np.float32]]:
    """Look at every frame once. Returns the survey and the signs of each frame: (frames, k).

    progress: frames done, and in all; 0 where the source does not say. With two workers or more one thread
    decodes while two others look, each for something else. Raises VideoError, ConversionCancelled.
    """
    picture = video.picture
    promised = video.promised_frames or 0
    surveyor, signs = Surveyor(picture), _Signs(picture)
    count = 0
    with (
        frames_freed(picture) as note_frame,
        ThreadPoolExecutor(1, thread_name_prefix="video-survey") as surveying,
        ThreadPoolExecutor(1, thread_name_prefix="video-signs") as signing,
    ):
        running: deque[tuple[Future[None], Future[None]]] = deque()
        for frame in video.frames():
            if workers > 1:
                if len(running) == _MOST_WAITING:
                    _settle(running.popleft())
                surveyed = surveying.submit(surveyor.add, frame.number, frame.planes)
                running.append((surveyed, signing.submit(signs.add, frame.planes)))
            else:
                surveyor.add(frame.number, frame.planes)
                signs.add(frame.planes)
            count += 1
            if count % _REPORTED_FRAMES == 0:
                stop_if(cancelled())
                progress(count, promised if promised >= count else 0)
            note_frame()
        for both in running:
            _settle(both)
    if not count:
        raise CorruptVideoError("the file has not one frame that can be shown")
    stop_if(cancelled())
    progress(count, count)
    return survey_of(surveyor.stretches(), picture), signs.all()


def _settle(running: Iterable[Future[None]]) -> None:
    for future in running:
        future.result()


class _Signs:
    """The few numbers by which frames of the room are told from others."""

    def __init__(self, picture: PictureFormat) -> None:
        longest_px = max(picture.width_px, picture.height_px)
        # Even, so that halved chroma shrinks by a whole number, too: other ratios take many times as long.
        step = -(-longest_px // LONGEST_SIDE_PX)
        self._step = 1 if step == 1 and picture.sampling is not Sampling.YUV420 else step + step % 2
        self._picture = picture
        self._size = max(1, picture.width_px // self._step), max(1, picture.height_px // self._step)
        sampling = Sampling.GRAY if picture.sampling is Sampling.GRAY else Sampling.YUV444
        self._painter = Painter(
            replace(picture, width_px=self._size[0], height_px=self._size[1], sampling=sampling)
        )
        self._signs: list[NDArray[np.float32]] = []

    def add(self, planes: tuple[Plane, ...]) -> None:
        small = [
            shrunk(plane, self._size, self._step * plane.shape[0] // planes[0].shape[0]) for plane in planes
        ]
        self._signs.append(signs_of(self._painter.paint(small)))

    def all(self) -> NDArray[np.float32]:
        return np.array(self._signs, np.float32)
