"""What the commands of both scrubs say and read alike."""

import sys
from collections.abc import Sequence
from typing import Any

from ground.finding import Box

NOT_PROVED = 1
"""The exit code where nothing was written, or nothing of it proved."""


def box(text: str) -> Box:
    """From "x0,y0,x1,y1". Raises ValueError."""
    sides = [int(side) for side in text.split(",")]
    if len(sides) != 4 or sides[0] >= sides[2] or sides[1] >= sides[3]:
        raise ValueError(text)
    return Box(*sides)


def found_at(finding: dict[str, Any]) -> str:
    """A finding, as `Finding.to_json` has it, in a line: what became of it, why, and where."""
    done = "masked" if finding["is_masked"] else "shown"
    place = f"{finding['x0']},{finding['y0']} to {finding['x1']},{finding['y1']}"
    return f"{done:<8}{finding['reason']} at {place}"


def say(lines: Sequence[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


def say_places(places: Sequence[dict[str, Any]]) -> None:
    """What becomes of each place of a source: action, byte_count, place."""
    say([f"{place['action']:<8}{place['byte_count']:>14,}  {place['place']}" for place in places])


def refuse(sentence: str) -> int:
    """Say why not. Returns the exit code."""
    sys.stderr.write(f"not scrubbed: {sentence}\n")
    return NOT_PROVED
