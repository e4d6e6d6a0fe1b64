"""``slidereel report``: the signed report on an asset's scrub, and whether one is as it was signed."""

import argparse
import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from server import catalog
from server.ambient import real_ambient
from server.catalog import Asset, Signature
from server.cli.opening import open_existing_database
from server.deid.policy import find_policy
from server.deid.report import report_json, scrub_report, verify_report
from server.deid.report_page import report_html
from server.deid.signing import KEY_FILE, SignatureError, Signer, read_public_key
from server.errors import InvalidInputError

LARGEST_BYTES = 256 << 20


def register(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "report",
        help="print the signed report on an asset's scrub, or check one",
        description="What was looked for in an asset's source, what was found and done, and the proof: as "
        "signed JSON, or as a page to print. With --verify: whether a report is as it was signed (exit code "
        "1 if not), and by this data folder's key unless --public-key names another.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("asset_id", nargs="?", metavar="ASSET_ID")
    what.add_argument("--verify", type=Path, metavar="FILE", help="check this report (JSON)")
    what.add_argument("--show-key", action="store_true", help="print the public key that checks reports")
    parser.add_argument("--format", choices=("json", "html"), default="json", help="default: json")
    parser.add_argument("--output", default="-", metavar="FILE", help="where to write; - is standard output")
    parser.add_argument("--public-key", type=Path, metavar="FILE", help="with --verify: the key, as PEM")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do the one that was asked for."""
    if args.verify is not None:
        return _verify(args)
    if args.show_key:
        with open_existing_database(args.settings):
            _write(args.output, Signer.of_data(args.settings.data, real_ambient().random_bytes).public_pem)
        return 0
    document = _document(args)
    _write(args.output, report_html(document) if args.format == "html" else report_json(document))
    return 0


def _document(args: argparse.Namespace) -> dict[str, Any]:
    def work(connection: Connection) -> tuple[Asset, list[Signature]]:
        asset = catalog.get_asset(connection, args.asset_id, intake=True)
        return asset, catalog.signatures_of(connection, asset.asset_id, asset.canonical_sha256)

    ambient, settings = real_ambient(), args.settings
    with open_existing_database(settings) as database:
        asset, signatures = database.read_now(work)
        return scrub_report(
            asset,
            signatures,
            Signer.of_data(settings.data, ambient.random_bytes),
            software_version=metadata.version("slidereel"),
            policy=find_policy(settings.data, settings.policy_file),
        )


def _verify(args: argparse.Namespace) -> int:
    """Say by which key the report was signed, or what is wrong with it."""
    try:
        document = json.loads(_read(args.verify), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise SignatureError("This is not a signed report.") from error
    own = args.settings.data / "keys" / KEY_FILE
    if args.public_key is not None:
        key, whose = read_public_key(_read(args.public_key)), "the key that was given"
    elif own.exists():
        key = Signer.of_data(args.settings.data, real_ambient().random_bytes).public_key
        whose = "the key of this data folder"
    else:
        key, whose = None, "the key that stands in it; whose that is, was not checked"
    name = verify_report(document, public_key=key)
    print(f"The report is as it was signed, by {whose} ({name}).")  # noqa: T201
    return 0


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that stands twice means one thing to one reader and another to the next."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key that stands twice")
    return found


def _write(output: str, text: str) -> None:
    if output == "-":
        sys.stdout.write(text)
        return
    try:
        Path(output).write_text(text, "utf-8")
    except OSError as error:
        raise InvalidInputError(f"The file cannot be written: {error.strerror}.") from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise InvalidInputError(f"The file cannot be read: {error.strerror}.") from error
    if len(data) > LARGEST_BYTES:
        raise InvalidInputError("The file is larger than any report.")
    return data
