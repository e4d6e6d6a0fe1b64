"""``slidereel quarantine``: what lies sealed, a new master key, the end of a case's originals."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server import catalog
from server.accounts import Doer
from server.ambient import real_ambient
from server.cli.opening import open_existing_database
from server.db.schema import clinical_case
from server.errors import NotFoundError
from server.ingest.erasure import erase_case
from server.ingest.intake import Intake

BY = Doer(None, "command line", "command line")
EXIT_BROKEN = 1
EXIT_REFUSED = 1


def register(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("quarantine", help="look after the sealed originals and their keys")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    status = actions.add_parser(
        "status", help="what lies in the quarantine; exit code 1 if something there cannot be opened"
    )
    status.add_argument("--json", action="store_true", help="as one JSON object")
    status.set_defaults(run=run_status)
    rotate = actions.add_parser(
        "rotate-key",
        help="replace the master key",
        description="Replace the master key, and wrap the keys of all cases with the new one. The server may "
        "be running. If this is interrupted, everything stays readable; run it again to end it. From then on "
        "copies of the old key open nothing of what is here, but still open older copies of the data folder. "
        "The key file must serve this data folder alone: what another one has wrapped with it is lost.",
    )
    rotate.set_defaults(run=run_rotate)
    erase = actions.add_parser(
        "erase-case",
        help="destroy a case's key, so that nobody can read its originals again",
        description="Destroy the key of a case: its sealed originals become unreadable for good, wherever "
        "copies of them are, and those that are here are removed. Its canonical files stay.",
    )
    erase.add_argument("case", metavar="CASE", help="the case's name or id")
    erase.add_argument("--yes", action="store_true", help="yes, for good")
    erase.set_defaults(run=run_erase)
    purge = actions.add_parser("purge", help="remove sealed files that nobody can open or needs any more")
    purge.set_defaults(run=run_purge)


def run_status(args: argparse.Namespace) -> int:
    """Print what there is."""
    with _intake(args) as intake:
        found = intake.quarantine.inventory()
    if args.json:
        sys.stdout.write(msgspec.json.encode(asdict(found)).decode() + "\n")
    else:
        sys.stdout.write(
            f"originals         {found.file_count} ({found.file_bytes / (1 << 20):.1f} MiB)\n"
            f"cases with a key  {found.case_count}\n"
            f"of no case        {found.master_wrapped_count}\n"
            f"of erased cases   {found.erased_count}\n"
            f"left over         {found.leftover_count}\n"
        )
    if found.is_key_being_replaced:
        _say("A new master key was begun and not finished; run “slidereel quarantine rotate-key”.")
    if found.broken_count:
        _say(f"{found.broken_count} of the originals cannot be opened: changed, damaged, or of another key.")
    return EXIT_BROKEN if found.broken_count else 0


def run_rotate(args: argparse.Namespace) -> int:
    """Replace the master key."""
    with _intake(args) as intake:
        done = intake.quarantine.rotate_master_key()
        detail = {
            "cases": done.case_count,
            "originals": done.file_count,
            "unreadable": done.unreadable_count,
            "was_resumed": done.was_resumed,
        }
        intake.database.write_now(
            lambda c: intake.record(c, BY, "quarantine.key_rotated", "master", detail, kind="quarantine")
        )
    sys.stdout.write(
        f"The master key was replaced; keys rewrapped: {done.case_count} of cases, "
        f"{done.file_count} of originals without one.\n"
    )
    if done.unreadable_count:
        _say(f"{done.unreadable_count} keys opened with no master key before either, and stay as they were.")
    return EXIT_BROKEN if done.unreadable_count else 0


def run_erase(args: argparse.Namespace) -> int:
    """Erase a case's originals."""
    with _intake(args) as intake:
        case_id = intake.database.read_now(lambda c: _case_id(c, args.case))
        if not args.yes:
            _say("This destroys the case's originals for good; say --yes if that is meant.")
            return EXIT_REFUSED
        count = erase_case(intake, case_id, BY)
    sys.stdout.write(f"{case_id} erased; originals destroyed: {count}\n")
    return 0


def run_purge(args: argparse.Namespace) -> int:
    """Remove what serves nobody."""
    with _intake(args) as intake:
        count = intake.quarantine.purge()
        if count:
            intake.database.write_now(
                lambda c: intake.record(
                    c, BY, "quarantine.purged", "files", {"files": count}, kind="quarantine"
                )
            )
    sys.stdout.write(f"removed: {count}\n")
    return 0


def _case_id(connection: Connection, named: str) -> str:
    """Raises :class:`NotFoundError`."""
    query = sa.select(clinical_case.c.case_id)
    for column, value in (
        (clinical_case.c.case_id, named),
        (clinical_case.c.name, catalog.checked_case_name(named)),
    ):
        if (found := connection.execute(query.where(column == value)).scalar_one_or_none()) is not None:
            return str(found)
    raise NotFoundError("There is no such case.")


@contextmanager
def _intake(args: argparse.Namespace) -> Iterator[Intake]:
    with open_existing_database(args.settings) as database:
        yield Intake(args.settings, real_ambient(), database)


def _say(sentence: str) -> None:
    sys.stderr.write(f"slidereel: {sentence}\n")
