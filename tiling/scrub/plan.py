"""Plan what becomes of a slide: what is blanked, what is kept of the macro, what a person has to see.

A plan is made in two steps. Before anything is written, everything is known but where there is writing. That
is looked for in a picture of the slide which comes about while its levels are made, so that level 0 is
decoded once, and so that what is looked at is what will be served rather than what the source says it shows.
The macro is looked at together with it, as the detector takes its time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ground.finding import Box, Finding, Reason, ReviewPicture
from ground.picture_text import TextBox, TextFinder, TextFinderError
from tiling.errors import TilingError, VerificationError
from tiling.macro import CutMacro, Dropped, KeptMacro, cut_macro
from tiling.macro.writing import find_writing
from tiling.model import ImageRole, Pixels, Place, Slide
from tiling.pixels import shrink
from tiling.scrub.masks import is_removed, on_slide, tiles_of
from tiling.scrub.rules import MacroRule, ScrubRules, TextRule

PICTURE_SIDE_PX = 2_048
"""The longest side of the pictures that a person sees."""
NO_DETECTOR = "none"
# Letters on a glass, printed ones too, are higher than 0.3 mm, which then is 12 px.
_LOOKED_AT_UM_PER_PX = 25
_LOOKED_AT_LEAST_PX = 900


@dataclass(frozen=True, slots=True)
class ScrubPlan:
    """places: everything that the source holds. findings: in level-0 px, those on the macro in its own.

    masked_tiles: of level 0, by their number row by row. macro: what is kept of it; None: nothing.
    pictures: of the source as it was, for the person who decides. remarks: sentences for people.
    The macro's, where there is one, is the last of them. cut_macro: what is kept of it if no writing is found
    in it; None: that is decided.
    """

    places: tuple[Place, ...]
    detector: str
    findings: tuple[Finding, ...] = ()
    masked_tiles: frozenset[int] = frozenset()
    pictures: tuple[ReviewPicture, ...] = ()
    macro: KeptMacro | None = None
    remarks: tuple[str, ...] = ()
    cut_macro: CutMacro | None = None

    def to_json(self) -> dict[str, Any]:
        """Places and numbers; nothing that was read in a picture."""
        return {
            "material": "slide",
            "detector": self.detector,
            "findings": [finding.to_json() for finding in self.findings],
            "kept": None,
            "pictures": [picture.to_json() for picture in self.pictures],
        }


def plan(
    slide: Slide,
    rules: ScrubRules,
    finder: TextFinder | None,
    *,
    added: Sequence[Box] = (),
) -> ScrubPlan:
    """The plan without what is written, which `with_writing` adds.

    finder: None where the rules look for nothing. added: places that a person has drawn, level-0 px.
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
    return _with_macro(begun, slide, rules)


def with_picture(begun: ScrubPlan, slide: Slide, picture: Pixels) -> ScrubPlan:
    """picture: all of level 0 as the source has it, at most PICTURE_SIDE_PX a side."""
    scale = slide.grid.size.width_px / picture.shape[1]
    return replace(begun, pictures=(ReviewPicture("thumbnail", picture, scale=scale), *begun.pictures))


