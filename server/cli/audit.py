"""``slidereel audit``: read the audit log, and check that nobody has altered it."""

import argparse
import json
import sys
from functools import partial
from typing import Any

from server import audit
from server.cli.opening import open_existing_database

EXIT_BROKEN = 1
PAGE = 1000


def register(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("audit", help="read and verify the audit log")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    verify = actions.add_parser(
        "verify", help="check the chain from its beginning; exit code 1 if it is broken"
    )
    verify.set_defaults(run=run_verify)
    listing = actions.add_parser("list", help="print events, newest first, one JSON line each")
    listing.add_argument("--subject", metavar="ID", help="only events about this asset, account, …")
    listing.add_argument("--limit", type=_positive, default=100, metavar="N", help="how many (default 100)")
    listing.set_defaults(run=run_list)


def run_verify(args: argparse.Namespace) -> int:
    """Print how many events there are and the head's digest, which an auditor may note elsewhere."""
    with open_existing_database(args.settings) as database:
        report = database.read_now(audit.verify)
    if report.broken_at is not None:
        sys.stderr.write(
            f"slidereel: The audit log is broken at event {report.broken_at}: "
            "it was altered, removed or inserted.\n"
        )
        return EXIT_BROKEN
    print(f"{report.event_count} events, unbroken; head {report.head_digest}")  # noqa: T201
    return 0


def run_list(args: argparse.Namespace) -> int:
    """Print the newest events."""
    left, before = args.limit, None
    with open_existing_database(args.settings) as database:
        while left > 0:
            question = partial(audit.events, subject_id=args.subject, before=before, limit=min(left, PAGE))
            page = database.read_now(question)
            if not page:
                break
            for event in page:
                print(_line(event))  # noqa: T201
            left, before = left - len(page), page[-1].sequence
    return 0


def _line(event: audit.AuditEvent) -> str:
    return json.dumps(
        {
            "sequence": event.sequence,
            "at": event.at,
            "actor": event.actor,
            "account_id": event.account_id,
            "action": event.action,
            "subject_kind": event.subject_kind,
            "subject_id": event.subject_id,
            "detail": dict(event.detail),
            "origin": event.origin,
        },
        ensure_ascii=False,
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number
