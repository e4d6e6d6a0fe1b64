"""What the written video shows, seen while it is proved."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce

from video.errors import VerificationError
from video.model import PictureFormat, Plane
from video.overlay.survey_model import MadeOf, Survey, Window
from video.scrub.extremes import Extremes
from video.scrub.pictures import Painter
from video.scrub.stretch import Planes, copies, median_planes, window_of

Look = Callable[[int, Sequence[Plane]], None]
"""Called with each frame's number and planes."""


class ResultWatch:
    """Surveys the result's frames as the source's were, in parts that are decoded at the same time.

    The same windows, made of the same frames: then each picture can be held against the source's.
    """

    def __init__(self, picture: PictureFormat, windows: Sequence[MadeOf]) -> None:
        self._picture = picture
        self._windows = windows
        self._parts: list[_Part] = []

    def part(self) -> Look:
        """For the next part, in order; each may be looked at in a thread of its own."""
        self._parts.append(_Part(self._picture, self._windows))
        return self._parts[-1].look

    def survey(self) -> Survey:
        """Of all parts, once every frame was seen. Raises VerificationError where the source had others."""
        painter = Painter(self._picture)
        windows = [self._window(place, painter) for place in range(len(self._windows))]
        return Survey(self._picture, windows[-1].last_frame + 1, tuple(windows))

    def _window(self, place: int, painter: Painter) -> Window:
        for part in self._parts:
            if place in part.done:
                return part.done[place]
        pieces = [part.begun[place] for part in self._parts if place in part.begun]
        whole = reduce(_Piece.joined, pieces) if pieces else None
        if whole is None or not whole.is_all_of(self._windows[place]):
            raise VerificationError("the source gave fewer frames than when it was looked at")
        return whole.window(self._windows[place], painter)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A window as far as it was seen. kept: frames that it is made of, by their numbers."""

    extremes: Extremes
    kept: dict[int, Planes] = field(default_factory=dict)

    def joined(self, after: "_Piece") -> "_Piece":
        return _Piece(self.extremes.joined(after.extremes), self.kept | after.kept)

    def is_all_of(self, made_of: MadeOf) -> bool:
        return self.extremes.count == made_of.last_frame - made_of.first_frame + 1

    def window(self, made_of: MadeOf, painter: Painter) -> Window:
        middle = median_planes([self.kept[number] for number in made_of.median_of])
        samples = [(number, self.kept[number]) for number in made_of.samples]
        return window_of(painter, made_of.first_frame, self.extremes, (made_of.median_of, middle), samples)


class _Part:
    """Frames in a row. done: windows that lie wholly in it; begun: those that reach beyond it; by place."""

    def __init__(self, picture: PictureFormat, windows: Sequence[MadeOf]) -> None:
        self._painter = Painter(picture)
        self._windows = windows
        self._place = 0
        self.done: dict[int, Window] = {}
        self.begun: dict[int, _Piece] = {}

    def look(self, number: int, planes: Sequence[Plane]) -> None:
        while self._windows[self._place].last_frame < number:
            self._place += 1
            if self._place == len(self._windows):
                raise VerificationError("the source gave more frames than when it was looked at")
        made_of = self._windows[self._place]
        piece = self.begun.setdefault(self._place, _Piece(Extremes(self._painter)))
        piece.extremes.add(planes)
        if number in made_of.median_of or number in made_of.samples:
            piece.kept[number] = copies(planes)
        if piece.is_all_of(made_of):
            self.done[self._place] = self.begun.pop(self._place).window(made_of, self._painter)
