"""The end of originals that were kept after their release: the policy says for how many days."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server import catalog
from server.catalog import Asset, State
from server.db.schema import asset
from server.deid.policy import Policy, UnknownProfileError
from server.deid.profile import Originals
from server.ingest.reception import SYSTEM, Reception


def destroy_expired(reception: Reception) -> int:
    """Destroy the originals whose days are over. How many.

    None is where the settings keep originals. Idempotent; what a crash leaves the next start destroys.
    """
    if reception.settings.keep_originals:
        return 0
    expired = reception.database.read_now(lambda c: _expired(reception, c))
    return sum(_destroy(reception, asset_id) for asset_id in expired)


def kept_until(kept: Asset, today: Policy) -> datetime | None:
    """When the days of an original that outlived its release are over; None: never, or it is gone already.

    By the policy that its asset was scrubbed under; by today's, where that one did not keep originals.
    """
    if kept.state is not State.RELEASED or kept.quarantine_key is None or kept.released_at is None:
        return None
    policy = (kept.report or {}).get("policy", {})
    if policy.get("originals") == Originals.KEEP:
        days = policy.get("rules", {}).get("keep_days")
    else:
        try:
            days = today.profile(kept.profile).keep_days
        except UnknownProfileError:
            days = None
    return None if days is None else datetime.fromisoformat(kept.released_at) + timedelta(days=days)


def _expired(reception: Reception, connection: Connection) -> list[str]:
    kept = sa.select(asset.c.asset_id).where(
        asset.c.state == State.RELEASED, asset.c.quarantine_key.is_not(None)
    )
    return [
        asset_id
        for asset_id in connection.execute(kept).scalars().all()
        if _is_expired(reception, catalog.get_asset(connection, asset_id, intake=True))
    ]


def _is_expired(reception: Reception, kept: Asset) -> bool:
    until = kept_until(kept, reception.policy)
    return until is not None and until <= reception.ambient.now()


def _destroy(reception: Reception, asset_id: str) -> bool:
    def work(connection: Connection) -> str | None:
        kept = catalog.get_asset(connection, asset_id, intake=True)
        if not _is_expired(reception, kept):
            return None
        catalog.update_asset(connection, reception.ambient, asset_id, {"quarantine_key": None})
        reception.record(
            connection, SYSTEM, "original.destroyed", asset_id, {"released_at": kept.released_at}
        )
        return kept.quarantine_key

    key = reception.database.write_now(work)
    if key is not None:
        reception.quarantine.destroy(key)
    return key is not None
