"""Real loops, stills and operations: names go, tissue stays, nothing of an operation is a room."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ground.source import FileSource
from tests.video.overlay.loops import Rgb, area, dice
from video.model import CalibrationRegion, Kept
from video.open_video import open_video
from video.overlay.likeness import material_of
from video.overlay.marks import rulers
from video.overlay.motion import moving_hull
from video.overlay.out_of_body import out_of_body
from video.overlay.regions import declared_regions
from video.overlay.sector import kept_polygons
from video.overlay.sector_hulls import sector_of
from video.overlay.survey_model import Survey
from video.scrub.rules import Material, ScrubRules
from video.scrub.survey import take_survey

_FAN_OF_164 = [(362, 82), (52, 596), (187, 671), (330, 706), (481, 718), (635, 706), (780, 671), (910, 596),
               (598, 82)]  # fmt: skip
_BY_HAND = {
    "ultrasound/US-PAL-8-10x-echo": [
        (300, 0), (72, 275), (130, 315), (210, 343), (300, 355), (390, 343), (470, 315), (528, 275),
    ],
    "ultrasound/examples_ybr_color.dcm": [
        (155, 25), (40, 148), (70, 172), (110, 192), (165, 200), (225, 192), (265, 173), (295, 150),
        (188, 25),
    ],
    "ultrasound/orthanc-Issue164-87fr-burnedname.dcm": _FAN_OF_164,
    "derived/us-burnedname-h264.mp4": _FAN_OF_164,
    "ultrasound/Pneu_Avi_Video_002.mp4": [
        (198, 0), (0, 350), (0, 455), (80, 488), (180, 512), (304, 519), (430, 512), (530, 488), (608, 455),
        (608, 340), (412, 0),
    ],
    "ultrasound/Pneu_northumbria_0409_set1_vid1.avi": [
        (153, 0), (0, 265), (0, 500), (90, 515), (430, 515), (515, 495), (515, 270), (363, 0),
    ],
    "ultrasound/Reg_pat1Image_133232.mpeg": [
        (103, 0), (0, 180), (0, 345), (90, 357), (185, 361), (280, 357), (369, 343), (369, 180), (268, 0),
    ],
    "ultrasound/Cov_convex_volpecelli_sonographic_v3.mov": [
        (75, 0), (0, 122), (0, 415), (415, 415), (415, 95), (355, 0),
    ],
    "ultrasound/orthanc-Issue19-ATL-burnedtext.dcm": [
        (300, 62), (62, 316), (110, 365), (180, 400), (250, 418), (320, 424), (390, 418), (460, 400),
        (530, 360), (582, 316), (335, 62),
    ],
    "ultrasound/JPGLosslessP14SV1_1s_1f_8b.dcm": [
        (442, 165), (138, 490), (220, 556), (320, 608), (420, 637), (522, 648), (640, 640), (740, 600),
        (830, 550), (905, 475), (603, 165),
    ],
}  # fmt: skip
"""The sector as drawn by hand over the loop's brightest picture."""
_WRITTEN = {
    "ultrasound/orthanc-Issue164-87fr-burnedname.dcm": [(0, 0, 975, 66), (850, 80, 975, 180)],
    "derived/us-burnedname-h264.mp4": [(0, 0, 974, 66), (850, 80, 974, 180)],
    "ultrasound/orthanc-Issue19-ATL-burnedtext.dcm": [(0, 0, 640, 36), (0, 50, 110, 210)],
    "ultrasound/dcm4che-YBR_FULL-RLE-DOE-JOHN.dcm": [(0, 0, 640, 36), (510, 30, 640, 220)],
    "ultrasound/cornerstone-philips-TEST-1234.dcm": [(0, 0, 800, 58), (0, 60, 118, 300)],
    "ultrasound/OBXXXX1A_2frame.dcm": [(0, 0, 800, 58), (0, 60, 118, 300)],
    "ultrasound/examples_palette.dcm": [(0, 0, 800, 58), (0, 60, 118, 300)],
    "ultrasound/examples_jpeg2k.dcm": [(0, 0, 170, 80), (440, 0, 640, 80)],
    "ultrasound/gdcm-US-ALOKA-16.dcm": [(0, 0, 640, 22), (0, 418, 640, 480)],
    "ultrasound/US-PAL-8-10x-echo": [(0, 0, 160, 75), (0, 120, 60, 260)],
    "ultrasound/JPGLosslessP14SV1_1s_1f_8b.dcm": [(0, 0, 350, 120), (820, 0, 1024, 60)],
    "ultrasound/US-YBR_FULL_422-EVRLE.dcm": [(0, 0, 330, 60), (0, 60, 160, 100)],
}
"""Where names, numbers, dates and hospitals stand; x0, y0, x1, y1."""


@lru_cache(maxsize=32)
def _surveyed(path: Path) -> tuple[Survey, NDArray[np.float32], tuple[CalibrationRegion, ...]]:
    with FileSource(path) as source:
        video = open_video(source)
        survey, signs = take_survey(video, progress=lambda _, __: None, cancelled=lambda: False)
        return survey, signs, video.regions


def _area(survey: Survey, kept: Kept) -> Rgb:
    return area(*kept.polygons, width=survey.picture.width_px, height=survey.picture.height_px)


