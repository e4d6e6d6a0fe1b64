"""A stretch of frames seen one by one, and what is remembered of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from video.canonical.planes import frame_bytes
from video.model import PictureFormat, Plane
from video.overlay.survey_model import Window
from video.scrub.extremes import Extremes
from video.scrub.pictures import Painter, median, shrunk

MOST_MEDIAN_FRAMES = 25
MOST_SAMPLES = 5
CODING_NOISE = 6
"""Grey levels by which still samples differ from frame to frame."""
_TRAY_BYTES = 96 * 2**20
_LEAST_TRAY_FRAMES = 3
_TILE_PX = 16
_TOP_TILES = 8
_ODD_FRAMES = 2
_STILL, _STILL_AT_MOST = 16, 40
_STROKE, _STROKE_AT_LEAST = 32, 16

Planes = tuple[Plane, ...]


@dataclass(frozen=True, slots=True)
class OddFrame:
    """A frame that shows sharp things where those before it have none: a word burned into one frame."""

    score: float
    number: int
    planes: Planes


@dataclass(frozen=True, slots=True)
class Stretch:
    """first_frame to last_frame, both included. median_of: the frames of the median.

    strokes: edges that plainly stay put; possible_strokes: those that perhaps do.
    """

    first_frame: int
    last_frame: int
    extremes: Extremes
    median: Planes
    median_of: tuple[int, ...]
    evenly: tuple[tuple[int, Planes], ...]
    odd: tuple[OddFrame, ...]
    strokes: NDArray[np.bool_] = field(repr=False)
    possible_strokes: NDArray[np.bool_] = field(repr=False)

    def lone_strokes(self, other: "Stretch") -> int:
        """Pixels of edges that stay put in one of them and are nowhere near such an edge in the other."""
        return int(
            (self.strokes & ~other.possible_strokes).sum() + (other.strokes & ~self.possible_strokes).sum()
        )

    def joined(self, after: "Stretch") -> "Stretch":
        """Both as one. The median is that of the longer one."""
        longer = max(self, after, key=lambda one: one.last_frame - one.first_frame)
        extremes = self.extremes.joined(after.extremes)
        odd = sorted((*self.odd, *after.odd), key=lambda one: -one.score)[:_ODD_FRAMES]
        return Stretch(
            self.first_frame,
            after.last_frame,
            extremes,
            longer.median,
            longer.median_of,
            _spread((*self.evenly, *after.evenly)),
            tuple(odd),
            *_strokes(longer.median[0], extremes.range),
        )

    def window(self, painter: Painter) -> Window:
        order = (*self.evenly[::2], *((odd.number, odd.planes) for odd in self.odd), *self.evenly[1::2])
        samples = dict(list(dict(order).items())[:MOST_SAMPLES])
        return window_of(
            painter, self.first_frame, self.extremes, (self.median_of, self.median), sorted(samples.items())
        )


def window_of(
    painter: Painter,
    first_frame: int,
    extremes: Extremes,
    median_of: tuple[tuple[int, ...], Planes],
    samples: Iterable[tuple[int, Planes]],
) -> Window:
    """The pictures of all frames that the extremes are of. median_of: its frames, and itself."""
    numbers, middle = median_of
    return Window(
        first_frame,
        first_frame + extremes.count - 1,
        painter.corrected(extremes.darkest),
        painter.corrected(extremes.brightest),
        painter.paint(middle),
        np.maximum(extremes.range, CODING_NOISE) - np.uint8(CODING_NOISE),
        tuple((number, painter.paint(planes)) for number, planes in samples),
        numbers,
    )


class StretchMaker:
    """Takes the frames of one stretch in turn. One thread at a time."""

    def __init__(self, picture: PictureFormat, painter: Painter) -> None:
        room = _TRAY_BYTES // frame_bytes(picture)
        self._most = max(_LEAST_TRAY_FRAMES, min(MOST_MEDIAN_FRAMES, room))
        self._step = 1
        self._tray: dict[int, Planes] = {}
        self._odd: list[OddFrame] = []
        self._sharpness = _Sharpness()
        self._extremes = Extremes(painter)
        self.first_frame = self.count = 0

    def add(self, number: int, planes: Sequence[Plane]) -> None:
        if not self.count:
            self.first_frame = number
        self._extremes.add(planes)
        score = self._sharpness.rise(planes[0])
        if self.count and (len(self._odd) < _ODD_FRAMES or score > self._odd[-1].score):
            self._odd.append(OddFrame(score, number, copies(planes)))
            self._odd.sort(key=lambda one: -one.score)
            del self._odd[_ODD_FRAMES:]
        if self.count % self._step == 0:
            self._tray[self.count] = copies(planes)
            if len(self._tray) > self._most:
                self._step *= 2
                self._tray = {place: kept for place, kept in self._tray.items() if place % self._step == 0}
        self.count += 1

    def close(self) -> Stretch:
        """Of at least one frame."""
        numbers = tuple(self.first_frame + place for place in self._tray)
        kept = tuple(self._tray.values())
        middle = median_planes(kept)
        return Stretch(
            self.first_frame,
            self.first_frame + self.count - 1,
            self._extremes,
            middle,
            numbers,
            _spread(tuple(zip(numbers, kept, strict=True))),
            tuple(self._odd),
            *_strokes(middle[0], self._extremes.range),
        )


def median_planes(frames: Sequence[Planes]) -> Planes:
    """Of each sample of several frames."""
    return tuple(median(planes) for planes in zip(*frames, strict=True))


def copies(planes: Sequence[Plane]) -> Planes:
    """In memory of their own."""
    return tuple(np.array(plane) for plane in planes)


class _Sharpness:
    """How much more a frame has of edges, square by square, than the frames before it."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None
        self._usual: NDArray[np.float32] | None = None

    def rise(self, luma: Plane) -> float:
        if luma.shape[1] == 1:
            return 0.0
        steps = np.asarray(cv2.absdiff(luma[:, 1:], luma[:, :-1]), np.uint8)
        size = (max(1, steps.shape[1] // _TILE_PX), max(1, steps.shape[0] // _TILE_PX))
        tiles = shrunk(steps, size, _TILE_PX).astype(np.float32)
        if self._before is None or self._usual is None:
            self._before = self._usual = tiles
            return 0.0
        rise = (tiles - np.maximum(self._before, self._usual)).ravel()
        self._before, self._usual = tiles, 0.9 * self._usual + 0.1 * tiles
        return float(np.partition(rise, -min(_TOP_TILES, rise.size))[-_TOP_TILES:].mean())


def _strokes(luma: Plane, change: Plane) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    steps = cv2.morphologyEx(luma, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    possible = ((steps >= _STROKE_AT_LEAST) & (change <= _STILL_AT_MOST)).astype(np.uint8)
    near = cv2.dilate(possible, np.ones((5, 5), np.uint8))
    return (steps >= _STROKE) & (change <= _STILL), near.astype(bool)


def _spread(frames: Sequence[tuple[int, Planes]]) -> tuple[tuple[int, Planes], ...]:
    """As many as there may be samples: the first, the last, and evenly between them."""
    wanted = np.unique(np.linspace(0, len(frames) - 1, MOST_SAMPLES).round().astype(int))
    return tuple(frames[place] for place in wanted.tolist())
