"""What stays of an ultrasound picture: declared regions and the moving sector, together."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ground.finding import Finding, Reason
from tests.video.overlay.loops import (
    HEIGHT,
    WIDTH,
    Rgb,
    area,
    banner,
    dice,
    fan,
    loop,
    rectangle,
    region,
    survey_of,
    text,
    trace,
)
from video.model import CalibrationRegion
from video.overlay.sector import kept_polygons
from video.overlay.survey_model import Survey
from video.scrub.rules import ScrubRules

_RULES = ScrubRules()
_TIGHT = region(60, 20, 580, 400)
_WRITTEN = (banner(24), text("S5-1 49Hz", 10, 60), text("F", 80, 100))


def _stays(
    survey: Survey, regions: Sequence[CalibrationRegion] = (), rules: ScrubRules = _RULES
) -> tuple[Rgb, tuple[Finding, ...]]:
    kept, findings = kept_polygons(survey, regions, rules)
    assert kept is not None
    for polygon in kept.polygons:
        assert 3 <= len(polygon) <= 64
        assert all(0 <= x < WIDTH and 0 <= y < HEIGHT for x, y in polygon)
    return area(*kept.polygons), findings


def test_without_regions_the_moving_sector_stays() -> None:
    stays, _ = _stays(survey_of(loop(fan(), _WRITTEN)))
    assert dice(stays, fan()) >= 0.9
    assert not stays[:14].any()


def test_of_a_region_stays_what_the_sector_covers() -> None:
    survey = survey_of(loop(fan(), _WRITTEN))
    stays, _ = _stays(survey, [_TIGHT])
    assert (stays & fan()).sum() >= 0.98 * (fan() & rectangle(60, 20, 580, 400)).sum()
    assert not stays[85:101, 78:92].any()
    assert not (stays & (1 - rectangle(60, 20, 580, 400))).any()


def test_a_rule_switches_the_sector_off_and_the_region_stays_whole() -> None:
    stays, _ = _stays(survey_of(loop(fan(), _WRITTEN)), [_TIGHT], replace(_RULES, outside_sector=False))
    assert np.array_equal(stays, rectangle(60, 20, 580, 400))


def test_a_rule_switches_the_regions_off_and_the_sector_stays() -> None:
    survey = survey_of(loop(fan()))
    stays, _ = _stays(survey, [region(60, 20, 300, 400)], replace(_RULES, outside_regions=False))
    assert dice(stays, fan()) >= 0.9


def test_with_neither_sector_nor_regions_nothing_is_said() -> None:
    still = loop(rectangle(0, 0, 0, 0), [text("nothing", 20, 80)], frames=1)
    assert kept_polygons(survey_of(still), [], _RULES) == (None, ())
    both_off = replace(_RULES, outside_sector=False, outside_regions=False)
    assert kept_polygons(survey_of(loop(fan())), [_TIGHT], both_off) == (None, ())


def test_a_region_that_a_linear_probe_fills_stays_whole() -> None:
    box = (140, 60, 500, 420)
    sector = rectangle(*box)
    sector[330:420, 430:500] = 0  # a dark corner is tissue too
    stays, _ = _stays(survey_of(loop(sector)), [region(*box)])
    assert np.array_equal(stays, rectangle(*box))


@pytest.mark.parametrize(("spatial_format", "data_type"), [(2, 1), (3, 3), (4, 0x0A)])
def test_traces_and_spectra_that_the_file_declares_stay_whole(spatial_format: int, data_type: int) -> None:
    survey = survey_of(loop(fan(radius=340), [trace(440)]))
    ecg = region(10, 395, 630, 470, spatial_format, data_type)
    stays, _ = _stays(survey, [_TIGHT, ecg])
    assert stays[395:470, 10:630].all()


def test_a_frozen_picture_beside_a_moving_spectrum_stays() -> None:
    frozen = loop(rectangle(20, 40, 300, 300), frames=1)[0]
    frames = [np.maximum(frozen, frame) for frame in loop(rectangle(330, 40, 620, 440))]
    flat, spectrum = region(20, 40, 300, 300), region(330, 40, 620, 440, 3, 3)
    stays, _ = _stays(survey_of(frames), [flat, spectrum])
    assert stays[40:300, 20:300].all()
    assert stays[40:440, 330:620].all()


def test_without_regions_a_frozen_picture_is_not_lost_to_a_spectrum_that_moves() -> None:
    frozen = loop(rectangle(180, 40, 460, 230), frames=1)[0]
    frames = [np.maximum(frozen, frame) for frame in loop(rectangle(40, 260, 600, 440))]
    kept, _ = kept_polygons(survey_of(frames), [], _RULES)
    assert kept is None or area(*kept.polygons)[40:230, 180:460].all()


def test_regions_of_another_frame_do_not_cut_the_sector() -> None:
    stays, _ = _stays(survey_of(loop(fan())), [region(10, 10, 200, 160)])
    assert (stays & fan()).sum() >= 0.985 * fan().sum()


def test_where_the_layout_changes_both_places_stay() -> None:
    left, right = rectangle(20, 60, 280, 400), rectangle(350, 60, 620, 400)
    stays, _ = _stays(survey_of(loop(left), loop(right)))
    assert (stays & left).sum() >= 0.985 * left.sum()
    assert (stays & right).sum() >= 0.985 * right.sum()
    assert not stays[:, 300:330].any()


def test_what_goes_and_can_be_seen_is_boxed_for_the_reviewer() -> None:
    stays, findings = _stays(survey_of(loop(fan(), _WRITTEN)), [_TIGHT])
    reasons = {finding.reason for finding in findings}
    assert reasons == {Reason.OUTSIDE_REGIONS, Reason.OUTSIDE_SECTOR}
    boxes = [finding.box for finding in findings]
    assert any(box.y0 == 0 and box.y1 >= 20 and box.x1 - box.x0 >= 600 for box in boxes)
    assert any(box.x0 <= 82 and box.x1 >= 88 and box.y0 <= 92 and box.y1 >= 98 for box in boxes)
    assert all(finding.is_masked for finding in findings)
    for box in boxes:
        assert stays[box.y0 : box.y1, box.x0 : box.x1].mean() <= 0.5


def test_a_screen_full_of_specks_gives_few_boxes() -> None:
    random = np.random.default_rng(5)
    specks = (random.random((HEIGHT, WIDTH)) < 0.01).astype(np.uint8)[..., None] * np.uint8(200)
    frames = [np.maximum(frame, specks) for frame in loop(fan(radius=250))]
    _, findings = _stays(survey_of(frames))
    assert 1 <= len(findings) <= 16 * 40


def test_a_still_picture_with_a_plain_sector_keeps_it() -> None:
    stays, _ = _stays(survey_of(loop(fan(), _WRITTEN, frames=1)))
    assert (stays & fan()).sum() >= 0.985 * fan().sum()
    assert not stays[:12].any()


def test_weak_echoes_of_a_still_picture_keep_the_region_whole() -> None:
    frame = loop(fan(radius=250), frames=1)[0]
    random = np.random.default_rng(5)
    weak = (random.random((HEIGHT, WIDTH)) < 0.02).astype(np.uint8) * rectangle(60, 300, 580, 400) * 9
    stays, _ = _stays(survey_of([np.maximum(frame, weak[..., None])]), [_TIGHT])
    assert np.array_equal(stays, rectangle(60, 20, 580, 400))


@pytest.mark.parametrize("sector", [rectangle(0, 0, WIDTH, HEIGHT), fan(radius=90)], ids=["all", "small"])
def test_a_still_picture_that_is_not_plain_says_nothing(sector: Rgb) -> None:
    flat = np.repeat((sector * 90)[..., None], 3, axis=2)
    assert kept_polygons(survey_of([flat]), [], _RULES) == (None, ())


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1), st.integers(1, 3), st.booleans())
def test_pictures_of_any_size_and_content_are_survived(
    width: int, height: int, seed: int, count: int, keeps_marks: bool
) -> None:
    random = np.random.default_rng(seed)
    frames = [random.integers(0, 256, (height, width, 3)).astype(np.uint8) for _ in range(count)]
    rules = replace(_RULES, keep_rulers=keeps_marks, keep_colour_bars=keeps_marks)
    regions = [region(0, 0, max(1, width // 2), height), region(0, 0, width, height, 3, 3)]
    kept, _ = kept_polygons(survey_of(frames), regions, rules)
    assert kept is None or all(
        0 <= x < width and 0 <= y < height for polygon in kept.polygons for x, y in polygon
    )
