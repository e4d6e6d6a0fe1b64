"""Freeing decoded frames in time.

PyAV's frames that were asked for their side data are reference cycles, of megabytes each, which Python would
find far too late: it counts objects, not bytes.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from video.canonical.planes import frame_bytes
from video.model import PictureFormat

_UNCOLLECTED_BYTES = 32 * 2**20


@contextmanager
def frames_freed(picture: PictureFormat) -> Iterator[Callable[[], None]]:
    """Within it, what is given is to be called after each frame.

    All that is there before is left out of the search, which then takes next to no time.
    """
    collect_after = 1 + _UNCOLLECTED_BYTES // frame_bytes(picture)
    count = 0

    def note() -> None:
        nonlocal count
        count += 1
        if count % collect_after == 0:
            gc.collect()

    gc.collect()
    gc.freeze()
    try:
        yield note
    finally:
        gc.unfreeze()
