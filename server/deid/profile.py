"""A profile: what one scrub is asked to do, and who must agree to its result."""

import re
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from server.deid.policy_table import PolicyError, PolicyTable
from tiling.scrub.rules import ScrubRules as SlideRules
from video.scrub.rules import ScrubRules as VideoRules

PROFILE_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
MOST_SIGNATURES = 2
Rules = TypeVar("Rules", VideoRules, SlideRules)


class Originals(StrEnum):
    """What becomes of the sealed original once its asset is released."""

    DESTROY = "destroy"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Profile:
    """What is not said in a policy file is as here, and as in the built-in "standard".

    signatures: how many different people must sign before an asset is released. keep_days: after so many days
    from the release an original that was kept is destroyed; None: it is kept for good.
    """

    name: str
    description: str
    video: VideoRules = field(default_factory=VideoRules)
    slide: SlideRules = field(default_factory=SlideRules)
    signatures: int = 1
    originals: Originals = Originals.DESTROY
    keep_days: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Every rule in force, in plain values."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        if self.keep_days is None:
            # A policy that does not speak of it has the digest that it had before it could.
            del plain["keep_days"]
        return plain


def read_profile(name: str, table: PolicyTable) -> Profile:
    """A profile from its table in a policy file. Raises PolicyError."""
    if not PROFILE_NAME.fullmatch(name):
        raise PolicyError(
            "The name of a profile is a word of at most 40 lower-case letters, digits and hyphens "
            "that begins with a letter; one of the policy's is not.",
            ("profile", name),
        )
    profile = Profile(
        name=name,
        description=table.text("description"),
        video=_read_rules(table.table("video"), VideoRules()),
        slide=_read_rules(table.table("slide"), SlideRules()),
        signatures=table.number("signatures", range(1, MOST_SIGNATURES + 1), default=1),
        originals=table.choice("originals", Originals.DESTROY),
        keep_days=table.days("keep_days"),
    )
    if profile.keep_days is not None and profile.originals is not Originals.KEEP:
        raise table.refuse("keep_days", 'has no effect without originals = "keep"')
    table.close()
    return profile


def _read_rules(table: PolicyTable, standard: Rules) -> Rules:
    """A wing's rules, each of which is true or false or one of a few words; as in `standard` unless said."""
    said: dict[str, Any] = {}
    for name in (rule.name for rule in fields(standard)):
        usual = getattr(standard, name)
        said[name] = table.flag(name, default=usual) if isinstance(usual, bool) else table.choice(name, usual)
    table.close()
    return replace(standard, **said)
