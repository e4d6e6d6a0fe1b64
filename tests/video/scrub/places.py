"""What must not be in a result, in any of the ways in which it could be written down."""

import base64
from collections.abc import Iterable
from pathlib import Path

from tests.video.clip_writing import BytesSource
from video.convert import VideoReport, convert
from video.scrub.rules import ScrubRules


def disguises(word: str) -> set[bytes]:
    """Lower case. Of base64 the middle, which is the same wherever in a longer text the word begins."""
    plain = word.lower().encode()
    found = {plain, plain[::-1], plain.hex().encode(), word.lower().encode("utf-16-le")}
    found.add(word.lower().encode("utf-16-be"))
    for start in range(3):
        coded = base64.b64encode(b"x" * start + word.encode())
        found.add(coded[4:-4].lower())
    return {one for one in found if len(one) >= 6}


def scrubbed(data: bytes, directory: Path) -> tuple[VideoReport, bytes]:
    """The report, and every byte that was written, report included, in lower case."""
    report = convert(
        BytesSource(data),
        directory,
        progress=lambda stage, done, total: None,
        cancelled=lambda: False,
        rules=ScrubRules(text=False),
    )
    files = b"".join(path.name.encode() + path.read_bytes() for path in sorted(directory.iterdir()))
    return report, (files + repr(report).encode()).lower()


def found_in(result: bytes, words: Iterable[str]) -> list[str]:
    return [word for word in words if any(disguise in result for disguise in disguises(word))]
