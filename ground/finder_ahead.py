"""A text finder that is loaded while others work: its engine takes a third of a second of one processor."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from ground.picture_text import TextBox, TextFinder


class FinderAhead:
    """A TextFinder that is there once it is asked for. What keeps it from that is raised then."""

    def __init__(self, open_finder: Callable[[], TextFinder]) -> None:
        with_thread = ThreadPoolExecutor(1, thread_name_prefix="finder")
        self._coming = with_thread.submit(open_finder)
        with_thread.shutdown(wait=False)

    @property
    def name(self) -> str:
        """The finder's. Raises TextFinderError."""
        return self._coming.result().name

    def find(self, rgb: NDArray[np.uint8], *, highest_px: float | None = None) -> tuple[TextBox, ...]:
        """As `TextFinder.find`."""
        return self._coming.result().find(rgb, highest_px=highest_px)
