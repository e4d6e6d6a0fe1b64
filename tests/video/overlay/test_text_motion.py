"""A text is followed by its own strokes, through what hides it, and not to where it never was."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox
from video.overlay.survey_model import Window
from video.overlay.text_motion import (
    MOST_FOLLOWED,
    Track,
    common_strokes,
    swept,
    track_through_frames,
    track_through_samples,
    widen_to,
)

HEIGHT_PX, WIDTH_PX = 160, 320
WORD_PX, WORD_HEIGHT_PX = 74, 16
Frames = list[NDArray[np.uint8]]


def word(frame: NDArray[np.uint8], x_px: int, y_px: int) -> TextBox:
    """Written with its corner there; the box around it."""
    cv2.putText(frame, "DUARTE R", (x_px, y_px + 13), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (240,) * 3, 1)
    return TextBox(x_px, y_px, x_px + WORD_PX, y_px + WORD_HEIGHT_PX, 0.9)


def speckle(count: int) -> Frames:
    chance = np.random.default_rng(11)
    return [
        cv2.GaussianBlur(chance.gamma(2.0, 20.0, (HEIGHT_PX, WIDTH_PX)).clip(0, 120), (5, 5), 1.2)
        .astype(np.uint8)[..., None]
        .repeat(3, axis=2)
        for _ in range(count)
    ]


def window_of(frames: Frames) -> Window:
    together = np.stack(frames)
    change = np.ptp(together[..., 0], axis=0)
    return Window(
        0,
        len(frames) - 1,
        together.min(axis=0),
        together.max(axis=0),
        np.median(together, axis=0).astype(np.uint8),
        change,
        tuple((number, frames[number]) for number in (0, len(frames) // 2, len(frames) - 1)),
    )


def followed(frames: Frames, seen: Sequence[tuple[int, TextBox]]) -> tuple[Track, Window]:
    window = window_of(frames)
    (track,) = track_through_samples(seen, window.samples)
    track_through_frames([track], lambda: iter(frames), 0)
    return track, window


def covers(boxes: Sequence[TextBox], place: TextBox) -> bool:
    """Every pixel of the word's own box."""
    left = np.ones((place.y1 - place.y0, place.x1 - place.x0), np.bool_)
    for box in boxes:
        left[
            max(0, box.y0 - place.y0) : max(0, box.y1 - place.y0),
            max(0, box.x0 - place.x0) : max(0, box.x1 - place.x0),
        ] = False
    return not left.any()


def test_a_text_that_turns_where_it_cannot_be_seen_is_covered_there_too() -> None:
    frames = speckle(25)
    places = []
    for number, frame in enumerate(frames):
        x_px = 20 + 5 * min(number, 24 - number)
        is_hidden = 8 <= number <= 16
        places.append(word(np.zeros_like(frame) if is_hidden else frame, x_px, 60))
    track, window = followed(frames, [(0, places[0])])
    boxes = swept(track, window)
    assert [number for number, place in enumerate(places) if not covers(boxes, place)] == []


def test_a_text_that_leaves_the_frame_is_followed_beyond_its_edge() -> None:
    frames = speckle(20)
    places = [word(frame, 180 + 4 * number, 60) for number, frame in enumerate(frames)]
    track, _ = followed(frames, [(0, places[0])])
    last = track.in_frame[19]
    assert abs(last.x0 - places[19].x0) <= 1
    assert last.x1 > WIDTH_PX


def test_where_it_was_only_taken_to_be_is_not_covered() -> None:
    frames = speckle(21)
    places = [word(frame, 100, 60) for frame in (*frames[:9], *frames[12:])]
    track, window = followed(frames, [(0, places[0])])
    elsewhere = TextBox(10, 120, 10 + WORD_PX, 120 + WORD_HEIGHT_PX, 0.9)
    track.in_frame[10] = elsewhere  # where nothing is seen of it; a first look at far samples may say so
    track_through_frames([track], lambda: iter(frames), 0)
    assert not covers(swept(track, window), elsewhere)


def test_the_whole_text_shows_in_what_its_places_have_in_common() -> None:
    frames = speckle(20)
    places = [word(frame, 30 + 3 * number, 60) for number, frame in enumerate(frames)]
    part = TextBox(places[0].x0, 60, places[0].x0 + 40, 76, 0.5)
    track, window = followed(frames, [(0, part)])
    ink = common_strokes(track)[..., 0] > 100
    (x0, y0), columns = track.around_px, np.flatnonzero(ink.any(axis=0))
    assert columns[-1] - x0 > WORD_PX - 8, "the rest of the word stands beside its first letters"
    seen = TextBox(int(columns[0]), y0 - 4, int(columns[-1]) + 1, y0 + 20, 0.8)
    assert widen_to(track, [seen])
    assert all(covers(swept(track, window), place) for place in places)


def test_of_very_many_texts_some_are_followed_and_the_others_covered_where_they_were_seen() -> None:
    frames = speckle(5)
    boxes = [TextBox(x, y, x + 24, y + 8, 0.5) for y in range(0, 150, 12) for x in range(0, 290, 30)]
    window = window_of(frames)
    tracks = track_through_samples([(0, box) for box in boxes], window.samples[:1])
    assert len(tracks) == len(boxes) > MOST_FOLLOWED
    assert all(covers(swept(track, window), box) for track, box in zip(tracks, boxes, strict=True))
    far = track_through_samples([(0, box) for box in boxes], window.samples)[MOST_FOLLOWED:]
    assert all(list(track.in_frame) == [0] for track in far)


def test_what_is_seen_elsewhere_or_is_far_higher_is_not_of_the_text() -> None:
    frames = speckle(20)
    places = [word(frame, 30 + 3 * number, 60) for number, frame in enumerate(frames)]
    track, _ = followed(frames, [(0, places[0])])
    before = track.beyond
    (x0, y0), (height, width) = track.around_px, track.strokes.shape
    beside = TextBox(0, y0, x0 // 2, y0 + height, 0.8)
    around = TextBox(0, 0, x0 + width, y0 + 2 * height, 0.8)
    assert not widen_to(track, [beside, around])
    assert track.beyond == before
