"""``slidereel pseudonym``: forget a patient."""

import argparse
import getpass
import sys
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ground.subject import Subject
from server import audit
from server.ambient import real_ambient
from server.cli.opening import open_existing_database
from server.db.schema import asset
from server.deid.pseudonyms import Pseudonyms, subject_digest
from server.errors import InvalidInputError, NotFoundError

ORIGIN = "command line"
LONGEST_CHARACTERS = 4096
UNKNOWN = "No patient is remembered under this."


def register(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("pseudonym", help="look after the pseudonyms of patients")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    forget = actions.add_parser(
        "forget",
        help="erase a patient's row from the file of pseudonyms",
        description="Erase a patient from the file of pseudonyms: the digest, the pseudonym and the shift of "
        "days, overwritten on the disk. The pseudonym and the shifted day stay at assets that have them, and "
        "in their reports. With the key, the same number gives the same pseudonym again.",
    )
    who = forget.add_mutually_exclusive_group(required=True)
    who.add_argument("name", nargs="?", metavar="P-XXXX-XXXX", help="the patient's pseudonym")
    who.add_argument(
        "--number-stdin",
        action="store_true",
        help="read the patient's number from standard input, and its issuer from a second line where the "
        "files name one; at a terminal both are asked for and not shown",
    )
    forget.set_defaults(run=run_forget)


def run_forget(args: argparse.Namespace) -> int:
    """Forget, and write down that it was done: of which pseudonym, never of which number."""
    ambient, settings = real_ambient(), args.settings
    identities = _identities() if args.number_stdin else ()
    with open_existing_database(settings) as database:
        pseudonyms = Pseudonyms.of_data(settings.data, ambient.random_bytes)
        known_as = [subject_digest(pseudonyms.digest_key, Subject(identity)) for identity in identities]
        if args.name is not None:
            known_as.append(args.name.strip().upper())

        def work(connection: Connection) -> tuple[str, int]:
            name = next(filter(None, map(pseudonyms.forget, known_as)), None)
            if name is None:
                raise NotFoundError(UNKNOWN)
            having = sa.select(sa.func.count()).select_from(asset).where(asset.c.subject == name)
            count = int(connection.execute(having).scalar_one())
            audit.record(
                connection,
                ambient,
                account_id=None,
                actor=ORIGIN,
                action="pseudonym.forgotten",
                subject_kind="pseudonym",
                subject_id=name,
                detail={"assets": count},
                origin=ORIGIN,
            )
            return name, count

        name, count = database.write_now(work)
    sys.stdout.write(f"{name} forgotten; assets that keep it: {count}\n")
    return 0


def _identities() -> tuple[bytes, ...]:
    """Who it is, in the bytes in which a file may say so. Never an argument: all on the machine read those.

    Raises :class:`InvalidInputError` where nothing, or no text, is given.
    """
    if sys.stdin.isatty():
        number, issuer = getpass.getpass("Patient's number: "), getpass.getpass("Its issuer, if any: ")
    else:
        try:
            number, issuer = sys.stdin.readline(LONGEST_CHARACTERS), sys.stdin.readline(LONGEST_CHARACTERS)
        except UnicodeDecodeError as error:
            raise InvalidInputError("What came on standard input is no text.") from error
    number, issuer = number.strip(" \0\r\n"), issuer.strip(" \0\r\n")
    if not number:
        raise InvalidInputError("There is no patient's number on standard input.")
    identity = f"{issuer}\0{number}"
    return tuple({identity.encode(), identity.encode("latin-1", "replace")})
