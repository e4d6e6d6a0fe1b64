"""What a container holds beside its frames."""

from __future__ import annotations

from dataclasses import dataclass, replace

from video.model import Place


@dataclass(frozen=True, slots=True)
class Structure:
    """places, texts: named by our words; to be searched for in the result. missing_bytes: how many the file
    lacks, as far as its own lengths tell; at least 1 where they only tell that something is missing.
    is_cropped: players are asked to leave out the frames' edges.
    """

    places: tuple[Place, ...] = ()
    texts: tuple[bytes, ...] = ()
    missing_bytes: int = 0
    is_cropped: bool = False

    def with_more(self, other: Structure) -> Structure:
        """Places and texts of both; the rest is the other's."""
        return replace(
            other,
            places=(*self.places, *other.places),
            texts=tuple(dict.fromkeys((*self.texts, *other.texts))),
        )
