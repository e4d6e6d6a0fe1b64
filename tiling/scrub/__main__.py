"""Scrub a slide from a shell, without the server: ``python -m tiling.scrub SOURCE OUTPUT_DIR``.

SOURCE is a slide of any kind that is read, or a folder whose files are one slide. Into OUTPUT_DIR, which is
new or empty, go slide.tif, served.bin, served.json and, where it may be kept, macro.jpg. The exit code is 0
only if the source was understood and the result was proved; otherwise there is one sentence, and no file.
"""

import argparse
import json
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ground.command import box, found_at, refuse, say, say_places
from ground.picture_text import TextFinder, TextFinderError
from ground.source import ByteSource, FileSource
from tiling.convert import convert
from tiling.errors import TilingError
from tiling.limits import Limits
from tiling.open_slide import open_slide
from tiling.scratch import Scratch
from tiling.scrub.plan import ScrubPlan, plan, with_writing
from tiling.scrub.rules import MacroRule, ScrubRules, TextRule

_SCRATCH_BYTES = 2**40


def main(arguments: Sequence[str] | None = None, finder: TextFinder | None = None) -> int:
    """Returns the exit code. finder: instead of the detector that comes with the program."""
    parser = argparse.ArgumentParser(prog="python -m tiling.scrub", description=__doc__.split("\n")[0])
    parser.add_argument("source", type=Path, help="a slide, or a folder whose files are one slide")
    parser.add_argument("output_dir", type=Path, nargs="?", help="a new or empty folder for the result")
    parser.add_argument("--plan", action="store_true", help="only say what would become of each place")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--macro", type=MacroRule, choices=list(MacroRule), default=MacroRule.OUTSIDE_LABEL)
    parser.add_argument("--text", type=TextRule, choices=list(TextRule), default=TextRule.SHOW)
    parser.add_argument(
        "--mask", type=box, action="append", default=[], metavar="X0,Y0,X1,Y1", help="blank this, level-0 px"
    )
    parser.add_argument("--workers", type=int, default=2)
    stated = parser.parse_args(arguments)
    if stated.output_dir is None and not stated.plan:
        parser.error("OUTPUT_DIR is missing")
    rules = ScrubRules(macro=stated.macro, text=stated.text)
    try:
        return _run(stated, rules, finder or _finder(rules))
    except (TilingError, TextFinderError) as error:
        # Their texts carry nothing of the source.
        return refuse(str(error))
    except OSError as error:
        return refuse(f"a file cannot be read or written: {error.strerror}")


def _run(stated: argparse.Namespace, rules: ScrubRules, finder: TextFinder | None) -> int:
    with (
        _opened(stated.source) as source,
        tempfile.TemporaryDirectory(prefix="slidereel-") as room,
        Scratch(Path(room), _SCRATCH_BYTES) as scratch,
    ):
        if stated.plan:
            slide = open_slide(source, Limits(), scratch)
            begun = plan(slide, rules, finder, added=stated.mask)
            _say_plan(with_writing(begun, slide, rules, finder), as_json=stated.json)
            return 0
        report = _convert(stated, source, rules, finder, scratch)
    if stated.json:
        say([json.dumps(report, indent=1)])
    else:
        tiles = report["proof"]["tiles"]
        masked = f", {tiles['masked']} masked" if tiles["masked"] else ""
        say([f"proved: {tiles['tiles']} tiles, {report['l0_encoding']}{masked}"])
        _say_findings(report["scrub"]["findings"])
        say(report["remarks"])
    return 0


def _convert(
    stated: argparse.Namespace,
    source: ByteSource,
    rules: ScrubRules,
    finder: TextFinder | None,
    scratch: Scratch,
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
            scratch=scratch,
            rules=rules,
            finder=finder,
            added=stated.mask,
        )
    except BaseException:
        if is_new:
            stated.output_dir.rmdir()
        raise
    return report.to_json()


@contextmanager
def _opened(path: Path) -> Iterator[ByteSource]:
    if not path.is_dir():
        with FileSource(path) as source:
            yield source
        return
    with tempfile.NamedTemporaryFile(prefix="slidereel-") as packed:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            for file in sorted(path.rglob("*")):
                if file.is_file() and not file.is_symlink():
                    archive.write(file, str(file.relative_to(path)))
        packed.flush()
        with FileSource(Path(packed.name)) as source:
            yield source


def _finder(rules: ScrubRules) -> TextFinder | None:
    if rules.text is TextRule.IGNORE and rules.macro is MacroRule.DROP:
        return None
    # The engine takes a second to load; a plan that looks at no picture does without.
    from ground.ppocr import open_text_finder  # noqa: PLC0415

    return open_text_finder()


def _say_plan(planned: ScrubPlan, *, as_json: bool) -> None:
    places = [
        {"place": place.name, "action": place.action.value, "byte_count": place.byte_count}
        for place in planned.places
    ]
    if as_json:
        stated = {"places": places, "scrub": planned.to_json(), "remarks": list(planned.remarks)}
        say([json.dumps(stated, indent=1)])
        return
    say_places(places)
    _say_findings(planned.to_json()["findings"])
    say([*planned.remarks, "Writing on the glass is looked for while the slide is converted."])


def _say_findings(findings: Sequence[dict[str, Any]]) -> None:
    say([f"{found_at(found)} of the {found['space']}" for found in findings])


if __name__ == "__main__":
    sys.exit(main())
