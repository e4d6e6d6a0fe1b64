"""Everything that a container holds: named by our words, and its texts for the search in the result."""

from dataclasses import dataclass

from av.container import InputContainer
from av.video.stream import VideoStream

from video.formats.container.layout import Structure
from video.limits import Limits
from video.model import Action, Place


@dataclass(frozen=True, slots=True)
class Contents:
    places: tuple[Place, ...]
    texts: tuple[bytes, ...]


def contents_of(
    handle: InputContainer, chosen: VideoStream, structure: Structure, limits: Limits
) -> Contents:
    """Of all streams, tags and chapters, and of what the walk over the structure found."""
    places: list[Place] = []
    texts: list[bytes] = []
    for stream in handle.streams:
        action = Action.REBUILT if stream.index == chosen.index else Action.DROPPED
        places.append(Place(f"{stream.type} stream", action, 0))
        texts += [value.encode("latin-1", "replace") for value in stream.metadata.values()]
    texts += [value.encode("latin-1", "replace") for value in handle.metadata.values()]
    return Contents((*places, *structure.places), (*texts, *structure.texts))
