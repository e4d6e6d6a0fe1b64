"""What the written video shows, seen while it is proved."""

from collections.abc import Callable, Sequence

from video.model import PictureFormat, Plane
from video.overlay.survey_model import Survey
from video.scrub.survey import Surveyor, survey_of

Look = Callable[[int, Sequence[Plane]], None]
"""Called with each frame's number and planes."""


class ResultWatch:
    """Surveys the result's frames, in parts that are decoded at the same time."""

    def __init__(self, picture: PictureFormat) -> None:
        self._picture = picture
        self._surveyors: list[Surveyor] = []

    def part(self) -> Look:
        """For the next part, in order; each may be looked at in a thread of its own."""
        self._surveyors.append(Surveyor(self._picture))
        return self._surveyors[-1].add

    def survey(self) -> Survey:
        """Of all parts, once every frame was seen."""
        stretches = [stretch for surveyor in self._surveyors for stretch in surveyor.stretches()]
        return survey_of(stretches, self._picture)
