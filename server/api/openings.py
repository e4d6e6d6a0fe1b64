"""Who opened which asset, in the audit log: once for as long as somebody stays with it."""

import time
from typing import Any

from server import audit
from server.api.endpoint import Call
from server.imagery.shelf import Shelf


async def record_opening(call: Call, shelf: Shelf[Any], asset_id: str) -> None:
    """Write it down, unless it was a moment ago."""
    services, by = call.services, call.by
    if not shelf.openings.is_new(by.account_id or by.name, asset_id, time.monotonic()):
        return
    await services.database.write(
        lambda c: audit.record(
            c,
            services.ambient,
            account_id=by.account_id,
            actor=by.name,
            action="asset.open",
            subject_kind="asset",
            subject_id=asset_id,
            origin=by.origin,
        )
    )
