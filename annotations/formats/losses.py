"""What a format cannot hold, or a file held that we cannot keep: counted, and said in words at the end.

The sentences never repeat a text of the file; it may be a patient's.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum


class Loss(Enum):
    """A kind of loss, with its sentence for one case and for several (after the number)."""

    REPAIRED = (
        "outline crossed itself or its holes and was repaired",
        "outlines crossed themselves or their holes and were repaired",
    )
    NOT_CLOSED = (
        "outline did not end where it started and was closed",
        "outlines did not end where they started and were closed",
    )
    NO_EXTENT = (
        "shape, part or hole had no extent and was left out",
        "shapes, parts or holes had no extent and were left out",
    )
    NO_SHAPE = ("object had no shape and was left out", "objects had no shape and were left out")
    TOO_LARGE = (
        "shape had too many vertices and was left out",
        "shapes had too many vertices and were left out",
    )
    SPLIT = ("mixed shape was split into its parts", "mixed shapes were split into their parts")
    RING = ("ring without an area was read as a line", "rings without an area were read as lines")
    THIRD_COORDINATE = (
        "shape had positions with a third coordinate, which was left out",
        "shapes had positions with a third coordinate, which was left out",
    )
    OTHER_PLANE = (
        "annotation belongs to another plane or time point, and is shown on the only one there is",
        "annotations belong to another plane or time point, and are shown on the only one there is",
    )
    OTHER_KIND = (
        "detection, cell, tile or core was read as an annotation",
        "detections, cells, tiles or cores were read as annotations",
    )
    FLATTENED = (
        "object inside another one was put beside it",
        "objects inside other ones were put beside them",
    )
    NUCLEUS = ("nucleus could not be read and was left out", "nuclei could not be read and were left out")
    NEW_ID = (
        "annotation had an id that is not a UUID, and got a new one",
        "annotations had an id that is not a UUID, and got a new one",
    )
    TAKEN_ID = (
        "annotation had the id of another one, and got a new one",
        "annotations had the id of another one, and got a new one",
    )
    NAME = ("name was too long and was cut", "names were too long and were cut")
    CLASS_NAME = (
        "name of a class could not be kept as it is and was changed",
        "names of classes could not be kept as they are and were changed",
    )
    UNREADABLE_CLASS = (
        "annotation had a class that could not be read, and has none now",
        "annotations had a class that could not be read, and have none now",
    )
    UNKNOWN_CLASS = (
        "annotation has a class that the format or the ontology does not know, and is written without one",
        "annotations have a class that the format or the ontology does not know, and are written without one",
    )
    NOT_A_NUMBER = (
        "measurement was not a finite number and was left out",
        "measurements were not finite numbers and were left out",
    )
    NOT_AN_ELLIPSE = (
        "ellipse was changed since and is a plain outline now",
        "ellipses were changed since and are plain outlines now",
    )
    OVER_TIME = (
        "track or segment was left out: the format knows no frames",
        "tracks and segments were left out: the format knows no frames",
    )
    OTHER_VALUE = (
        "further value of an annotation could not be kept and was left out",
        "further values of annotations could not be kept and were left out",
    )


class LossCounter:
    """Counts losses while a file is read or written, and says them at the end."""

    def __init__(self) -> None:
        self._counts: Counter[Loss] = Counter()

    def add(self, loss: Loss, count: int = 1) -> None:
        """Note that something was lost `count` times."""
        self._counts[loss] += count

    def sentences(self) -> tuple[str, ...]:
        """One sentence for each kind of loss that occurred, in the order of `Loss`."""
        return tuple(
            f"{self._counts[loss]:,} {loss.value[0] if self._counts[loss] == 1 else loss.value[1]}."
            for loss in Loss
            if self._counts[loss]
        )