def with_writing(
    begun: ScrubPlan,
    slide: Slide,
    rules: ScrubRules,
    finder: TextFinder | None,
    removed: Sequence[Box] = (),
    *,
    stop: Callable[[], None] = lambda: None,
) -> ScrubPlan:
    """The plan with what is written on the glass, as far as it has a picture of that; and with what becomes
    of the macro.

    removed: places of which a person has said that they show nobody, level-0 px. `stop` is called now and
    then, and may raise. Raises VerificationError where the detector fails.
    """
    on_glass = [
        _to_look_at(picture.rgb, slide)
        for picture in begun.pictures
        if rules.text is not TextRule.IGNORE and picture.space == "asset"
    ]
    cut = begun.cut_macro
    writing = _look((*on_glass, *(() if cut is None else cut.pictures)), finder, stop)
    if cut is not None:
        begun = _with_decision(replace(begun, cut_macro=None), cut.decide(writing[len(on_glass) :]))
    findings: list[Finding] = []
    for picture, texts in zip(on_glass, writing, strict=False):
        scale = slide.grid.size.width_px / picture.shape[1]
        for text in texts:
            seen = _scaled(Box(text.x0, text.y0, text.x1, text.y1), scale)
            for box in on_slide([seen], slide.grid.size):
                is_masked = rules.text is TextRule.MASK and not is_removed(box, removed)
                findings.append(Finding(Reason.TEXT, box, is_masked, score=text.score))
    masked = tiles_of((finding.box for finding in findings if finding.is_masked), slide.grid)
    return replace(begun, findings=(*begun.findings, *findings), masked_tiles=begun.masked_tiles | masked)


def _look(
    pictures: Sequence[Pixels], finder: TextFinder | None, stop: Callable[[], None]
) -> Sequence[Sequence[TextBox]]:
    if not pictures:
        return ()
    if finder is None:
        raise ValueError("these rules need something that finds text")
    try:
        return find_writing(pictures, finder, stop)
    except TextFinderError as error:
        raise VerificationError("the slide's pictures could not be searched for writing") from error


def _to_look_at(picture: Pixels, slide: Slide) -> Pixels:
    """As large as letters need it: looking at more takes longer, and finds none."""
    longest_px = max(picture.shape[:2])
    wanted_px = longest_px
    if slide.mpp is not None:
        extent_um = max(slide.grid.size.width_px * slide.mpp.x_um, slide.grid.size.height_px * slide.mpp.y_um)
        wanted_px = max(_LOOKED_AT_LEAST_PX, round(extent_um / _LOOKED_AT_UM_PER_PX))
    return _at_most(picture, wanted_px)


def _with_macro(begun: ScrubPlan, slide: Slide, rules: ScrubRules) -> ScrubPlan:
    try:
        macro = slide.associated_pixels(ImageRole.MACRO)
    except TilingError:
        return replace(begun, remarks=(_left_out("it cannot be read"),))
    if macro is None:
        return begun
    shown = _at_most(macro, PICTURE_SIDE_PX)
    picture = ReviewPicture("macro", shown, scale=macro.shape[1] / shown.shape[1], space="macro")
    begun = replace(begun, pictures=(picture,))
    if rules.macro is MacroRule.DROP:
        return _with_decision(begun, Dropped("the rules ask for that"))
    cut = cut_macro(macro, _label(slide))
    return _with_decision(begun, cut) if isinstance(cut, Dropped) else replace(begun, cut_macro=cut)


def _with_decision(begun: ScrubPlan, decision: KeptMacro | Dropped) -> ScrubPlan:
    if isinstance(decision, Dropped):
        picture = begun.pictures[-1]
        height_px, width_px = picture.rgb.shape[:2]
        everything = _scaled(Box(0, 0, width_px, height_px), picture.scale)
        return replace(
            begun,
            findings=(*begun.findings, _label_finding(everything)),
            remarks=(*begun.remarks, _left_out(decision.reason)),
        )
    blank = tuple(_label_finding(_scaled(box, decision.scale)) for box in decision.blank)
    return replace(begun, findings=(*begun.findings, *blank), macro=decision)


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


def _at_most(picture: Pixels, side_px: int) -> Pixels:
    height_px, width_px = picture.shape[:2]
    scale = max(height_px, width_px) / side_px
    if scale <= 1:
        return picture
    return shrink(picture, max(1, round(width_px / scale)), max(1, round(height_px / scale)))


def _scaled(box: Box, scale: float) -> Box:
    """Grown to whole pixels."""
    x1, y1 = (-int(-side * scale // 1) for side in (box.x1, box.y1))
    return Box(int(box.x0 * scale), int(box.y0 * scale), x1, y1)
