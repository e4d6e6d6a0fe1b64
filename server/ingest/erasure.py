"""The end of a case's originals: an order that is written down first, and carried out whatever happens.

The order is an event of the audit log, in the transaction in which the database forgets the originals; the
next event says that the key is gone. Who finds the one without the other carries the order out: the command,
the next start, and whoever is about to seal something for the case, so that no new file is sealed by a key
that is to be destroyed.
"""

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server import catalog, jobs
from server.accounts import Doer
from server.db.schema import asset, audit_event, clinical_case, upload
from server.errors import WrongStateError
from server.ingest import upload_parts

if TYPE_CHECKING:
    from server.ingest.reception import Reception

ORDERED, CARRIED_OUT = "case.erasing", "case.erased"
IDLE = frozenset({None, jobs.JobState.CANCELLED})


def erase_case(reception: "Reception", case_id: str, by: Doer) -> int:
    """Make a case's originals unreadable for good, wherever copies of them are. How many there were.

    Raises :class:`WrongStateError` while one of them is being worked on.
    """
    keys = reception.database.write_now(lambda c: _order(reception, c, case_id, by))
    end_erasures(reception, by)
    # Those that were sealed before cases had keys.
    for key in keys & set(reception.quarantine.keys()):
        reception.quarantine.destroy(key)
    return len(keys)


def end_erasures(reception: "Reception", by: Doer, case_id: str | None = None) -> None:
    """Carry out the orders that nobody has carried out yet: all of them, or that for one case. Idempotent."""
    for ordered in reception.database.read_now(lambda c: _ordered(c, case_id)):
        _end_erasure(reception, ordered, by)


def _end_erasure(reception: "Reception", case_id: str, by: Doer) -> None:
    def is_ordered() -> bool:
        return bool(reception.database.read_now(lambda c: _ordered(c, case_id)))

    def done() -> None:
        reception.database.write_now(lambda c: reception.record(c, by, CARRIED_OUT, case_id, kind="case"))

    reception.quarantine.erase_case(case_id, is_ordered=is_ordered, done=done, is_wanted=reception.is_wanted)


def _ordered(connection: Connection, case_id: str | None) -> list[str]:
    """The cases that are to be erased, all of them or this one."""
    newest = (
        sa.select(sa.func.max(audit_event.c.sequence))
        .where(audit_event.c.action.in_((ORDERED, CARRIED_OUT)))
        .group_by(audit_event.c.subject_id)
    )
    if case_id is not None:
        newest = newest.where(audit_event.c.subject_id == case_id)
    query = sa.select(audit_event.c.subject_id).where(
        audit_event.c.sequence.in_(newest), audit_event.c.action == ORDERED
    )
    return list(connection.execute(query).scalars())


def _order(reception: "Reception", connection: Connection, case_id: str, by: Doer) -> set[str]:
    """Have the database forget the originals, and write the order down; under which names they lie."""
    rows = connection.execute(
        sa.select(asset.c.asset_id, asset.c.quarantine_key)
        .where(asset.c.case_id == case_id)
        .where(asset.c.quarantine_key.is_not(None))
    ).all()
    for row in rows:
        if jobs.request_cancel(connection, reception.ambient, row.asset_id) not in IDLE:
            raise WrongStateError("An asset of this case is being worked on; cancel it first.")
        catalog.update_asset(connection, reception.ambient, row.asset_id, {"quarantine_key": None})
    name = sa.select(clinical_case.c.name).where(clinical_case.c.case_id == case_id).scalar_subquery()
    unfinished = sa.and_(upload.c.asset_id.is_(None), upload.c.case_name == name)
    uploads = set(connection.execute(sa.select(upload.c.quarantine_key).where(unfinished)).scalars())
    connection.execute(upload.delete().where(unfinished))
    upload_parts.delete_orphans(connection)
    keys = {row.quarantine_key for row in rows} | uploads
    # A file may be sealed under a case of that name that was tidied away meanwhile: by its key, too.
    sealed_by = {found for key in keys if (found := reception.quarantine.case_of(key)) is not None}
    for sealing in sorted(sealed_by | {case_id}):
        detail = {"originals": len(rows), "uploads": len(uploads)} if sealing == case_id else {"of": case_id}
        reception.record(connection, by, ORDERED, sealing, detail, kind="case")
    return keys
