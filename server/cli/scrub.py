"""``slidereel scrub`` and ``slidereel reject``: what a reviewer decides, from the command line."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from ground.finding import Box
from server import jobs
from server.ambient import real_ambient
from server.cli.ingest import BY, follow_job, watching
from server.cli.opening import open_existing_database
from server.cli.progress import ProgressLine
from server.errors import ServerError
from server.ingest.convert_job import run_job
from server.ingest.intake import Intake
from server.ingest.recovery import recover
from server.ingest.review import REASONS

EXIT_REFUSED = 1
BOX = "x0,y0,x1,y1[,first,last]"
BOX_HELP = (
    "in pixels of the frame or of the slide's full size, x1 and y1 beyond the last column and row, in the "
    "frames first to last (all, unless said); may be given several times"
)


def register(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the commands."""
    scrub = subparsers.add_parser(
        "scrub",
        help="convert an asset again: with another profile, with boxes added or taken back",
        description="Convert an asset that is not released again, from its original in quarantine. Boxes "
        "replace those that were given before; signatures that were given are void.",
    )
    scrub.add_argument("asset_id", metavar="ASSET_ID")
    scrub.add_argument(
        "--profile", metavar="P", help="the policy's profile to scrub by (default: the one it had)"
    )
    scrub.add_argument(
        "--add", type=_box, action="append", default=[], metavar=BOX, help=f"mask this box, too: {BOX_HELP}"
    )
    scrub.add_argument(
        "--remove",
        type=_box,
        action="append",
        default=[],
        metavar=BOX,
        help=f"what was found in this box is no text, leave it as it is: {BOX_HELP}",
    )
    scrub.set_defaults(run=run_scrub)
    reject = subparsers.add_parser(
        "reject",
        help="refuse a verified asset; its original stays in quarantine",
        description="Refuse an asset that awaits release. Its canonical file goes; its original stays in "
        "quarantine, so that it can be scrubbed again or discarded.",
    )
    reject.add_argument("asset_id", metavar="ASSET_ID")
    reject.add_argument("--reason", required=True, choices=tuple(REASONS), help="why; the audit log keeps it")
    reject.set_defaults(run=run_reject)


def run_scrub(args: argparse.Namespace) -> int:
    """Scrub it again; 1 if it was refused."""

    def decide(intake: Intake) -> int:
        progress = ProgressLine()
        recover(intake)
        with jobs.Owner(intake.owners_dir, intake.ambient) as owner:
            arrival = intake.scrub_again(
                args.asset_id,
                BY,
                profile=args.profile,
                add=args.add,
                remove=args.remove,
                owner_id=owner.owner_id,
            )
            asset = run_job(intake, arrival.job, watch=watching(progress, "Scrub"))
            asset = follow_job(intake, arrival, asset, "Scrub", progress)
        progress.clear()
        if asset.problem is not None:
            sys.stderr.write(f"slidereel: {asset.problem.detail} (reference {asset.problem.reference})\n")
            return EXIT_REFUSED
        sys.stdout.write(f"{asset.asset_id} {asset.state}\n")
        return 0

    return _deciding(args, decide)


def run_reject(args: argparse.Namespace) -> int:
    """Reject it; 1 if that is not possible."""

    def decide(intake: Intake) -> int:
        asset = intake.reject(args.asset_id, args.reason, BY)
        sys.stdout.write(f"{asset.asset_id} {asset.state}\n")
        return 0

    return _deciding(args, decide)


def _deciding(args: argparse.Namespace, decide: Callable[[Intake], int]) -> int:
    with open_existing_database(args.settings) as database:
        intake = Intake(args.settings, real_ambient(), database)
        try:
            return decide(intake)
        except ServerError as error:
            sys.stderr.write(f"slidereel: {args.asset_id}: {error} (reference {intake.reference()})\n")
            return EXIT_REFUSED


def _box(text: str) -> Box:
    parts = text.split(",")
    if len(parts) not in (4, 6):
        raise argparse.ArgumentTypeError(f"a box is {BOX}")
    try:
        numbers = [int(part) for part in parts]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"a box is {BOX}, in whole numbers") from error
    return Box(*numbers)
