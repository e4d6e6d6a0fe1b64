"""``slidereel release``"""

import argparse
import sys
from typing import Any

from server.accounts import Doer
from server.ambient import real_ambient
from server.catalog import State
from server.cli.opening import open_existing_database
from server.errors import InvalidInputError, LossesNotConfirmedError, ServerError
from server.ingest.intake import Intake

BY = Doer(None, "command line", "command line")
EXIT_REFUSED = 1


def register(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "release",
        help="sign for verified assets, so that annotators see them",
        description="Sign for the release of verified assets. Where the policy asks for two signatures, the "
        "second must be another person's: the command line counts as one. With the last signature annotators "
        "see the asset, and its original is destroyed unless keep_originals or the policy keeps it. Each "
        "line of the answer names the asset, its state, and the digest that was signed for.",
    )
    parser.add_argument("asset_ids", nargs="+", metavar="ASSET_ID")
    parser.add_argument(
        "--sha256",
        metavar="DIGEST",
        help="sign for this and nothing else: the digest over all files of the (one) asset, as its report "
        "and the review name it. Without it what is there is signed for, and the audit log says so",
    )
    parser.add_argument(
        "--confirm-losses",
        action="store_true",
        help="release a video, too, of which not everything could be had (its page says what is missing)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Release each; 1 if one could not be. Raises InvalidInputError for one digest of several assets."""
    if args.sha256 is not None and len(args.asset_ids) > 1:
        raise InvalidInputError("--sha256 names what one asset is; give a single ASSET_ID with it.")
    refused = 0
    ambient = real_ambient()
    with open_existing_database(args.settings) as database:
        intake = Intake(args.settings, ambient, database)
        for asset_id in args.asset_ids:
            try:
                asset = intake.release(
                    asset_id, BY, confirm_losses=args.confirm_losses, seen_sha256=args.sha256
                )
            except ServerError as error:
                refused += 1
                reference = intake.reference()
                more = " Release it with --confirm-losses if that is known." * isinstance(
                    error, LossesNotConfirmedError
                )
                sys.stderr.write(f"slidereel: {asset_id}: {error}{more} (reference {reference})\n")
            else:
                sys.stdout.write(f"{asset.asset_id} {asset.state} {asset.canonical_sha256}\n")
                if asset.state is State.AWAITING_RELEASE:
                    sys.stderr.write(f"slidereel: {asset_id}: Signed; another person has to sign, too.\n")
    return EXIT_REFUSED if refused else 0
