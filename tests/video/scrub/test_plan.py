"""What a plan finds, what it lets pass, and what it says of it."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ground.finding import Box, Reason
from ground.picture_text import TextBox
from tests.video.canonical.synthetic import SyntheticVideo, picture
from tests.video.scrub.ink import InkFinder, speckle, tissue, written
from video.errors import ConversionCancelled, VerificationError
from video.model import PictureFormat, Plane
from video.overlay.survey_model import Window
from video.overlay.text import Frames
from video.scrub.course import Course
from video.scrub.looker import Looker
from video.scrub.plan import ScrubPlan, plan
from video.scrub.review import MOST_PICTURES
from video.scrub.rules import Material, OutOfBody, ScrubRules
from video.scrub.survey import WINDOW_FRAMES

FORM = picture(320, 240)
OTHER = ScrubRules(material=Material.OTHER)
_X0, _Y0, _X1, _Y1 = 90, 108, 165, 121
"""Around the ink of "DOE JOHN" at (90, 120)."""


def _plan(video: SyntheticVideo, rules: ScrubRules = OTHER, **options: Any) -> ScrubPlan:
    finder = options.pop("finder", InkFinder())
    course = Course(lambda done, total: None, options.pop("cancelled", lambda: False))
    return plan(video, rules, None if finder is None else Looker(finder), course, **options)


def _covers(masks: tuple[Box, ...], frame: int) -> bool:
    covered = np.zeros((240, 320), bool)
    for mask in masks:
        if (mask.first_frame or 0) <= frame and (mask.last_frame is None or frame <= mask.last_frame):
            covered[max(0, mask.y0) : mask.y1, max(0, mask.x0) : mask.x1] = True
    luma = written("DOE JOHN", 90, 120)(FORM, 0)[0]
    return bool(covered[luma == 235].all())


def test_a_word_that_stays_put_goes_from_every_frame() -> None:
    planned = _plan(SyntheticVideo(FORM, 30, written("DOE JOHN", 90, 120)))
    assert all(_covers(planned.masks, frame) for frame in (0, 15, 29))
    assert all(mask.first_frame is None for mask in planned.masks)
    assert {finding.reason for finding in planned.findings} == {Reason.TEXT}
    assert planned.detector == "ink 1.0"


@pytest.mark.parametrize("frame", [0, 11, 29])
def test_a_word_in_one_frame_goes_from_every_frame(frame: int) -> None:
    planned = _plan(SyntheticVideo(FORM, 30, written("DOE JOHN", 90, 120, range(frame, frame + 1))))
    assert all(_covers(planned.masks, number) for number in (0, frame, 29))


def test_a_word_that_wanders_goes_wherever_it_is() -> None:
    def draw(form: PictureFormat, number: int) -> tuple[Plane, ...]:
        return written("DOE", 20 + 7 * number, 120)(form, number)

    planned = _plan(SyntheticVideo(FORM, 30, draw))
    covered = np.zeros((240, 320), bool)
    for mask in planned.masks:
        covered[max(0, mask.y0) : mask.y1, max(0, mask.x0) : mask.x1] = True
    for number in range(30):
        assert covered[draw(FORM, number)[0] == 235].all(), number


class _Follower(Looker):
    """Sees no text, and counts the frames that it may follow some through, in each window."""

    def __init__(self) -> None:
        super().__init__(InkFinder())
        self.counts: list[int | None] = []

    def boxes(
        self,
        window: Window,
        cancelled: Callable[[], bool],
        frames: Frames | None = None,
        *,
        may_wander: bool = True,
    ) -> tuple[TextBox, ...]:
        self.counts.append(None if frames is None else len(list(frames())))
        return ()


@pytest.mark.parametrize(
    ("most_frames", "counts"), [(2 * WINDOW_FRAMES, [WINDOW_FRAMES] * 2), (2 * WINDOW_FRAMES - 1, [None] * 2)]
)
def test_text_can_be_followed_through_each_window_of_a_clip_unless_the_clip_is_long(
    monkeypatch: pytest.MonkeyPatch, most_frames: int, counts: list[int | None]
) -> None:
    def draw(form: PictureFormat, number: int) -> tuple[Plane, ...]:
        return written("DOE", 5, 40 + 40 * (number // WINDOW_FRAMES))(form, number)

    monkeypatch.setattr("video.scrub.plan.MOST_FRAMES", most_frames)
    follower = _Follower()
    video = SyntheticVideo(picture(96, 96), 2 * WINDOW_FRAMES, draw)
    plan(video, OTHER, follower, Course(lambda done, total: None, lambda: False))
    assert follower.counts[:2] == counts


@pytest.mark.parametrize(("draw", "may_wander"), [(speckle, True), (tissue, False)])
def test_text_may_wander_over_speckle_that_fills_the_frame(
    draw: Callable[..., Any], *, may_wander: bool
) -> None:
    assert _plan(SyntheticVideo(FORM, 30, draw)).may_text_wander is may_wander


def test_where_nothing_is_written_nothing_goes() -> None:
    planned = _plan(SyntheticVideo(FORM, 30, tissue))
    assert (planned.masks, planned.kept, planned.findings) == ((), None, ())


def _crowded(form: PictureFormat, number: int) -> tuple[Plane, ...]:
    """Much text at other places in each window; a clock at one place."""
    lines = range(30, 230, 40)
    stretch = number // WINDOW_FRAMES
    planes = tissue(form, number)
    for line in lines:
        found = written("PAGE OF MANY WORDS", 10 + 60 * stretch, line + 15 * stretch)(form, number)[0]
        planes[0][found == 235] = 235
    planes[0][written("DOE", 5, 12)(form, number)[0] == 235] = 235
    return planes


def test_where_all_text_would_take_too_much_each_window_s_goes_from_its_own_frames() -> None:
    planned = _plan(SyntheticVideo(FORM, 2 * WINDOW_FRAMES, _crowded))
    spans = {(mask.first_frame, mask.last_frame) for mask in planned.masks}
    assert spans == {(None, None), (0, WINDOW_FRAMES - 1), (WINDOW_FRAMES, 2 * WINDOW_FRAMES - 1)}
    everywhere = [mask for mask in planned.masks if mask.first_frame is None]
    assert all(mask.y1 < 30 for mask in everywhere)


def test_what_a_reviewer_removes_stays_and_is_still_told() -> None:
    video = SyntheticVideo(FORM, 30, written("DOE JOHN", 90, 120))
    found = _plan(video)
    planned = _plan(video, removed=found.masks)
    assert planned.masks == ()
    assert [finding.is_masked for finding in planned.findings] == [False] * len(found.findings)
    elsewhere = _plan(video, removed=(Box(0, 0, 50, 50),))
    assert elsewhere.masks == found.masks


def test_what_a_reviewer_adds_goes() -> None:
    mask = Box(5, 6, 70, 80, 3, 9)
    planned = _plan(SyntheticVideo(FORM, 30, tissue), added=(mask,))
    assert planned.masks == (mask,)
    assert planned.findings[0].reason is Reason.REVIEWER


def test_without_text_in_the_rules_nobody_looks_for_any() -> None:
    planned = _plan(
        SyntheticVideo(FORM, 5, written("DOE", 90, 120)),
        ScrubRules(material=Material.OTHER, text=False),
        finder=None,
    )
    assert planned.masks == ()
    assert planned.detector == "none"


def test_text_that_cannot_be_looked_for_is_an_error() -> None:
    video = SyntheticVideo(FORM, 5, tissue)
    with pytest.raises(VerificationError, match="looks for text"):
        _plan(video, finder=None)
    with pytest.raises(VerificationError, match="could not be looked for"):
        _plan(video, finder=InkFinder(fails_after=0))


def test_a_plan_is_cancelled_between_two_windows() -> None:
    finder = InkFinder()
    with pytest.raises(ConversionCancelled):
        _plan(SyntheticVideo(FORM, 5, tissue), finder=finder, cancelled=lambda: True)
    assert finder.count == 0


def _sector(form: PictureFormat, number: int) -> tuple[Plane, ...]:
    """Speckle in a triangle on black; a name beside it."""
    rows, columns = np.mgrid[: form.height_px, : form.width_px]
    inside = (rows > 30) & (np.abs(columns - 160) < (rows - 20) * 0.7) & (np.hypot(rows, columns - 160) < 210)
    speckle = np.random.default_rng(number).gamma(2.0, 40.0, inside.shape).clip(0, 255)
    luma = np.where(inside, speckle, 0).astype(np.uint8)
    planes = (luma, *tissue(form, number)[1:])
    ink = written("DOE JOHN", 5, 15)(form, number)[0] == 235
    planes[0][ink] = 235
    return planes


def test_of_ultrasound_stays_the_sector() -> None:
    planned = _plan(SyntheticVideo(FORM, 30, _sector), ScrubRules(material=Material.ULTRASOUND, text=False))
    assert planned.kept is not None
    assert {finding.reason for finding in planned.findings} <= {
        Reason.OUTSIDE_SECTOR, Reason.OUTSIDE_REGIONS,
    }  # fmt: skip
    assert planned.masks == ()
    stated = planned.to_json()["kept"]
    assert all(0 <= x < 320 and 0 <= y < 240 for polygon in stated for x, y in polygon)


def _operation(form: PictureFormat, number: int) -> tuple[Plane, ...]:
    """Red, but for 60 frames of a room: green, grey and some skin, full of edges."""
    luma, blue, red = tissue(form, number)
    if not 100 <= number < 160:
        return luma, np.full_like(blue, 110), np.full_like(red, 170)
    random = np.random.default_rng(number // 10)
    luma = random.integers(60, 220, (form.height_px // 8, form.width_px // 8), dtype=np.uint8)
    luma = luma.repeat(8, axis=0).repeat(8, axis=1)
    width = blue.shape[1]
    place = np.arange(width) / width
    blues = np.where(place > 0.85, 100, 128).astype(np.uint8)
    reds = np.where(place < 0.33, 90, np.where(place > 0.85, 165, 128)).astype(np.uint8)
    return luma, blues[None].repeat(len(blue), 0), reds[None].repeat(len(red), 0)


@pytest.mark.parametrize(("rule", "is_masked"), [(OutOfBody.BLANK, True), (OutOfBody.SHOW, False)])
def test_stretches_out_of_the_body_are_found(rule: OutOfBody, *, is_masked: bool) -> None:
    rules = ScrubRules(material=Material.ENDOSCOPY, text=False, out_of_body=rule)
    video = SyntheticVideo(FORM, 240, _operation)
    (finding,) = _plan(video, rules).findings
    assert finding.reason is Reason.OUT_OF_BODY
    assert finding.is_masked is is_masked
    box = finding.box
    assert (box.x0, box.y0, box.x1, box.y1) == (0, 0, 320, 240)
    assert box.first_frame is not None and box.first_frame <= 100
    assert box.last_frame is not None and box.last_frame >= 159
    removed = Box(0, 0, 320, 240, box.first_frame, box.last_frame)
    assert _plan(video, rules, removed=(removed,)).masks == ()
    ignoring = ScrubRules(material=Material.ENDOSCOPY, text=False, out_of_body=OutOfBody.IGNORE)
    assert _plan(video, ignoring).findings == ()


@pytest.mark.parametrize("draw", [written("DOE JOHN", 90, 120), _operation])
def test_pictures_for_the_reviewer_are_few_and_named(draw: Callable[..., Any]) -> None:
    planned = _plan(SyntheticVideo(FORM, 240, draw), ScrubRules(material=Material.ENDOSCOPY))
    names = [shown.name for shown in planned.pictures]
    assert names[:3] == ["minimum", "maximum", "median"]
    assert len(names) == len(set(names)) <= MOST_PICTURES
    assert "frame-0" in names
    assert all(shown.rgb.shape == (240, 320, 3) for shown in planned.pictures)
    if draw is _operation:
        assert any(100 <= (shown.frame or 0) < 160 for shown in planned.pictures)


def test_a_plan_as_json_holds_places_and_numbers_alone() -> None:
    planned = _plan(SyntheticVideo(FORM, 30, written("DOE JOHN", 90, 120)))
    text = json.dumps(planned.to_json())
    stated = json.loads(text)
    assert set(stated) == {"material", "detector", "findings", "kept", "pictures"}
    assert stated["material"] == "other"
    assert stated["pictures"][0] == {
        "name": "minimum", "frame": None, "width_px": 320, "height_px": 240, "scale": 1.0, "space": "asset",
    }  # fmt: skip
    assert "DOE" not in text
