"""A second look, at one text alone, finds the rest of a line and tells letters from what only seems some."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox
from video.overlay.text_ends import legible_alone, to_their_ends


class BrightFinder:
    """Takes the hull of all that is bright for one text, of the given score."""

    name = "bright"

    def __init__(self, score: float) -> None:
        self._score = score

    def find(self, rgb: NDArray[np.uint8], *, highest_px: float | None = None) -> tuple[TextBox, ...]:
        _, labels, stats, _ = cv2.connectedComponentsWithStats((rgb[..., 0] > 128).astype(np.uint8))
        del labels
        return tuple(
            TextBox(x, y, x + width, y + height, self._score) for x, y, width, height, _ in stats[1:]
        )


def picture(*lines: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """(200, 300, 3), with these (x0, y0, x1, y1) bright."""
    drawn = np.zeros((200, 300, 3), np.uint8)
    for x0, y0, x1, y1 in lines:
        drawn[y0:y1, x0:x1] = 255
    return drawn


def test_a_doubtful_text_is_widened_to_the_whole_of_its_line() -> None:
    seen = TextBox(110, 60, 130, 72, 0.5)
    (found,) = to_their_ends([seen], [picture((90, 60, 170, 72))], BrightFinder(0.8))
    assert (found.x0, found.y0, found.x1, found.y1) == (90, 60, 170, 72)


def test_what_is_much_higher_is_no_part_of_the_line() -> None:
    seen = TextBox(110, 60, 130, 72, 0.5)
    assert to_their_ends([seen], [picture((100, 50, 180, 84))], BrightFinder(0.8)) == [seen]


def test_what_was_seen_for_sure_is_not_looked_at_again() -> None:
    seen = TextBox(110, 60, 130, 72, 0.95)
    assert to_their_ends([seen], [picture((90, 60, 170, 72))], BrightFinder(0.8)) == [seen]


def test_only_what_shows_in_each_of_its_pictures_is_legible_alone() -> None:
    seen, line = TextBox(110, 60, 130, 72, 0.5), picture((90, 60, 170, 72))
    assert legible_alone([(seen, (line, line))], BrightFinder(0.8))
    assert not legible_alone([(seen, (line, picture()))], BrightFinder(0.8))
    assert not legible_alone([(seen, (line, line))], BrightFinder(0.4))


def test_a_word_that_only_crosses_a_box_does_not_speak_for_it() -> None:
    upright = TextBox(110, 20, 140, 180, 0.6)
    word = picture((90, 60, 170, 72))
    assert not legible_alone([(upright, (word, word))], BrightFinder(0.9))
