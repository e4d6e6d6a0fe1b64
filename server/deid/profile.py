"""A profile: what one scrub is asked to do, and who must agree to its result."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from server.deid.policy_table import PolicyError, PolicyTable
from tiling.scrub.rules import ScrubRules as SlideRules
from video.scrub.rules import ScrubRules as VideoRules

PROFILE_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
MOST_SIGNATURES = 2


class Originals(StrEnum):
    """What becomes of the sealed original once its asset is released."""

    DESTROY = "destroy"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Profile:
    """What is not said in a policy file is as here, and as in the built-in "standard".

    signatures: how many different people must sign before an asset is released.
    """

    name: str
    description: str
    video: VideoRules = field(default_factory=VideoRules)
    slide: SlideRules = field(default_factory=SlideRules)
    signatures: int = 1
    originals: Originals = Originals.DESTROY

    def to_json(self) -> dict[str, Any]:
        """Every rule in force, in plain values."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def read_profile(name: str, table: PolicyTable) -> Profile:
    """A profile from its table in a policy file. Raises PolicyError."""
    if not PROFILE_NAME.fullmatch(name):
        raise PolicyError(
            "The name of a profile is a word of at most 40 lower-case letters, digits and hyphens "
            "that begins with a letter; one of the policy's is not."
        )
    profile = Profile(
        name=name,
        description=table.text("description"),
        video=_read_video(table.table("video")),
        slide=_read_slide(table.table("slide")),
        signatures=table.number("signatures", range(1, MOST_SIGNATURES + 1), default=1),
        originals=table.choice("originals", Originals.DESTROY),
    )
    table.close()
    return profile


def _read_video(table: PolicyTable) -> VideoRules:
    standard = VideoRules()
    rules = VideoRules(
        material=table.choice("material", standard.material),
        outside_regions=table.flag("outside_regions", default=standard.outside_regions),
        outside_sector=table.flag("outside_sector", default=standard.outside_sector),
        text=table.flag("text", default=standard.text),
        keep_rulers=table.flag("keep_rulers", default=standard.keep_rulers),
        keep_colour_bars=table.flag("keep_colour_bars", default=standard.keep_colour_bars),
        out_of_body=table.choice("out_of_body", standard.out_of_body),
    )
    table.close()
    return rules


def _read_slide(table: PolicyTable) -> SlideRules:
    standard = SlideRules()
    rules = SlideRules(
        macro=table.choice("macro", standard.macro),
        text=table.choice("text", standard.text),
    )
    table.close()
    return rules
