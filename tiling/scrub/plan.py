"""Plan what becomes of a slide: what is blanked, what is kept of the macro, what a person has to see.

A plan is made in two steps. Before anything is written, everything is known but the writing on the glass:
that is looked for in a picture of the slide which comes about while its levels are made, so that level 0 is
decoded once, and so that what is looked at is what will be served rather than what the source says it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ground.finding import Box, Finding, Reason, ReviewPicture
from ground.picture_text import TextBox, TextFinder, TextFinderError
from tiling.errors import TilingError, VerificationError
from tiling.geometry import TileGrid
from tiling.macro import Dropped, KeptMacro, keep_macro
from tiling.macro.writing import find_writing
from tiling.model import ImageRole, Pixels, Place, Slide
from tiling.pixels import shrink
from tiling.scrub.masks import is_removed, on_slide, tiles_of
from tiling.scrub.rules import MacroRule, ScrubRules, TextRule

PICTURE_SIDE_PX = 2_048
"""The longest side of the pictures that writing is looked for in."""
NO_DETECTOR = "none"


@dataclass(frozen=True, slots=True)
class ScrubPlan:
    """places: everything that the source holds. findings: in level-0 px, those on the macro in its own.

    masked_tiles: of level 0, by their number row by row. macro: what is kept of it; None: nothing.
    pictures: of the source as it was, for the person who decides. remarks: sentences for people.
    """

    places: tuple[Place, ...]
    detector: str
    findings: tuple[Finding, ...] = ()
    masked_tiles: frozenset[int] = frozenset()
    pictures: tuple[ReviewPicture, ...] = ()
    macro: KeptMacro | None = None
    remarks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Places and numbers; nothing that was read in a picture."""
        return {
            "material": "slide",
            "detector": self.detector,
            "findings": [finding.to_json() for finding in self.findings],
            "kept": None,
            "pictures": [
                {
                    "name": picture.name,
                    "frame": picture.frame,
                    "width_px": picture.rgb.shape[1],
                    "height_px": picture.rgb.shape[0],
                    "scale": picture.scale,
                    "space": picture.space,
                }
                for picture in self.pictures
            ],
        }


def plan(
    slide: Slide,
    rules: ScrubRules,
    finder: TextFinder | None,
    *,
    added: Sequence[Box] = (),
) -> ScrubPlan:
    """The plan without the writing on the glass, which `with_writing` adds.

    finder: None where the rules look for nothing. added: places that a person has drawn, level-0 px. Raises
    VerificationError where the detector fails.
    """
    if finder is None and (rules.text is not TextRule.IGNORE or rules.macro is not MacroRule.DROP):
        raise ValueError("these rules need something that finds text")
    drawn = [Finding(Reason.REVIEWER, box, is_masked=True) for box in on_slide(added, slide.grid.size)]
    begun = ScrubPlan(
        places=tuple(slide.places()),
        detector=NO_DETECTOR if finder is None else finder.name,
        findings=tuple(drawn),
        masked_tiles=tiles_of((finding.box for finding in drawn), slide.grid),
    )
    return _with_macro(begun, slide, rules, finder)


def with_writing(
    begun: ScrubPlan,
    grid: TileGrid,
    picture: Pixels,
    rules: ScrubRules,
    finder: TextFinder | None,
    removed: Sequence[Box] = (),
) -> ScrubPlan:
    """The plan with what is written on the glass.

    picture: all of level 0 as the source has it, at most PICTURE_SIDE_PX a side. removed: places of which a
    person has said that they show nobody, level-0 px. Raises VerificationError where the detector fails.
    """
    scale = grid.size.width_px / picture.shape[1]
    shown = ReviewPicture("thumbnail", picture, scale=scale)
    findings: list[Finding] = []
    if finder is not None and rules.text is not TextRule.IGNORE:
        for text in _look(picture, finder):
            seen = _scaled(Box(text.x0, text.y0, text.x1, text.y1), scale)
            for box in on_slide([seen], grid.size):
                is_masked = rules.text is TextRule.MASK and not is_removed(box, removed)
                findings.append(Finding(Reason.TEXT, box, is_masked, score=text.score))
    masked = tiles_of((finding.box for finding in findings if finding.is_masked), grid)
    return replace(
        begun,
        findings=(*begun.findings, *findings),
        masked_tiles=begun.masked_tiles | masked,
        pictures=(shown, *begun.pictures),
    )


def _look(picture: Pixels, finder: TextFinder) -> tuple[TextBox, ...]:
    try:
        return find_writing(picture, finder)
    except TextFinderError as error:
        raise VerificationError("the slide's pictures could not be searched for writing") from error


def _with_macro(begun: ScrubPlan, slide: Slide, rules: ScrubRules, finder: TextFinder | None) -> ScrubPlan:
    try:
        macro = slide.associated_pixels(ImageRole.MACRO)
    except TilingError:
        return replace(begun, remarks=(_left_out("it cannot be read"),))
    if macro is None:
        return begun
    height_px, width_px = macro.shape[:2]
    decision: KeptMacro | Dropped = Dropped("the rules ask for that")
    if finder is not None and rules.macro is MacroRule.OUTSIDE_LABEL:
        try:
            decision = keep_macro(macro, _label(slide), finder)
        except TextFinderError as error:
            raise VerificationError("the slide's pictures could not be searched for writing") from error
    shown = _review_picture(macro)
    if isinstance(decision, Dropped):
        everything = Box(0, 0, width_px, height_px)
        return replace(
            begun,
            findings=(*begun.findings, _label_finding(everything)),
            pictures=(shown,),
            remarks=(_left_out(decision.reason),),
        )
    blank = tuple(_label_finding(_scaled(box, decision.scale)) for box in decision.blank)
    return replace(begun, findings=(*begun.findings, *blank), pictures=(shown,), macro=decision)


def _label(slide: Slide) -> Pixels | None:
    """A label that cannot be read is no evidence, neither for nor against."""
    try:
        return slide.associated_pixels(ImageRole.LABEL)
    except TilingError:
        return None


def _left_out(reason: str) -> str:
    return f"The picture of the whole glass is left out: {reason}."


def _label_finding(box: Box) -> Finding:
    return Finding(Reason.LABEL, box, is_masked=True, space="macro")


def _review_picture(macro: Pixels) -> ReviewPicture:
    height_px, width_px = macro.shape[:2]
    scale = max(1.0, max(height_px, width_px) / PICTURE_SIDE_PX)
    if scale > 1:
        macro = shrink(macro, max(1, round(width_px / scale)), max(1, round(height_px / scale)))
    return ReviewPicture("macro", macro, scale=scale, space="macro")


def _scaled(box: Box, scale: float) -> Box:
    """Grown to whole pixels."""
    x1, y1 = (-int(-side * scale // 1) for side in (box.x1, box.y1))
    return Box(int(box.x0 * scale), int(box.y0 * scale), x1, y1)
