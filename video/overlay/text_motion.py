"""Follow text that moves over the picture: letters keep their shape, wherever they go.

A text that was seen in one frame is looked for by its own strokes (normalised correlation) in the others.
What is around it moves otherwise: in the mean of many frames, each shifted so that the text stands in one
place, it fades, and the text alone remains. By that picture it is followed once more, and seen as a whole.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox
from ground.ppocr_lines import area, hull, share_inside
from ground.ppocr_strokes import light_luma
from video.overlay.survey_model import Window

LIKENESS_LEAST = 0.55
SURE_LIKENESS = 0.75
SAME_SHARE = 0.6
LEAST_PAD_PX, PAD_PER_HEIGHT = 3, 0.15
NEAR_PX, REACH_PX = 12, 40
"""How far a text goes from one frame to the next, as a rule and at most."""
SAMPLE_REACH_PX = 160
"""The same from one sample to another, which lie many frames apart."""
EDGE_PX = 48
"""How far beyond the frame a text is looked for that leaves it."""
ENDS_PER_HEIGHT, SIDES_PER_HEIGHT = 6.0, 1.0
MOST_PER_HEIGHT = 2.0
"""A line is no higher than so many times what was seen of it."""
MOST_UNSEEN, SPEED_FRAMES = 20, 6
"""Frames for which a text that goes out of sight is thought to go on, and by which its speed is known."""
MOST_CUTS, ENOUGH_CUTS = 32, 6
MOST_FOLLOWED = 40
"""Texts; what is less like one is covered where it was seen, and that is all."""

Strokes = NDArray[np.uint8]


@dataclass(slots=True, eq=False)
class Track:
    """One moving text: how it looks, and everywhere it was seen."""

    strokes: Strokes
    score: float
    last: TextBox
    seen_in: int
    """The number of the frame in which a finder saw it."""
    beyond: tuple[int, int, int, int] = (0, 0, 0, 0)
    """By how much the text reaches beyond those strokes, as other pictures showed: left, up, right, down."""
    in_sample: dict[int, TextBox] = field(default_factory=dict)
    """Where it is, by the index of the sample."""
    in_frame: dict[int, TextBox] = field(default_factory=dict)
    """The same by the number of the frame, where it was seen; and of these:"""
    sure: set[int] = field(default_factory=set)
    cuts: dict[int, Strokes] = field(default_factory=dict)
    """What is around it in some frames."""

    @property
    def around_px(self) -> tuple[int, int]:
        """How much beyond the strokes belongs to a cut, across and down: more at the ends of the line."""
        height, width = self.strokes.shape
        more = min(height, width)
        ends, sides = round(ENDS_PER_HEIGHT * more), round(SIDES_PER_HEIGHT * more)
        return (ends, sides) if width >= height else (sides, ends)

    def follow(self, strokes: Strokes, reach_px: int, *, around: Sequence[TextBox] = ()) -> float:
        """Look for it in the strokes of a frame, near where it was last or else around other places.

        Returns its likeness to what is there; from LIKENESS_LEAST on, that is where it is `last`.
        """
        best, place = self._nearest(strokes, self.last, min(NEAR_PX, reach_px))
        if best < SURE_LIKENESS:
            for start in (self.last, *around):
                likeness, found = self._nearest(strokes, start, reach_px)
                if likeness > best:
                    best, place = likeness, found
        if best >= LIKENESS_LEAST:
            self.last = place
        return best

    def see(self, number: int, strokes: Strokes, likeness: float) -> None:
        """Note that it is where it was `last` followed to in this frame; of long loops, how some look."""
        self.in_frame[number] = self.last
        if likeness < SURE_LIKENESS:
            return
        self.sure.add(number)
        if len(self.cuts) >= MOST_CUTS:
            self.cuts = {kept: self.cuts[kept] for kept in sorted(self.cuts)[::2]}
        self.cuts[number] = _cut(strokes, self.last, self.around_px)

    def begin_again(self) -> dict[int, TextBox]:
        """By what its sure places have in common. Returns where it was thought to be; only where a finder saw
        it is still so."""
        before = self.in_frame
        mean = np.rint(np.mean(list(self.cuts.values()), axis=0)).astype(np.uint8)
        (x0, y0), (height, width) = self.around_px, self.strokes.shape
        self.strokes = np.ascontiguousarray(mean[y0 : y0 + height, x0 : x0 + width])
        self.in_frame = {self.seen_in: before[self.seen_in]}
        self.sure = {self.seen_in}
        self.last = before[min(before)]
        return before

    def _nearest(self, strokes: Strokes, start: TextBox, reach_px: int) -> tuple[float, TextBox]:
        height, width = self.strokes.shape
        x0, y0 = max(0, start.x0 + EDGE_PX - reach_px), max(0, start.y0 + EDGE_PX - reach_px)
        x1, y1 = start.x0 + EDGE_PX + width + reach_px, start.y0 + EDGE_PX + height + reach_px
        part = strokes[y0 : max(0, y1), x0 : max(0, x1)]
        if part.shape[0] < height or part.shape[1] < width:
            return 0.0, start
        alike = cv2.matchTemplate(part, self.strokes, cv2.TM_CCOEFF_NORMED)
        _, best, _, (dx, dy) = cv2.minMaxLoc(alike)
        x, y = x0 + dx - EDGE_PX, y0 + dy - EDGE_PX
        return float(best), TextBox(x, y, x + width, y + height, self.score)


def strokes_of(rgb: NDArray[np.uint8]) -> Strokes:
    """(h + 96, w + 96) uint8, contiguous: with a black edge, so that a text can be half beyond the frame."""
    edge = (EDGE_PX,) * 4
    return np.asarray(cv2.copyMakeBorder(light_luma(rgb), *edge, cv2.BORDER_CONSTANT), np.uint8)


def track_through_samples(
    found: Sequence[tuple[int, TextBox]], samples: Sequence[tuple[int, NDArray[np.uint8]]]
) -> list[Track]:
    """A track for each text seen in a sample (its index and the box), once for each text.

    What is seen in a sample where a track has just found its text is the same, or a larger part of it.
    samples : frames with their numbers.
    """
    tracks: list[Track] = []
    strokes = [strokes_of(sample) for _, sample in samples]
    for index, box in found:
        is_known = False
        for track in tracks:
            place = track.in_sample.get(index)
            if place is not None and _is_same(box, place):
                track.beyond = _further(track.beyond, box, place)
                is_known = True
        if is_known:
            continue
        number = samples[index][0]
        track = Track(_cut(strokes[index], box, (0, 0)), box.score, box, number, in_sample={index: box})
        track.see(number, strokes[index], 1.0)
        tracks.append(track)
        if len(tracks) > MOST_FOLLOWED:
            continue
        for step in (range(index + 1, len(strokes)), range(index - 1, -1, -1)):
            track.last = box
            for other in step:
                likeness = track.follow(strokes[other], SAMPLE_REACH_PX)
                if likeness >= LIKENESS_LEAST:
                    track.in_sample[other] = track.last
                    track.see(samples[other][0], strokes[other], likeness)
    return tracks


def track_through_frames(
    tracks: Sequence[Track], frames: Callable[[], Iterable[NDArray[np.uint8]]], first_frame: int
) -> None:
    """Find each text in every frame: once as it was seen, and once by what all those places have in common.

    frames : gives all frames anew, in order, of which the first has this number.
    """
    for _ in range(2):
        known = [track.begin_again() for track in tracks]
        for number, rgb in enumerate(frames(), first_frame):
            strokes = strokes_of(rgb)
            for track, before in zip(tracks, known, strict=True):
                guess = (before[number],) if number in before else ()
                likeness = track.follow(strokes, REACH_PX, around=(*guess, *track.in_sample.values()))
                if likeness >= LIKENESS_LEAST:
                    track.see(number, strokes, likeness)


def common_strokes(track: Track) -> Strokes:
    """(h, w, 3) uint8, light on black: the text with what is around it, as most of the frames have it."""
    cuts = np.sort(np.stack(list(track.cuts.values())), axis=0)
    return np.repeat(
        cuts[len(cuts) // 4 if len(cuts) >= ENOUGH_CUTS else len(cuts) // 2][..., None], 3, axis=2
    )


def widen_to(track: Track, seen: Iterable[TextBox]) -> bool:
    """Take in what a finder sees in the track's `common_strokes`, as far as it is of the same text. Returns
    whether anything is."""
    height, width = track.strokes.shape
    x0, y0 = track.around_px
    own = TextBox(x0, y0, x0 + width, y0 + height, track.score)
    is_seen = False
    for box in seen:
        is_one_line = min(box.x1 - box.x0, box.y1 - box.y0) <= MOST_PER_HEIGHT * min(height, width)
        if is_one_line and max(share_inside(own, box), share_inside(box, own)) > SAME_SHARE:
            is_seen = True
            left, up, right, down = track.beyond
            track.beyond = (
                max(left, own.x0 - box.x0),
                max(up, own.y0 - box.y0),
                max(right, box.x1 - own.x1),
                max(down, box.y1 - own.y1),
            )
            track.score = max(track.score, box.score)
    return is_seen


def swept(track: Track, window: Window) -> tuple[TextBox, ...]:
    """Few boxes that cover all its places, and the straight ways between those that are sure: those beside
    one another are made one."""
    boxes: list[TextBox] = []
    height_px, width_px = window.median.shape[:2]
    pad = max(LEAST_PAD_PX, round(PAD_PER_HEIGHT * min(track.strokes.shape)))
    left, up, right, down = (pad + more for more in track.beyond)
    places = {
        TextBox(
            max(0, place.x0 - left),
            max(0, place.y0 - up),
            min(width_px, place.x1 + right),
            min(height_px, place.y1 + down),
            track.score,
        )
        for place in (*track.in_frame.values(), *_between(track, window.first_frame, window.last_frame))
    }
    for place in sorted(places, key=lambda box: (box.x0, box.y0)):
        if place.x0 >= place.x1 or place.y0 >= place.y1:
            continue
        if boxes:
            together = hull(boxes[-1], place)
            if area(together) <= 1.25 * (area(boxes[-1]) + area(place) / 4):
                boxes[-1] = together
                continue
        boxes.append(place)
    return tuple(boxes)


def _between(track: Track, first_frame: int, last_frame: int) -> Iterable[TextBox]:
    """Straight from each sure place to the next; and where the text is not seen for a while, on from where it
    was as it went, and back from where it will be: it may have turned."""
    for before, after in pairwise(sorted(track.sure)):
        yield from _straight(track.in_frame[before], track.in_frame[after])
    numbers = sorted(track.in_frame)
    ends = 2 * first_frame - numbers[0], 2 * last_frame - numbers[-1]  # nothing meets it halfway there
    for before, after in pairwise((ends[0], *numbers, ends[1])):
        unseen = min(MOST_UNSEEN, (after - before) // 2)
        for start, onward in ((before, 1), (after, -1)):
            if start in track.in_frame and unseen > 1:
                place = track.in_frame[start]
                x, y = (round(unseen * speed) for speed in _speed(track, start, onward))
                yield from _straight(place, _moved(place, x, y))


def _straight(one: TextBox, other: TextBox) -> Iterable[TextBox]:
    across, down = other.x0 - one.x0, other.y0 - one.y0
    steps = max(1, max(abs(across), abs(down)) // LEAST_PAD_PX)
    for step in range(1, steps + 1):
        yield _moved(one, across * step // steps, down * step // steps)


def _moved(box: TextBox, x_px: int, y_px: int) -> TextBox:
    return TextBox(box.x0 + x_px, box.y0 + y_px, box.x1 + x_px, box.y1 + y_px, box.score)


def _speed(track: Track, start: int, onward: int) -> tuple[float, float]:
    """In px a frame, of the frames that led to this one; 0 where they are too few to say."""
    led = range(start - onward * SPEED_FRAMES, start + onward, onward)
    places = [(number, track.in_frame[number]) for number in led if number in track.in_frame]
    if len(places) < 3:
        return 0.0, 0.0
    corners = np.array([(box.x0, box.y0) for _, box in places])
    x, y = np.polyfit([number for number, _ in places], corners, 1)[0] * onward
    return float(x), float(y)


def _cut(strokes: Strokes, place: TextBox, around_px: tuple[int, int]) -> Strokes:
    """What stands in the place and around it; black beyond the strokes."""
    more_x, more_y = around_px
    height, width = place.y1 - place.y0 + 2 * more_y, place.x1 - place.x0 + 2 * more_x
    y, x = place.y0 + EDGE_PX - more_y, place.x0 + EDGE_PX - more_x
    part = strokes[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)]
    cut = np.zeros((height, width), np.uint8)
    cut[max(0, -y) : max(0, -y) + part.shape[0], max(0, -x) : max(0, -x) + part.shape[1]] = part
    return cut


def _further(beyond: tuple[int, int, int, int], box: TextBox, place: TextBox) -> tuple[int, int, int, int]:
    """At most by half of what is known already: what is larger is not the same text."""
    most_across, most_down = (place.x1 - place.x0) // 2, (place.y1 - place.y0) // 2
    left, up, right, down = beyond
    return (
        min(most_across, max(left, place.x0 - box.x0)),
        min(most_down, max(up, place.y0 - box.y0)),
        min(most_across, max(right, box.x1 - place.x1)),
        min(most_down, max(down, box.y1 - place.y1)),
    )


def _is_same(one: TextBox, other: TextBox) -> bool:
    return max(share_inside(one, other), share_inside(other, one)) > SAME_SHARE
