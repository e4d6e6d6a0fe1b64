"""What the server tells the process that converts, and what it hears back: JSON lines.

The plan goes through standard input, because a command line can be read by everybody on the machine and this
one holds the original's key.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from ground.finding import Box
from tiling.scrub.rules import ScrubRules as SlideRules
from video.scrub.rules import ScrubRules as VideoRules

Kind: TypeAlias = Literal["unknown", "slide", "video"]
"""The values of ``catalog.AssetKind``, without the database that comes with it."""


class Plan(msgspec.Struct, frozen=True):
    """One conversion."""

    sealed_path: str
    sealed_name: str
    plain_bytes: int
    data_key: bytes
    output_dir: str
    scratch_dir: str
    """Room for plain copies, where a library wants a file; not part of the output."""
    forbidden: tuple[str, ...]
    """What the verification must not find in the output, beyond what it finds in the file itself."""
    workers: int
    memory_bytes: int
    scratch_bytes: int
    """The most that the plain copies may take together."""
    reserve_bytes: int
    """What they leave free on the disk."""
    file_bytes: int
    """The largest file that may be written."""
    cpu_s: int
    largest_ratio: float
    """Of a slide's result's bytes to those of the source's level 0."""
    video_gop: int
    """Of how many frames of a video one is a key frame."""
    parent_pid: int
    slide_rules: SlideRules
    video_rules: VideoRules
    added: tuple[Box, ...]
    """What a reviewer wants masked in any case: level-0 or frame px."""
    removed: tuple[Box, ...]
    """Where a reviewer has seen that a finding is none."""
    pseudonym_key: bytes
    """Makes of a patient's identity a digest; whoever has it can name nobody."""
    review_path: str
    """Where the pictures for the reviewer go, sealed with the original's key."""


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """``done`` of ``total`` units of a stage: tiles or frames. ``total`` 0: nobody knows yet."""

    stage: str
    done: int
    total: int
    kind: Kind = "unknown"


class Converted(msgspec.Struct, frozen=True, tag="converted"):
    """The output folder holds a canonical asset that was proved.

    subject_digest: of the patient, where the source names one. acquired_on: the day of the examination
    (ISO 8601) as the source has it, to be shifted before anybody sees it.
    """

    kind: Kind
    report: Mapping[str, Any]
    subject_digest: str | None = None
    acquired_on: str | None = None

    def __repr__(self) -> str:
        return f"Converted({self.kind!r})"


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The file cannot become an asset; ``detail`` is a sentence for people."""

    kind: str
    detail: str


class NoSpace(msgspec.Struct, frozen=True, tag="no-space"):
    """The disk filled up."""


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Something that nobody expected; the type and the place, never the text."""

    error: str
    place: str


class Killed(msgspec.Struct, frozen=True, tag="killed"):
    """The process ended without a word, by this signal (or, if 0, otherwise)."""

    signal: int


class Stopped(msgspec.Struct, frozen=True, tag="stopped"):
    """We stopped it ourselves: ``cancelled``, ``time``, ``stall`` or ``shutdown``."""

    reason: str


Message = Progress | Converted | Refused | NoSpace | Failed
Outcome = Converted | Refused | NoSpace | Failed | Killed | Stopped