@pytest.mark.parametrize("name", list(_BY_HAND))
def test_the_sector_is_where_a_person_drew_it(shared_data: Path, name: str) -> None:
    survey, _, _ = _surveyed(shared_data / name)
    size = {"width": survey.picture.width_px, "height": survey.picture.height_px}
    drawn = area(tuple(_BY_HAND[name]), **size)
    found = area(*sector_of(survey).hulls, **size)
    assert dice(found, drawn) >= 0.86
    # What the person drew beyond the hull is black: geometry of the probe, no echo.
    lost = (survey.windows[0].maximum.max(axis=2) > 32) & (drawn == 1) & (found == 0)
    assert lost.sum() <= 0.003 * drawn.sum()


@pytest.mark.parametrize("name", list(_WRITTEN))
def test_what_is_written_beside_the_examination_goes(shared_data: Path, name: str) -> None:
    survey, _, regions = _surveyed(shared_data / name)
    for rules in (ScrubRules(), ScrubRules(keep_rulers=True, keep_colour_bars=True)):
        kept, findings = kept_polygons(survey, regions, rules)
        assert kept is not None
        stays = _area(survey, kept)
        seen = survey.windows[0].maximum.max(axis=2) > 60
        for x0, y0, x1, y1 in _WRITTEN[name]:
            assert seen[y0:y1, x0:x1].any()
            assert not stays[y0:y1, x0:x1].any()
            assert any(
                finding.box.x0 < x1 and x0 < finding.box.x1 and finding.box.y0 < y1 and y0 < finding.box.y1
                for finding in findings
            )


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("JPGLosslessP14SV1_1s_1f_8b.dcm", 0),  # one region, of 91 % of the frame, names and all
        ("OBXXXX1A_2frame.dcm", 2),
        ("cornerstone-philips-TEST-1234.dcm", 2),  # a third one is one pixel wide
        ("dcm4che-YBR_FULL-RLE-DOE-JOHN.dcm", 1),  # another one is of the screen
        ("examples_ybr_color.dcm", 0),  # of a larger frame
        ("gdcm-US-ALOKA-16.dcm", 3),
        ("orthanc-Issue164-87fr-burnedname.dcm", 1),
        ("orthanc-Issue19-ATL-burnedtext.dcm", 0),
        ("US-YBR_FULL_422-EVRLE.dcm", 1),
    ],
)
def test_of_the_regions_those_that_make_sense_are_believed(shared_data: Path, name: str, count: int) -> None:
    with FileSource(shared_data / "ultrasound" / name) as source:
        video = open_video(source)
        picture = video.picture
        found = declared_regions(video.regions, picture.width_px, picture.height_px)
    assert len(found or ()) == count


def test_a_linear_probes_picture_stays_whole(shared_data: Path) -> None:
    survey, _, regions = _surveyed(shared_data / "ultrasound/dcm4che-YBR_FULL-RLE-DOE-JOHN.dcm")
    kept, _ = kept_polygons(survey, regions, ScrubRules())
    assert kept is not None
    assert _area(survey, kept)[48:416, 84:484].all()


@pytest.mark.parametrize(
    "name", ["orthanc-Issue164-87fr-burnedname.dcm", "orthanc-Issue19-ATL-burnedtext.dcm"]
)
def test_depth_scales_of_real_machines_are_found(shared_data: Path, name: str) -> None:
    survey, _, _ = _surveyed(shared_data / "ultrasound" / name)
    sector = _area(survey, Kept(sector_of(survey).hulls))
    assert rulers(survey.windows[0].maximum, 1 - sector)


@pytest.mark.parametrize(
    ("name", "material"),
    [
        ("derived/us-burnedname-h264.mp4", Material.ULTRASOUND),
        ("ultrasound/Pneu_Avi_Video_002.mp4", Material.ULTRASOUND),
        ("ultrasound/Pneu_northumbria_0409_set1_vid1.avi", Material.ULTRASOUND),
        ("surgical/endo.mp4", Material.ENDOSCOPY),
        ("surgical/test_rotated_90_video.mp4", Material.OTHER),
    ],
)
def test_undeclared_clips_are_told_apart(shared_data: Path, name: str, material: Material) -> None:
    survey, _, _ = _surveyed(shared_data / name)
    assert material_of(survey) is material


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "material"),
    [
        ("VID05_1858_and_VID08_1331_a.mp4", Material.OTHER),  # the camera is in the trocar
        ("VID43_303_and_VID42_395_a.mp4", Material.ENDOSCOPY),
        ("VID47_1131_and_VID23_841_a.mp4", Material.ENDOSCOPY),
        ("endo.mp4", Material.ENDOSCOPY),
    ],
)
def test_nothing_of_a_real_operation_is_taken_for_the_room(
    shared_data: Path, name: str, material: Material
) -> None:
    survey, signs, _ = _surveyed(shared_data / "surgical" / name)
    assert not any(stretch.is_plain for stretch in out_of_body(signs))
    assert material_of(survey) is material


@pytest.mark.slow
def test_a_trocar_between_two_stretches_of_tissue_is_no_room(shared_data: Path) -> None:
    tissue, trocar = (
        _surveyed(shared_data / "surgical" / name)[1]
        for name in ("VID43_303_and_VID42_395_a.mp4", "VID05_1858_and_VID08_1331_a.mp4")
    )
    (found,) = out_of_body(np.concatenate([tissue, trocar[:600], tissue]))
    assert not found.is_plain


def test_single_pictures_have_no_motion(shared_data: Path) -> None:
    survey, _, _ = _surveyed(shared_data / "ultrasound/orthanc-Issue19-ATL-burnedtext.dcm")
    assert moving_hull(survey.windows[0]) is None
    assert not sector_of(survey).moves
