"""What is asked of a scrub, and the two times that it looks: at the source, and at the result."""

from collections.abc import Callable
from dataclasses import dataclass

from ground.finding import Box, Finding, ReviewPicture
from ground.picture_text import TextFinder
from video.model import Video
from video.overlay.survey_model import Survey
from video.scrub.masks import Blanker
from video.scrub.plan import ScrubPlan, plan
from video.scrub.rules import ScrubRules
from video.scrub.texts import text_left


@dataclass(frozen=True, slots=True)
class Scrub:
    """added, removed: a reviewer's masks, and places where what is found may stay. review: is handed pictures
    of the source, which may show the patient."""

    rules: ScrubRules
    finder: TextFinder | None
    added: tuple[Box, ...] = ()
    removed: tuple[Box, ...] = ()
    review: Callable[[ReviewPicture], None] | None = None

    @property
    def looks_for_text(self) -> bool:
        return self.rules.text

    def look(
        self,
        video: Video,
        *,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
        workers: int,
    ) -> ScrubPlan:
        """The plan; its pictures go to the review. Raises as `plan` does."""
        found = plan(
            video,
            self.rules,
            self.finder,
            progress=progress,
            cancelled=cancelled,
            added=self.added,
            removed=self.removed,
            workers=workers,
        )
        if self.review is not None:
            for picture in found.pictures:
                self.review(picture)
        return found

    def text_left(
        self, result: Survey, blanker: Blanker, cancelled: Callable[[], bool], *, may_wander: bool
    ) -> tuple[Finding, ...]:
        """As `texts.text_left`; nothing where text is not looked for."""
        if self.finder is None or not self.looks_for_text:
            return ()
        left = text_left(result, self.finder, blanker, self.removed, cancelled, may_wander=may_wander)
        return tuple(left)
