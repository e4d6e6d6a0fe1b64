"""A finder that is loaded while others work: nobody waits before it is needed, and no failure is lost."""

import threading

import numpy as np
import pytest

from ground.finder_ahead import FinderAhead
from ground.picture_text import TextBox, TextFinder, TextFinderError

PICTURE = np.zeros((4, 4, 3), np.uint8)


class _Finder:
    name = "one"

    def find(self, rgb: np.ndarray, *, highest_px: float | None = None) -> tuple[TextBox, ...]:
        return (TextBox(0, 0, rgb.shape[1], rgb.shape[0], highest_px or 0.5),)


def test_it_is_waited_for_when_it_is_asked_for_and_not_before() -> None:
    may_go_on = threading.Event()

    def slowly() -> TextFinder:
        assert may_go_on.wait(60)
        return _Finder()

    ahead = FinderAhead(slowly)
    may_go_on.set()
    assert ahead.name == "one"
    assert ahead.find(PICTURE, highest_px=0.25) == (TextBox(0, 0, 4, 4, 0.25),)


def test_what_keeps_it_from_being_loaded_is_said_each_time_it_is_asked() -> None:
    def never() -> TextFinder:
        raise TextFinderError("The weights are damaged.")

    ahead = FinderAhead(never)
    for _ in range(2):
        with pytest.raises(TextFinderError, match="damaged"):
            ahead.find(PICTURE)
    with pytest.raises(TextFinderError, match="damaged"):
        assert ahead.name
