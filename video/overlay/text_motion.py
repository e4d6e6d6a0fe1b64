"""Follow text that moves over the picture: letters keep their shape, wherever they go.

A text that was seen in one frame is looked for by its own strokes (normalised correlation) in the others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox
from ground.ppocr_lines import area, hull, share_inside
from ground.ppocr_strokes import light_strokes

LIKENESS_LEAST = 0.55
SAME_SHARE = 0.6
LEAST_PAD_PX, PAD_PER_HEIGHT = 3, 0.15
REACH_PX = 40
"""How far a text goes from one frame to the next at most."""
SAMPLE_REACH_PX = 160
"""The same from one sample to another, which lie many frames apart."""


@dataclass(slots=True)
class Track:
    """One moving text: how it looks, and everywhere it was seen."""

    strokes: NDArray[np.uint8]
    seen: TextBox
    places: list[TextBox]
    last: TextBox
    beyond: tuple[int, int, int, int] = (0, 0, 0, 0)
    """By how much the text reaches beyond those strokes: left, up, right, down; other samples showed more."""
    in_sample: dict[int, TextBox] = field(default_factory=dict)
    """Where it is, by the index of the sample."""

    def follow(self, strokes: NDArray[np.uint8], reach_px: int, *, around: Sequence[TextBox] = ()) -> bool:
        """Look for it in the (h, w) strokes of a frame, near where it was last or around other places."""
        best, place = 0.0, self.last
        for start in (self.last, *around):
            likeness, found = self._nearest(strokes, start, reach_px)
            if likeness > best:
                best, place = likeness, found
        if best < LIKENESS_LEAST:
            return False
        self.last = place
        self.places.append(place)
        return True

    def _nearest(self, strokes: NDArray[np.uint8], start: TextBox, reach_px: int) -> tuple[float, TextBox]:
        height, width = self.strokes.shape
        x0, y0 = max(0, start.x0 - reach_px), max(0, start.y0 - reach_px)
        part = strokes[y0 : start.y0 + height + reach_px, x0 : start.x0 + width + reach_px]
        if part.shape[0] < height or part.shape[1] < width:
            return 0.0, start
        alike = cv2.matchTemplate(part, self.strokes, cv2.TM_CCOEFF_NORMED)
        _, best, _, (dx, dy) = cv2.minMaxLoc(alike)
        x, y = x0 + dx, y0 + dy
        return float(best), TextBox(x, y, x + width, y + height, self.seen.score)


def strokes_of(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w) uint8, contiguous."""
    return np.ascontiguousarray(light_strokes(rgb)[..., 0])


def track_through_samples(
    found: Sequence[tuple[int, TextBox]], samples: Sequence[NDArray[np.uint8]]
) -> list[Track]:
    """A track for each text seen in a sample (its index and the box), once for each text.

    What is seen in a sample where a track has just found its text is the same, or a larger part of it.
    """
    tracks: list[Track] = []
    strokes = [strokes_of(sample) for sample in samples]
    for index, box in found:
        is_known = False
        for track in tracks:
            place = track.in_sample.get(index)
            if place is not None and _is_same(box, place):
                track.beyond = _further(track.beyond, box, place)
                is_known = True
        if is_known:
            continue
        cut = np.ascontiguousarray(strokes[index][box.y0 : box.y1, box.x0 : box.x1])
        track = Track(cut, box, [box], box, in_sample={index: box})
        for step in (range(index + 1, len(strokes)), range(index - 1, -1, -1)):
            track.last = box
            for other in step:
                if track.follow(strokes[other], SAMPLE_REACH_PX):
                    track.in_sample[other] = track.last
        tracks.append(track)
    return tracks


def track_through_frames(tracks: Sequence[Track], frames: Iterable[NDArray[np.uint8]]) -> None:
    """Add where each text stands in every frame, in order."""
    known = [tuple(track.places) for track in tracks]
    for rgb in frames:
        strokes = strokes_of(rgb)
        for track, places in zip(tracks, known, strict=True):
            track.follow(strokes, REACH_PX, around=places)


def go_straight(tracks: Sequence[Track]) -> None:
    """Add what lies between the samples, as if each text went from one to the next on a line."""
    for track in tracks:
        for (_, one), (_, other) in pairwise(sorted(track.in_sample.items())):
            across, down = other.x0 - one.x0, other.y0 - one.y0
            steps = max(abs(across), abs(down)) // LEAST_PAD_PX
            for step in range(1, steps):
                x, y = one.x0 + across * step // steps, one.y0 + down * step // steps
                width, height = one.x1 - one.x0, one.y1 - one.y0
                track.places.append(TextBox(x, y, x + width, y + height, one.score))


def swept(track: Track, width_px: int, height_px: int) -> tuple[TextBox, ...]:
    """Few boxes that cover all its places: those beside one another are made one."""
    boxes: list[TextBox] = []
    pad = max(LEAST_PAD_PX, round(PAD_PER_HEIGHT * min(track.strokes.shape)))
    left, up, right, down = (pad + more for more in track.beyond)
    places = {
        TextBox(
            max(0, place.x0 - left),
            max(0, place.y0 - up),
            min(width_px, place.x1 + right),
            min(height_px, place.y1 + down),
            place.score,
        )
        for place in track.places
    }
    for place in sorted(places, key=lambda box: (box.x0, box.y0)):
        if boxes:
            together = hull(boxes[-1], place)
            if area(together) <= 1.25 * (area(boxes[-1]) + area(place) / 4):
                boxes[-1] = together
                continue
        boxes.append(place)
    return tuple(boxes)


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
