"""What is asked of a scrub, and the two times that it looks: at the source, and at the result."""

from collections.abc import Callable, Sequence
from typing import Any

from ground.finding import Box, Finding, ReviewPicture
from ground.picture_text import TextFinder
from video.model import Video
from video.overlay.survey_model import Survey
from video.scrub.course import Course
from video.scrub.looker import Looker
from video.scrub.masks import Blanker
from video.scrub.plan import ScrubPlan, plan
from video.scrub.rules import ScrubRules
from video.scrub.texts import text_left


class Scrub:
    """Of one clip. It remembers what was looked at."""

    def __init__(
        self,
        rules: ScrubRules,
        finder: TextFinder | None,
        added: Sequence[Box] = (),
        removed: Sequence[Box] = (),
        review: Callable[[ReviewPicture], None] | None = None,
    ) -> None:
        """added, removed: a reviewer's masks, and places where what is found may stay. review: is handed
        pictures of the source, which may show the patient."""
        self._rules = rules
        self._looker = Looker(finder) if finder is not None and rules.text else None
        self._added, self._removed = tuple(added), tuple(removed)
        self._review = review

    @property
    def looks_for_text(self) -> bool:
        return self._rules.text

    def look(self, video: Video, course: Course) -> ScrubPlan:
        """The plan; its pictures go to the review. Raises as `plan` does."""
        found = plan(video, self._rules, self._looker, course, added=self._added, removed=self._removed)
        if self._review is not None:
            for picture in found.pictures:
                self._review(picture)
        return found

    def text_left(
        self, result: Survey, blanker: Blanker, course: Course, *, may_wander: bool
    ) -> tuple[Finding, ...]:
        """As `texts.text_left`; nothing where text is not looked for."""
        if self._looker is None:
            return ()
        left = text_left(result, self._looker, blanker, self._removed, course, may_wander=may_wander)
        return tuple(left)

    def proof(self) -> dict[str, Any]:
        """How text was looked for, once none is left: how many windows the detector was asked about, and in
        how many nothing legible differed from one of those."""
        looked, recognised = (
            (0, 0) if self._looker is None else (self._looker.looked, self._looker.recognised)
        )
        return {"residual_text": 0, "windows_looked_at": looked, "windows_recognised": recognised}
