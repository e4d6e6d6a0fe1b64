"""What a file that does not say it shows: an ultrasound loop, an endoscopy, or neither."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from video.overlay.out_of_body import LONGEST_SIDE_PX, is_inside_body, signs_of
from video.overlay.sector_hulls import sector_of
from video.overlay.sector_shapes import Bitmap, painted
from video.overlay.survey_model import Survey, Window
from video.scrub.rules import Material

_MOST_WINDOWS = 8
_MOST = 0.5
_VISIBLE = 24
_TINT = 40
_GREY = 0.75
_SURROUNDINGS = 0.05
_WRITTEN = 0.25
_SMALLEST_SECTOR = 0.1
_ROUND = 0.93
_GRAIN = 2.0
_GRAIN_SIGMA_PX = 1.5
_LIT = 24


def material_of(survey: Survey) -> Material:
    """ENDOSCOPY where most of the clip is plainly inside a body; ULTRASOUND where one grey shape moves on
    darkness; OTHER where neither is plain. Never AUTO.
    """
    windows = _some(survey)
    if _is_inside(windows):
        return Material.ENDOSCOPY
    if not _shows_echoes(windows):
        return Material.OTHER
    hulls = sector_of(Survey(survey.picture, survey.frame_count, windows)).hulls
    if not hulls:
        return Material.OTHER
    height, width = windows[0].median.shape[:2]
    sector = painted(hulls, width, height)
    around = sector == 0
    if float(sector.mean()) < _SMALLEST_SECTOR or float(around.mean()) < _SURROUNDINGS:
        return Material.OTHER
    if _is_round(sector):
        return Material.OTHER
    written = float(np.mean([(window.median.max(axis=2) > _VISIBLE)[around].mean() for window in windows]))
    return Material.ULTRASOUND if written <= _WRITTEN else Material.OTHER


def shows_echoes(survey: Survey) -> bool:
    """Whether all there is to see is grey, with an echo's speckle: also loops that were cropped until they
    fill the frame, of which no shape on darkness tells that they are ultrasound."""
    windows = _some(survey)
    return not _is_inside(windows) and _shows_echoes(windows)


def _some(survey: Survey) -> tuple[Window, ...]:
    return survey.windows[:: max(1, -(-len(survey.windows) // _MOST_WINDOWS))]


def _is_inside(windows: Sequence[Window]) -> bool:
    inside = [is_inside_body(signs_of(_small(window.median))) for window in windows]
    return float(np.mean(inside)) >= _MOST


def _shows_echoes(windows: Sequence[Window]) -> bool:
    return float(np.mean([_is_grey(window.median) for window in windows])) >= _MOST and _has_grain(windows)


def _has_grain(windows: Sequence[Window]) -> bool:
    """Whether what is lit has an echo's speckle: of drawings and test patterns the larger part is smooth.

    In the containers at hand the upper quartile of the difference from the blurred picture is 3 to 7 grey
    levels of ultrasound, 0 to 1 of patterns.
    """
    found = []
    for window in windows:
        grey = cv2.cvtColor(np.ascontiguousarray(window.samples[0][1]), cv2.COLOR_RGB2GRAY).astype(np.float32)
        fine = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), _GRAIN_SIGMA_PX))[grey > _LIT]
        found.append(float(np.percentile(fine, 75)) if fine.size else 0.0)
    return float(np.mean(found)) >= _GRAIN


def _is_round(sector: Bitmap) -> bool:
    """Whether it fills a circle, as far as that lies within the frame: the field of an endoscope."""
    outlines, _ = cv2.findContours(sector, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    (x, y), radius = cv2.minEnclosingCircle(np.concatenate(outlines))
    circle = np.zeros_like(sector)
    cv2.circle(circle, (round(x), round(y)), round(radius), 1, -1)
    return bool(np.count_nonzero(sector) >= _ROUND * np.count_nonzero(circle))


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    scale = min(1.0, LONGEST_SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _is_grey(picture: NDArray[np.uint8]) -> bool:
    """Whether nearly all that is visible is grey, but for a tint, banners and a colour Doppler's box."""
    brightest = picture.max(axis=2)
    visible = brightest > _VISIBLE
    if not visible.any():
        return True
    grey = brightest - picture.min(axis=2) <= _TINT
    return float(grey[visible].mean()) >= _GREY
