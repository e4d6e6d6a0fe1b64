"""A case and its assets, and the states that an asset goes through."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

DEFAULT_CASE = "Unsorted"


class AssetKind(StrEnum):
    """What an asset is. Of a file that was not looked into yet, nobody can tell."""

    UNKNOWN = "unknown"
    SLIDE = "slide"
    VIDEO = "video"
    """A clip or a loop."""


class State(StrEnum):
    """Where an asset is on its way from the scanner's file to the reader's screen."""

    QUARANTINED = "quarantined"
    """The sealed original is here; it waits for its conversion (or for somebody to start it again)."""
    CONVERTING = "converting"
    VERIFYING = "verifying"
    AWAITING_RELEASE = "awaiting_release"
    """Proved clean by the machine; a person has yet to say so."""
    RELEASED = "released"
    REFUSED = "refused"
    """Could not be converted or proved clean, or a person rejected it; the original stays in quarantine."""
    DISCARDED = "discarded"
    """Given up: original and canonical file are gone, the record of it stays."""


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.QUARANTINED: frozenset({State.CONVERTING, State.REFUSED, State.DISCARDED}),
    State.CONVERTING: frozenset({State.VERIFYING, State.AWAITING_RELEASE, State.QUARANTINED, State.REFUSED}),
    # Where text is still found in the result, it is made once more.
    State.VERIFYING: frozenset({State.CONVERTING, State.AWAITING_RELEASE, State.QUARANTINED, State.REFUSED}),
    State.AWAITING_RELEASE: frozenset({State.RELEASED, State.REFUSED, State.QUARANTINED, State.DISCARDED}),
    State.RELEASED: frozenset(),
    State.REFUSED: frozenset({State.QUARANTINED, State.DISCARDED}),
    State.DISCARDED: frozenset(),
}

CONVERTED = frozenset({State.AWAITING_RELEASE, State.RELEASED})
"""States in which the canonical file exists."""


@dataclass(frozen=True, slots=True)
class Case:
    """What belongs together: the slides and loops of one examination."""

    case_id: str
    name: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an asset is not further: a stable kind, one sentence, and the number that the log has too."""

    kind: str
    detail: str
    reference: str


@dataclass(frozen=True, slots=True)
class Asset:
    """One slide, loop or video. Sizes in level-0 or frame px, ``mpp`` in µm/px; None until converted.

    frame_count, duration_s: of a video only. profile: of the policy, by which it is (to be) scrubbed; None:
    the default one. subject, acquired_on: the patient's pseudonym, the day shifted as this patient's days
    are. review: what a reviewer added to the scrub ("added") and took back from it ("removed").
    signature_count: of valid signatures for its release.
    """

    asset_id: str
    case_id: str
    case_name: str
    kind: AssetKind
    state: State
    source_suffix: str
    source_bytes: int
    created_by: str
    created_at: str
    updated_at: str
    released_by: str | None
    released_at: str | None
    width_px: int | None
    height_px: int | None
    mpp: float | None
    objective_power: float | None
    frame_count: int | None
    duration_s: float | None
    canonical_bytes: int | None
    canonical_sha256: str | None
    report: Mapping[str, Any] | None
    problem: Problem | None
    quarantine_key: str | None
    """Names the sealed original; None when there is (or shall be) none any more."""
    annotation_revision: int
    annotation_count: int
    profile: str | None
    subject: str | None
    acquired_on: str | None
    review: Mapping[str, Any] | None
    signature_count: int
