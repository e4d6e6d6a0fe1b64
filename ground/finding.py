"""What a scrub found in the pictures of a source, and what a person has to see of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Reason(StrEnum):
    """Why a place was taken for one where a patient may show."""

    OUTSIDE_REGIONS = "outside_regions"
    """Beyond the ultrasound regions that the file declares."""
    OUTSIDE_SECTOR = "outside_sector"
    """Beyond the part of the picture that moves."""
    TEXT = "text"
    OUT_OF_BODY = "out_of_body"
    """Frames that show the room and the people in it."""
    LABEL = "label"
    """The label of a slide in the picture of the whole glass."""
    REVIEWER = "reviewer"
    """Somebody drew it."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; x1 and y1 beyond the last column and row.

    first_frame, last_frame: in which frames, both included; None: from the first, to the last.
    """

    x0: int
    y0: int
    x1: int
    y1: int
    first_frame: int | None = None
    last_frame: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One place. Holds no text that was read there.

    space : what the box counts: pixels of the asset ("asset": frame px, or level-0 px of a slide), or of
        the source's picture of the whole glass ("macro").
    score : how sure the detector was, 0 to 1; None where nothing was measured.
    """

    reason: Reason
    box: Box
    is_masked: bool
    score: float | None = None
    space: str = "asset"

    def to_json(self) -> dict[str, Any]:
        box = self.box
        return {
            "reason": self.reason.value,
            "x0": box.x0,
            "y0": box.y0,
            "x1": box.x1,
            "y1": box.y1,
            "first_frame": box.first_frame,
            "last_frame": box.last_frame,
            "is_masked": self.is_masked,
            "score": None if self.score is None else round(self.score, 3),
            "space": self.space,
        }


@dataclass(frozen=True, slots=True)
class ReviewPicture:
    """A picture of the source as it was, for the person who decides. It may show the patient: it is only
    ever written encrypted.

    name : "minimum", "maximum", "median", "frame-120", "thumbnail", "macro", …: ASCII, lower case, no space.
    rgb : (h, w, 3) uint8.
    frame : the frame that it is; None where it is of many, or of a slide.
    scale : pixels of its space per pixel of the picture.
    """

    name: str
    rgb: NDArray[np.uint8]
    frame: int | None = None
    scale: float = 1.0
    space: str = "asset"

    def to_json(self) -> dict[str, Any]:
        """All but the pixels."""
        return {
            "name": self.name,
            "frame": self.frame,
            "width_px": self.rgb.shape[1],
            "height_px": self.rgb.shape[0],
            "scale": self.scale,
            "space": self.space,
        }
