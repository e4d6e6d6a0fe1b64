"""``slidereel ingest``"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server import catalog, jobs
from server.accounts import Doer
from server.ambient import real_ambient
from server.catalog import Asset, AssetKind, Problem, State
from server.cli.opening import open_database
from server.cli.progress import ProgressLine
from server.deid.quarantine import kept_suffix
from server.errors import InvalidInputError, ServerError
from server.ingest.convert_job import Watch, run_job
from server.ingest.gathering import Pack, gather
from server.ingest.intake import Intake
from server.ingest.reception import Arrival, Terms
from server.ingest.recovery import recover

BY = Doer(None, "command line", "command line")
EXIT_REFUSED = 1
EXIT_USAGE = 2
FOLLOW_EVERY_S = 0.5
PROBLEM_PREFIX = "/problems/"
STAGES = {
    "looking": "looking for text and people",
    "converting": "converting",
    "verifying": "proving it clean",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A file to take in, and how to speak of it without its name: its place on the command line."""

    slide: Path | Pack
    label: str
    position: int


def register(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "ingest",
        help="take slides, loops and videos in: seal, convert, prove clean",
        description="Take slides, ultrasound loops and videos into the data folder. The original is sealed, "
        "a clean canonical file is made and proved; it then awaits its release. Nothing printed or stored "
        "has a file's name.",
    )
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="a file, or a folder of them; a folder's DICOM slide files of one series are one slide",
    )
    parser.add_argument(
        "--case", metavar="C", help=f"the case they belong to (default {catalog.DEFAULT_CASE})"
    )
    parser.add_argument(
        "--profile",
        metavar="P",
        help="the policy's profile to scrub by (default: the policy's own; see `slidereel policy profiles`)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON line a file on standard output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Take in every path; 1 if any was refused, 2 if one does not exist (then nothing is taken in)."""
    ambient = real_ambient()
    if missing := [number for number, path in enumerate(args.paths, start=1) if not path.exists()]:
        for number in missing:
            _print_error(f"Path {number} does not exist.", ambient.random_bytes(4).hex())
        return EXIT_USAGE
    sources = list(_sources(args.paths))
    case_name = catalog.checked_case_name(args.case)
    progress = ProgressLine()
    refused = 0
    with open_database(args.settings) as database:
        intake = Intake(args.settings, ambient, database)
        terms = intake.terms(case_name, args.profile)
        recover(intake)
        with jobs.Owner(intake.owners_dir, ambient) as owner:
            for source in sources:
                line = _ingest(intake, owner, source, terms, progress)
                progress.clear()
                refused += line["problem"] is not None
                _print_line(line, source, as_json=args.json)
    return EXIT_REFUSED if refused else 0


def _sources(paths: Iterable[Path]) -> Iterator[Source]:
    """The slides behind the arguments: a folder stands for those in it, in order."""
    position = 0
    for number, path in enumerate(paths, start=1):
        label = f"Path {number}"
        try:
            gathered = gather(path)
        except OSError as error:
            raise InvalidInputError(f"{label} cannot be read: {error.strerror}.") from error
        if not gathered.slides:
            raise InvalidInputError(f"{label} is a folder without slides, loops or videos.")
        if gathered.skipped:
            files = (
                "1 file is no slide" if gathered.skipped == 1 else f"{gathered.skipped} files are no slides"
            )
            sys.stderr.write(f"slidereel: {label}: {files} and left out.\n")
        for count, slide in enumerate(gathered.slides, start=1):
            position += 1
            place = f"{label}, slide {count} of {len(gathered.slides)}" if path.is_dir() else label
            yield Source(slide, place, position)


def _ingest(
    intake: Intake, owner: jobs.Owner, source: Source, terms: Terms, progress: ProgressLine
) -> dict[str, Any]:
    """One file, from path to result. Whatever is wrong with it becomes its result; the next one follows."""
    kind = AssetKind.UNKNOWN
    try:
        arrival = _take(
            intake,
            owner,
            source,
            terms,
            lambda done, total: progress.update(f"{source.label}: sealing", done, total),
        )
        asset = run_job(intake, arrival.job, watch=watching(progress, source.label))
        asset = follow_job(intake, arrival, asset, source.label, progress)
    except ServerError as error:
        problem = Problem(error.kind, str(error), intake.reference())
        return _line(None, kind, None, source, problem)
    return _line(asset.asset_id, asset.kind, asset.state, source, asset.problem)


def _take(
    intake: Intake,
    owner: jobs.Owner,
    source: Source,
    terms: Terms,
    progress: Callable[[int, int], None],
) -> Arrival:
    case, profile, owner_id = terms.case_name, terms.profile, owner.owner_id
    if isinstance(source.slide, Pack):
        return intake.take_pack(source.slide, case, BY, profile=profile, owner_id=owner_id, progress=progress)
    return intake.take_file(source.slide, case, BY, profile=profile, owner_id=owner_id, progress=progress)


def watching(progress: ProgressLine, label: str) -> Watch:
    """Shows a conversion's stages as they go."""
    return lambda stage, done, total: progress.update(f"{label}: {STAGES.get(stage, stage)}", done, total)


def follow_job(intake: Intake, arrival: Arrival, asset: Asset, label: str, progress: ProgressLine) -> Asset:
    """If another process took the job over (this one had been asleep), wait for its result."""
    while True:
        job = intake.database.read_now(lambda c: jobs.latest_jobs(c, [arrival.asset_id])).get(
            arrival.asset_id
        )
        if job is None:
            return intake.asset(asset.asset_id)
        progress.update(f"{label}: {job.stage or 'waiting'}", job.done_units, job.total_units)
        time.sleep(FOLLOW_EVERY_S)


def _suffix(slide: Path | Pack) -> str:
    return slide.suffix if isinstance(slide, Pack) else kept_suffix(slide.name)


def _line(
    asset_id: str | None, kind: str, state: State | None, source: Source, problem: Problem | None
) -> dict[str, Any]:
    return {
        "asset_id": asset_id,
        "kind": kind,
        "state": state or State.REFUSED,
        "source_name_redacted": "•••" + _suffix(source.slide),
        "position": source.position,
        "problem": problem
        and {
            "type": PROBLEM_PREFIX + problem.kind,
            "detail": problem.detail,
            "reference": problem.reference,
        },
    }


def _print_line(line: dict[str, Any], source: Source, *, as_json: bool) -> None:
    problem = line["problem"]
    if as_json:
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    elif problem is None:
        sys.stdout.write(f"{source.label}: {line['asset_id']} {line['state']}\n")
    if problem is not None:
        _print_error(
            f"{source.label} ({line['source_name_redacted']}): {problem['detail']}", problem["reference"]
        )
    sys.stdout.flush()


def _print_error(sentence: str, reference: str) -> None:
    sys.stderr.write(f"slidereel: {sentence} (reference {reference})\n")
