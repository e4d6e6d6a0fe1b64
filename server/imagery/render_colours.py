"""The colour transforms of the slides that are looked at."""

import threading
from collections import OrderedDict

from tiling.canonical import CanonicalSlide
from tiling.colour import ColourTransform, UnusableProfileError

REMEMBERED_TRANSFORMS = 16
"""Little CMS keeps up to 0.7 MB for each."""


class SlideColours:
    """Transforms to sRGB by slide; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, ColourTransform | None] = OrderedDict()

    def of(self, slide: CanonicalSlide) -> ColourTransform | None:
        """The slide's transform, None where it has no profile that can be used. Reads from the disk.

        Raises :class:`tiling.errors.CanonicalError`.
        """
        digest = slide.info.digest
        with self._lock:
            if digest in self._known:
                self._known.move_to_end(digest)
                return self._known[digest]
        found = _transform(slide)
        with self._lock:
            self._known[digest] = found
            while len(self._known) > REMEMBERED_TRANSFORMS:
                self._known.popitem(last=False)
        return found


def _transform(slide: CanonicalSlide) -> ColourTransform | None:
    profile = slide.icc_profile() if slide.info.has_icc_profile else None
    if profile is None:
        return None
    try:
        return ColourTransform(profile)
    except UnusableProfileError:
        return None
