"""``slidereel export`` and ``slidereel import``: annotations as files of other tools."""

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from annotations.formats import REGISTRY
from server.access import COMMAND_LINE
from server.ambient import real_ambient
from server.annotating import Annotating
from server.annotating.exchange import Exchange, Exported, Imported
from server.cli.opening import open_existing_database
from server.errors import InvalidInputError

ORIGIN = "command line"
DEFAULT_FORMAT = "qupath-geojson"


def register(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add both commands."""
    out = subparsers.add_parser("export", help="write the annotations of an asset to a file")
    out.add_argument("asset_id", metavar="ASSET_ID")
    _add_format(out)
    out.add_argument("--output", required=True, metavar="FILE", help="where to write; - is standard output")
    out.set_defaults(run=run_export)

    into = subparsers.add_parser("import", help="add the annotations of a file to an asset")
    into.add_argument("asset_id", metavar="ASSET_ID")
    _add_format(into)
    into.add_argument("file", metavar="FILE", help="what to read; - is standard input")
    into.set_defaults(run=run_import)


def _add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        choices=sorted(REGISTRY),
        default=DEFAULT_FORMAT,
        metavar="F",
        help=f"{', '.join(sorted(REGISTRY))} (default {DEFAULT_FORMAT})",
    )


def run_export(args: argparse.Namespace) -> int:
    """Write the file; on standard error, what the format cannot hold."""
    with open_existing_database(args.settings) as database:
        exchange = Exchange(Annotating(database, real_ambient()))
        exported: Exported = asyncio.run(exchange.export(COMMAND_LINE, args.asset_id, args.format, ORIGIN))
    if args.output == "-":
        sys.stdout.buffer.write(exported.data)
        sys.stdout.buffer.flush()
    else:
        _write_whole(Path(args.output), exported.data)
    _say(f"{exported.count:,} annotations written.")
    for sentence in exported.losses:
        _say(sentence)
    return 0


def run_import(args: argparse.Namespace) -> int:
    """Add what the file holds; on standard error, what of it could not be kept."""
    try:
        data = sys.stdin.buffer.read() if args.file == "-" else Path(args.file).read_bytes()
    except OSError as error:
        raise InvalidInputError(f"The file cannot be read: {error.strerror}.") from error
    with open_existing_database(args.settings) as database:
        exchange = Exchange(Annotating(database, real_ambient()))
        imported: Imported = asyncio.run(
            exchange.import_file(COMMAND_LINE, args.asset_id, args.format, data, ORIGIN)
        )
    _say(f"{imported.created:,} annotations added; the asset is at revision {imported.revision:,} now.")
    if imported.classes_created:
        _say(f"{len(imported.classes_created):,} classes added.")
    for sentence in imported.losses:
        _say(sentence)
    return 0


def _write_whole(path: Path, data: bytes) -> None:
    """The whole file or the one that was there: never half of one. Raises :class:`InvalidInputError`."""
    half = path.with_name(path.name + ".part")
    try:
        with half.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise InvalidInputError(f"The file cannot be written: {error.strerror}.") from error


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)  # noqa: T201
