"""Scrub a clip or loop from a shell, without the server: ``python -m video.scrub SOURCE OUTPUT_DIR``.

SOURCE is a clip or loop of any kind that is read. Into OUTPUT_DIR, which is new or empty, go video.mp4,
frames.bin, thumbnails.bin and video.json. The exit code is 0 only if the source was understood and the result
was proved; otherwise there is one sentence, and no file.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from ground.command import box, found_at, refuse, say, say_places
from ground.picture_text import TextFinder, TextFinderError
from ground.source import ByteSource, FileSource
from video.convert import GOPS, convert, stated_places
from video.errors import VideoError
from video.open_video import open_video
from video.scrub.course import Course
from video.scrub.rules import Material, OutOfBody, ScrubRules
from video.scrub.scrub import Scrub

_LARGEST_PROFILE_BYTES = 2**16


def main(arguments: Sequence[str] | None = None, finder: TextFinder | None = None) -> int:
    """Returns the exit code. finder: instead of the detector that comes with the program."""
    parser = argparse.ArgumentParser(prog="python -m video.scrub", description=__doc__.split("\n")[0])
    parser.add_argument("source", type=Path, help="a clip or loop")
    parser.add_argument("output_dir", type=Path, nargs="?", help="a new or empty folder for the result")
    parser.add_argument("--plan", action="store_true", help="only say what would become of each place")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--profile-json", type=Path, metavar="FILE", help="rules other than the default ones")
    parser.add_argument(
        "--mask", type=box, action="append", default=[], metavar="X0,Y0,X1,Y1", help="blank this, frame px"
    )
    parser.add_argument("--gop", type=int, choices=GOPS, default=1, help="frames from key frame to key frame")
    parser.add_argument("--workers", type=int, default=2)
    stated = parser.parse_args(arguments)
    if stated.output_dir is None and not stated.plan:
        parser.error("OUTPUT_DIR is missing")
    try:
        rules = ScrubRules() if stated.profile_json is None else read_rules(stated.profile_json)
        with FileSource(stated.source) as source:
            return _run(stated, source, rules, finder or _finder(rules, stated.workers))
    except (VideoError, TextFinderError, ValueError) as error:
        # Their texts carry nothing of the source.
        return refuse(str(error))
    except OSError as error:
        return refuse(f"a file cannot be read or written: {error.strerror}")


def read_rules(path: Path) -> ScrubRules:
    """Of a JSON object with any of the rules' names: {"material": "ultrasound", "keep_rulers": true}.

    Raises ValueError with a sentence; OSError.
    """
    with path.open("rb") as file:
        data = file.read(_LARGEST_PROFILE_BYTES)
    try:
        stated = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError("the profile is no JSON") from error
    defaults = ScrubRules()
    known = {field.name: type(getattr(defaults, field.name)) for field in fields(ScrubRules)}
    if not isinstance(stated, dict) or not stated.keys() <= known.keys():
        raise ValueError(f"a profile has these keys and no other: {', '.join(known)}")
    try:
        return ScrubRules(**{name: _rule(known[name], value) for name, value in stated.items()})
    except ValueError as error:
        raise ValueError(
            f"a profile's switches are true or false, its material is one of {', '.join(Material)}, "
            f"its out_of_body one of {', '.join(OutOfBody)}"
        ) from error


def _rule(kind: type[Any], value: object) -> Any:
    if kind is bool and not isinstance(value, bool):
        raise ValueError(value)
    return kind(value)


def _run(stated: argparse.Namespace, source: ByteSource, rules: ScrubRules, finder: TextFinder | None) -> int:
    if stated.plan:
        video = open_video(source)
        course = Course(lambda _done, _total: None, lambda: False, stated.workers)
        planned = Scrub(rules, finder, stated.mask).look(video, course)
        # Only now: some places are known once every frame was read.
        said: dict[str, Any] = {
            "places": stated_places(video.places()),
            "scrub": planned.to_json(),
            "remarks": list(video.remarks),
            "losses": list(video.losses),
        }
    else:
        said = _convert(stated, source, rules, finder)
    if stated.json:
        say([json.dumps(said, indent=1)])
        return 0
    if not stated.plan:
        frames = said["proof"]["frames"]
        say([f"proved: {frames['frames_compared']} frames, {frames['frames_masked']} of them masked"])
        looked, recognised = (said["scrub"][f"windows_{what}"] for what in ("looked_at", "recognised"))
        say([f"text was looked for in {looked} stretches; {recognised} show what was looked at"])
    say_places(said["places"])
    _say_scrub(said["scrub"])
    say([*said["remarks"], *said["losses"]])
    return 0


def _convert(
    stated: argparse.Namespace, source: ByteSource, rules: ScrubRules, finder: TextFinder | None
) -> dict[str, Any]:
    """Into the output folder, which is gone again if it was made in vain."""
    is_new = not stated.output_dir.exists()
    stated.output_dir.mkdir(parents=True, exist_ok=True)
    try:
        report = convert(
            source,
            stated.output_dir,
            progress=lambda _stage, _done, _total: None,
            cancelled=lambda: False,
            workers=stated.workers,
            forbidden=[stated.source.name, stated.source.stem],
            gop=stated.gop,
            rules=rules,
            finder=finder,
            added=stated.mask,
        )
    except BaseException:
        if is_new:
            stated.output_dir.rmdir()
        raise
    return report.to_json()


def _finder(rules: ScrubRules, threads: int) -> TextFinder | None:
    if not rules.text:
        return None
    # The engine takes a second to load; a scrub that looks for no text does without.
    from ground.ppocr import open_text_finder  # noqa: PLC0415

    return open_text_finder(threads=threads)


def _say_scrub(scrub: dict[str, Any]) -> None:
    say([f"material: {scrub['material']}; text is looked for by: {scrub['detector']}"])
    for polygon in scrub["kept"] or ():
        say(["kept is what lies within " + " ".join(f"{x},{y}" for x, y in polygon)])
    for found in scrub["findings"]:
        frames = "all frames"
        if found["first_frame"] is not None or found["last_frame"] is not None:
            frames = f"frames {found['first_frame'] or 0} to {found['last_frame'] or 'the last'}"
        say([f"{found_at(found)} in {frames}"])


if __name__ == "__main__":
    sys.exit(main())
