"""What becomes of the pictures of a clip: where text is, what lies outside of the examination, what shows
the room."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ground.finding import Box, Finding, Reason, ReviewPicture
from video.errors import VerificationError
from video.model import Kept, Video
from video.overlay.likeness import material_of, shows_echoes
from video.overlay.out_of_body import out_of_body
from video.overlay.sector import kept_polygons
from video.overlay.survey_model import MadeOf, Survey
from video.scrub.boxes import share_within
from video.scrub.course import Course
from video.scrub.looker import Looker
from video.scrub.masks import Blanker
from video.scrub.review import review_pictures
from video.scrub.rewind import MOST_FRAMES, Rewind
from video.scrub.rules import Material, OutOfBody, ScrubRules
from video.scrub.survey import WINDOW_FRAMES, take_survey
from video.scrub.texts import text_findings, text_left

REMOVED_SHARE = 0.9
"""A finding that lies within what a reviewer removed to this share was meant by it."""
_NO_DETECTOR = "none"
_MOST_LOOKS_AGAIN = 3
_SURVEY_SHARE, _FIRST_LOOK_SHARE = 0.35, 0.7
"""Of the time that a plan takes: where the survey ends, and where the first look for text does."""


@dataclass(frozen=True, slots=True)
class ScrubPlan:
    """masks, kept: what `Blanker` needs. findings: what was found, those that a reviewer lets pass included.

    pictures: of the source, for the reviewer; they may show the patient. detector: its name, with version.
    windows: what was looked at, so that the same of the result can be held against it. may_text_wander: a
    marker may follow a structure over an ultrasound picture; an endoscope's overlays stay.
    """

    masks: tuple[Box, ...]
    kept: Kept | None
    findings: tuple[Finding, ...]
    pictures: tuple[ReviewPicture, ...]
    detector: str
    material: Material
    windows: tuple[MadeOf, ...]
    may_text_wander: bool

    def to_json(self) -> dict[str, Any]:
        """Places and numbers, no pixel and no word of the source."""
        return {
            "material": self.material.value,
            "detector": self.detector,
            "findings": [finding.to_json() for finding in self.findings],
            "kept": None
            if self.kept is None
            else [[list(corner) for corner in polygon] for polygon in self.kept.polygons],
            "pictures": [picture.to_json() for picture in self.pictures],
        }

    def with_more(self, found: Sequence[Finding]) -> "ScrubPlan":
        """The plan that also blanks what was found later."""
        masks = tuple(finding.box for finding in found if finding.is_masked)
        return replace(self, masks=(*self.masks, *masks), findings=(*self.findings, *found))


def plan(
    video: Video,
    rules: ScrubRules,
    looker: Looker | None,
    course: Course,
    *,
    added: Sequence[Box] = (),
    removed: Sequence[Box] = (),
) -> ScrubPlan:
    """Look at every frame of the clip and say what has to go. looker: for text, if the rules want it.

    However long the clip, at most `MOST_WINDOWS` windows are looked at for text, each once as it is and up to
    three times more with what was found blanked. The proof recognises what it then is; of a loop, it looks.

    added, removed: a reviewer's: masks beyond what is found, and places where what is found may stay.
    Raises VideoError (VerificationError where text should be looked for and cannot be), ConversionCancelled.
    """
    if not rules.text:
        looker = None
    elif looker is None:
        raise VerificationError("there is nothing here that looks for text in pictures")
    surveying = course if looker is None else course.share(0.0, _SURVEY_SHARE)
    survey, signs = take_survey(
        video, progress=surveying.progress, cancelled=course.cancelled, workers=course.workers
    )
    material = _material(video, rules, survey)
    kept: Kept | None = None
    found: list[Finding] = []
    if material is Material.ULTRASOUND:
        kept, beyond = kept_polygons(survey, video.regions, rules)
        found += beyond
    else:
        found += _room(survey, rules, signs)
    # Loops cropped to the frame are no less ultrasound, though nobody can say where their sector ends.
    may_wander = material is Material.ULTRASOUND or (material is Material.OTHER and shows_echoes(survey))
    is_loop = survey.frame_count <= WINDOW_FRAMES
    if looker is not None:
        is_short = survey.frame_count <= MOST_FRAMES
        rewind = Rewind(video, course.cancelled) if is_short else None
        looking = course.share(_SURVEY_SHARE, 1.0 if is_loop else _FIRST_LOOK_SHARE)
        found += text_findings(survey, looker, kept, looking, rewind, may_wander=may_wander)
    found = [_let_pass(finding, removed) for finding in found]
    found += [Finding(Reason.REVIEWER, box, is_masked=True) for box in added]
    is_by_kept = {Reason.OUTSIDE_REGIONS, Reason.OUTSIDE_SECTOR} if kept is not None else set()
    masks = tuple(finding.box for finding in found if finding.is_masked and finding.reason not in is_by_kept)
    planned = ScrubPlan(
        masks=masks,
        kept=kept,
        findings=tuple(found),
        pictures=review_pictures(survey, found),
        detector=_NO_DETECTOR if looker is None else looker.name,
        material=material,
        windows=tuple(window.made_of for window in survey.windows),
        may_text_wander=may_wander,
    )
    if looker is None or is_loop:
        return planned
    # What the proof would find is found here sooner than by writing a long clip twice.
    looking = course.share(_FIRST_LOOK_SHARE, 1.0)
    for _ in range(_MOST_LOOKS_AGAIN):
        blanker = Blanker(survey.picture, planned.masks, kept)
        left = text_left(survey, looker, blanker, removed, looking, may_wander=may_wander)
        if not left:
            break
        planned = planned.with_more(left)
    return planned


def _material(video: Video, rules: ScrubRules, survey: Survey) -> Material:
    if rules.material is not Material.AUTO:
        return rules.material
    return Material.ULTRASOUND if video.is_ultrasound else material_of(survey)


def _room(survey: Survey, rules: ScrubRules, signs: NDArray[np.float32]) -> list[Finding]:
    if rules.out_of_body is OutOfBody.IGNORE:
        return []
    picture = survey.picture
    return [
        Finding(
            Reason.OUT_OF_BODY,
            Box(0, 0, picture.width_px, picture.height_px, stretch.first_frame, stretch.last_frame),
            is_masked=stretch.is_plain and rules.out_of_body is OutOfBody.BLANK,
        )
        for stretch in out_of_body(signs)
    ]


def _let_pass(finding: Finding, removed: Sequence[Box]) -> Finding:
    """Not to be masked where a reviewer says so. What is beyond the examination goes as a whole."""
    if finding.reason not in (Reason.TEXT, Reason.OUT_OF_BODY):
        return finding
    is_removed = any(share_within(finding.box, mask) >= REMOVED_SHARE for mask in removed)
    return replace(finding, is_masked=False) if is_removed else finding
