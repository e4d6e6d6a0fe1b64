"""Frames that refer to themselves are freed while others are still to come."""

import gc
import weakref

from tests.video.canonical.synthetic import picture
from video.model import Sampling
from video.scrub.cycles import frames_freed


class _Frame:
    def __init__(self) -> None:
        self.side_data = self


def test_large_frames_are_freed_soon_and_python_searches_as_before_afterwards() -> None:
    was_frozen = gc.get_freeze_count()
    frames: list[weakref.ref[_Frame]] = []
    with frames_freed(picture(4000, 3000, Sampling.YUV444)) as note_frame:
        assert gc.get_freeze_count() > was_frozen
        for _ in range(10):
            frames.append(weakref.ref(_Frame()))
            note_frame()
        assert sum(frame() is not None for frame in frames) <= 1
    assert gc.get_freeze_count() == 0
