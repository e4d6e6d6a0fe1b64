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

from server import catalog, jobs
from server.accounts import Doer
from server.ambient import real_ambient
from server.cli.opening import open_existing_database
from server.db.schema import asset, clinical_case, upload
from server.errors import NotFoundError, WrongStateError
from server.ingest import upload_parts
from server.ingest.intake import Intake

BY = Doer(None, "command line", "command line")
EXIT_BROKEN = 1
EXIT_REFUSED = 1
IDLE = frozenset({None, jobs.JobState.CANCELLED})


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
        keys = intake.database.write_now(lambda c: _forget(intake, c, case_id))
        # A file may be sealed under a case of that name that was tidied away meanwhile: by its key, too.
        sealed_by = {found for key in keys if (found := intake.quarantine.case_of(key)) is not None}
        count = sum(map(intake.quarantine.erase_case, sealed_by | {case_id}))
        # Those that were sealed before cases had keys.
        for key in keys & set(intake.quarantine.keys()):
            intake.quarantine.destroy(key)
            count += 1
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


def _forget(intake: Intake, connection: Connection, case_id: str) -> set[str]:
    """The database forgets the originals before they are destroyed; under which names they lay.

    Raises :class:`WrongStateError` while one of them is being worked on.
    """
    rows = connection.execute(
        sa.select(asset.c.asset_id, asset.c.quarantine_key)
        .where(asset.c.case_id == case_id)
        .where(asset.c.quarantine_key.is_not(None))
    ).all()
    for row in rows:
        if jobs.request_cancel(connection, intake.ambient, row.asset_id) not in IDLE:
            raise WrongStateError("An asset of this case is being worked on; cancel it first.")
        catalog.update_asset(connection, intake.ambient, row.asset_id, {"quarantine_key": None})
    name = sa.select(clinical_case.c.name).where(clinical_case.c.case_id == case_id).scalar_subquery()
    unfinished = sa.and_(upload.c.asset_id.is_(None), upload.c.case_name == name)
    uploads = set(connection.execute(sa.select(upload.c.quarantine_key).where(unfinished)).scalars())
    connection.execute(upload.delete().where(unfinished))
    upload_parts.delete_orphans(connection)
    detail = {"originals": len(rows), "uploads": len(uploads)}
    intake.record(connection, BY, "case.erased", case_id, detail, kind="case")
    return {row.quarantine_key for row in rows} | uploads


@contextmanager
def _intake(args: argparse.Namespace) -> Iterator[Intake]:
    with open_existing_database(args.settings) as database:
        yield Intake(args.settings, real_ambient(), database)


def _say(sentence: str) -> None:
    sys.stderr.write(f"slidereel: {sentence}\n")
