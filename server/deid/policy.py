"""The policy: one readable file that says what becomes of a patient's traces, and by which version of it.

What a policy file may say is described in docs/policy.md; `policy_default.toml` beside this module is the
built-in one, and the file that an administrator copies.
"""

import hashlib
import json
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.deid.policy_lines import line_of
from server.deid.policy_table import PolicyError, PolicyTable
from server.deid.profile import Profile, read_profile
from server.errors import InvalidInputError

POLICY_FILE = "policy.toml"
KEPT = {
    "slide": (
        "width and height",
        "micrometres per pixel",
        "objective power",
        "colour transform of the ICC profile",
        "source format",
        "remarks on the scan",
    ),
    "video": (
        "width and height",
        "frame times",
        "pixel aspect ratio",
        "colour range and matrix",
        "calibration of ultrasound regions",
        "source format",
        "remarks on the picture",
        "what of a damaged source could not be had",
    ),
    "catalog": (
        "pseudonym of the patient",
        "day of the examination, shifted",
        "suffix and size of the file",
    ),
}
"""The technical values that travel, as the wings' canonical files and the catalog hold them."""
_BUILT_IN = Path(__file__).with_name("policy_default.toml")
_LARGEST_BYTES = 256 << 10
_PLACE = re.compile(r"\(at line (\d+),")


class UnknownProfileError(InvalidInputError):
    """A profile was asked for that the policy does not have."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy in force. digest: SHA-256 of its canonical form, in hexadecimal: of what it means, so that
    comments, order and spaces do not change it, and every rule does.
    """

    name: str
    version: str
    default_profile: str
    profiles: tuple[Profile, ...]

    @property
    def digest(self) -> str:
        stated = json.dumps(self.to_json(), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(stated.encode()).hexdigest()

    def profile(self, name: str | None = None) -> Profile:
        """The profile of that name; without one, the default. Raises UnknownProfileError."""
        wanted = self.default_profile if name is None else name
        for profile in self.profiles:
            if profile.name == wanted:
                return profile
        raise UnknownProfileError("The policy has no profile of this name.")

    def to_json(self) -> dict[str, Any]:
        """Everything that it means, in plain values."""
        return {
            "name": self.name,
            "version": self.version,
            "default_profile": self.default_profile,
            "kept": {place: list(names) for place, names in KEPT.items()},
            "profiles": {profile.name: profile.to_json() for profile in self.profiles},
        }


def built_in_text() -> str:
    """The built-in policy as the file that an administrator copies and edits."""
    return _BUILT_IN.read_text("utf-8")


def read_policy_text(path: Path | None) -> str:
    """The text of a policy file; of the built-in one without. Raises PolicyError."""
    if path is None:
        return built_in_text()
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise PolicyError(f"The policy file cannot be read: {error.strerror}.") from error
    if len(data) > _LARGEST_BYTES:
        raise PolicyError("The policy file is larger than any policy.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise PolicyError("The policy file is not UTF-8 text.") from error


def load_policy(path: Path | None) -> Policy:
    """The policy of a TOML file; the built-in one without.

    Raises PolicyError where the file cannot be read or says anything that is not understood.
    """
    return parse_policy(read_policy_text(path))


def policy_path(data: Path, named: Path | None) -> Path | None:
    """Where the policy of a data folder is: the file that a setting names, else DATA/policy.toml if there is
    something of that name; None for the built-in one.
    """
    beside = data / POLICY_FILE
    # A link that leads nowhere is something, too: that it cannot be read is said then.
    return named or (beside if os.path.lexists(beside) else None)


def find_policy(data: Path, named: Path | None) -> Policy:
    """The policy of a data folder. Raises PolicyError."""
    return load_policy(policy_path(data, named))


def parse_policy(text: str) -> Policy:
    """A policy from its TOML text. Raises PolicyError."""
    try:
        document = tomllib.loads(text)
    except RecursionError as error:
        raise PolicyError("The policy file is nested deeper than any policy.") from error
    except tomllib.TOMLDecodeError as error:
        # The parser's own text may quote the file. Without a place it means the end.
        place = _PLACE.search(str(error))
        where = place.group(1) if place else len(text.splitlines())
        raise PolicyError(f"The policy file is not valid TOML (line {where}).") from error
    try:
        return _read(PolicyTable(document))
    except PolicyError as error:
        line = line_of(text, error.keys)
        if line is None:
            raise
        raise PolicyError(f"{str(error).removesuffix('.')} (line {line}).", error.keys) from error


def _read(table: PolicyTable) -> Policy:
    name, version = table.text("name"), table.text("version")
    default_profile = table.text("default_profile", "standard")
    kept = table.table("kept")
    for place, names in KEPT.items():
        kept.exactly(place, names)
    kept.close()
    profiles = table.table("profile")
    found = tuple(read_profile(key, profiles.table(key)) for key in profiles.names())
    table.close()
    policy = Policy(name, version, default_profile, found)
    if default_profile not in {profile.name for profile in found}:
        raise table.refuse("default_profile", "names a profile that the policy does not have")
    return policy
