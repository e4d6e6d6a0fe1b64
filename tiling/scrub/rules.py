"""What a scrub of a slide is asked to do; a policy's words, for this wing."""

from dataclasses import dataclass
from enum import StrEnum


class MacroRule(StrEnum):
    """What becomes of the picture of the whole glass."""

    OUTSIDE_LABEL = "outside_label"
    """Kept as far as it shows no label; where that is in doubt, dropped."""
    DROP = "drop"


class TextRule(StrEnum):
    """What becomes of writing on the glass: pen, or what is printed into the picture."""

    SHOW = "show"
    """To the reviewer, who decides."""
    MASK = "mask"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class ScrubRules:
    macro: MacroRule = MacroRule.OUTSIDE_LABEL
    text: TextRule = TextRule.SHOW
