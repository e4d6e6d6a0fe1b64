"""What a walk over a container's structure finds."""

from dataclasses import dataclass

from video.model import Place


@dataclass(frozen=True, slots=True)
class Structure:
    """places, texts: what lies outside the coded streams. missing_bytes: how many the file lacks, as far as
    its own lengths tell; at least 1 where it only tells that something is missing.
    """

    places: tuple[Place, ...] = ()
    texts: tuple[bytes, ...] = ()
    missing_bytes: int = 0
