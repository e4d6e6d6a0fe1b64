"""What a scrub of a clip or loop is asked to do; a policy's words, for this wing."""

from dataclasses import dataclass
from enum import StrEnum


class Material(StrEnum):
    """What is in the picture."""

    AUTO = "auto"
    """By the source: DICOM ultrasound is; of other files, what they look like."""
    ULTRASOUND = "ultrasound"
    ENDOSCOPY = "endoscopy"
    OTHER = "other"


class OutOfBody(StrEnum):
    """What becomes of stretches that show the room."""

    BLANK = "blank"
    SHOW = "show"
    """Only to the reviewer."""
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class ScrubRules:
    """outside_regions, outside_sector: of ultrasound, blank what is beyond. text: blank text anywhere.

    keep_rulers, keep_colour_bars: depth scales and colour bars beyond the sector stay, without their text.
    """

    material: Material = Material.AUTO
    outside_regions: bool = True
    outside_sector: bool = True
    text: bool = True
    keep_rulers: bool = False
    keep_colour_bars: bool = False
    out_of_body: OutOfBody = OutOfBody.BLANK
