"""Cases in the database."""

import unicodedata
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server.ambient import Ambient
from server.catalog.model import DEFAULT_CASE, Case, State
from server.catalog.page import Page, after, encode_cursor
from server.db.schema import asset, clinical_case, upload
from server.errors import InvalidInputError

NAME_LIMIT = 80


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """A case and how many of its assets the asker can see."""

    case: Case
    asset_count: int


def checked_case_name(name: str | None) -> str:
    """The name to store: NFC, without blanks at its ends; the default case's for none.

    Raises :class:`InvalidInputError` for more than 80 characters or one that cannot be printed.
    """
    text = unicodedata.normalize("NFC", name or "").strip()
    if not text:
        return DEFAULT_CASE
    if len(text) > NAME_LIMIT or not text.isprintable():
        raise InvalidInputError(f"A case name has at most {NAME_LIMIT} printable characters.")
    return text


def get_or_create_case(
    connection: Connection, ambient: Ambient, name: str, new_id: str | None = None
) -> tuple[Case, bool]:
    """The case of that (checked) name, and whether it is new; then it has ``new_id``, if given."""
    row = connection.execute(sa.select(clinical_case).where(clinical_case.c.name == name)).one_or_none()
    if row is not None:
        return Case(row.case_id, row.name, row.created_at), False
    case = Case(new_id or ambient.new_id(), name, ambient.stamp())
    connection.execute(
        clinical_case.insert().values(case_id=case.case_id, name=case.name, created_at=case.created_at)
    )
    return case, True


def unused_cases(connection: Connection) -> list[str]:
    """The ids of the cases that no asset is of, not even a discarded one, and no upload is to be."""
    has_asset = sa.exists().where(asset.c.case_id == clinical_case.c.case_id)
    is_awaited = sa.exists().where(upload.c.case_name == clinical_case.c.name, upload.c.asset_id.is_(None))
    query = sa.select(clinical_case.c.case_id).where(~has_asset, ~is_awaited)
    return list(connection.execute(query).scalars())


def remove_case(connection: Connection, case_id: str) -> None:
    """Forget a case; the database refuses where an asset is of it."""
    connection.execute(clinical_case.delete().where(clinical_case.c.case_id == case_id))


def list_cases(
    connection: Connection, *, intake: bool, cursor: str | None = None, limit: int = 100
) -> Page[CaseSummary]:
    """The newest cases first. Without ``intake`` only released assets count; a case without one is hidden."""
    counted = asset.c.state == State.RELEASED if not intake else asset.c.state != State.DISCARDED
    count = sa.func.count(asset.c.asset_id)
    query = (
        sa.select(clinical_case, count.label("asset_count"))
        .select_from(
            clinical_case.join(
                asset, sa.and_(asset.c.case_id == clinical_case.c.case_id, counted), isouter=intake
            )
        )
        .group_by(clinical_case.c.case_id)
        .order_by(clinical_case.c.created_at.desc(), clinical_case.c.case_id.desc())
        .limit(limit + 1)
    )
    if cursor:
        query = query.where(after(cursor, clinical_case.c.created_at, clinical_case.c.case_id))
    rows = connection.execute(query).all()
    items = tuple(
        CaseSummary(Case(row.case_id, row.name, row.created_at), row.asset_count) for row in rows[:limit]
    )
    last = items[-1].case if len(rows) > limit else None
    return Page(items, encode_cursor(last.created_at, last.case_id) if last else None)
