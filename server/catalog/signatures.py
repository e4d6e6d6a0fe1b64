"""Who has signed for an asset's release, and of which bytes."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server.ambient import Ambient
from server.db.schema import release_signature as table
from server.errors import AlreadySignedError

ALREADY_SIGNED = "You have signed for this release; it needs another person's signature."


@dataclass(frozen=True, slots=True)
class Signature:
    """One person's word for the canonical file of that digest. Without account_id: the command line's."""

    account_id: str | None
    name: str
    at: str


def signatures_of(connection: Connection, asset_id: str, canonical_sha256: str | None) -> list[Signature]:
    """The signatures for these bytes of this asset, oldest first: those for other bytes count for nothing."""
    query = (
        sa.select(table)
        .where(table.c.asset_id == asset_id, table.c.canonical_sha256 == canonical_sha256)
        .order_by(table.c.signature_id)
    )
    return [Signature(row.account_id, row.name, row.at) for row in connection.execute(query)]


def sign(
    connection: Connection,
    ambient: Ambient,
    asset_id: str,
    canonical_sha256: str,
    *,
    account_id: str | None,
    name: str,
) -> list[Signature]:
    """Add a signature; all that there are then. Raises :class:`AlreadySignedError`.

    A person is an account, however it is called by now; without one, the name decides.
    """
    earlier = signatures_of(connection, asset_id, canonical_sha256)
    mine = (account_id, None if account_id else name)
    if any((known.account_id, None if known.account_id else known.name) == mine for known in earlier):
        raise AlreadySignedError(ALREADY_SIGNED)
    added = Signature(account_id, name, ambient.stamp())
    connection.execute(
        table.insert().values(
            asset_id=asset_id,
            account_id=account_id,
            name=name,
            at=added.at,
            canonical_sha256=canonical_sha256,
        )
    )
    return [*earlier, added]


def void_signatures(connection: Connection, asset_id: str, account_ids: Collection[str] | None = None) -> int:
    """Take signatures of an asset away: all of them, because what they were given for is gone, or those of
    these accounts. How many there were."""
    wanted = table.c.asset_id == asset_id
    if account_ids is not None:
        wanted &= table.c.account_id.in_(account_ids)
    return connection.execute(table.delete().where(wanted)).rowcount
