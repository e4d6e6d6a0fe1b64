"""What people decide about an asset on its way in: release, cancel, retry, discard."""

import shutil

from sqlalchemy.engine import Connection

from server import audit, catalog, jobs
from server.accounts import Doer
from server.ambient import Ambient
from server.catalog import Asset, State
from server.config import Settings
from server.db import Database
from server.errors import LossesNotConfirmedError, WrongStateError
from server.imagery.shelf import SlideShelf
from server.ingest.reception import CONVERT, Arrival, Reception
from server.ingest.uploads import Uploads


class Intake(Reception):
    """The intake of one data folder: its reception, the uploads, and the decisions. Thread-safe."""

    def __init__(
        self, settings: Settings, ambient: Ambient, database: Database, shelf: SlideShelf | None = None
    ) -> None:
        super().__init__(settings, ambient, database, shelf)
        self.uploads = Uploads(self)

    def release(self, asset_id: str, by: Doer, *, confirm_losses: bool = False) -> Asset:
        """Let annotators see a verified asset; its original is destroyed unless the settings keep originals.

        Raises :class:`NotFoundError`, :class:`WrongStateError`, or :class:`LossesNotConfirmedError` where the
        conversion could not have all of the source and nobody has said that this is known.
        """
        keep = self.settings.keep_originals

        def work(connection: Connection) -> Asset:
            before = catalog.get_asset(connection, asset_id, intake=True)
            values = {
                "released_by": by.account_id or by.name,
                "released_at": self.ambient.stamp(),
                "quarantine_key": before.quarantine_key if keep else None,
            }
            catalog.set_state(connection, self.ambient, asset_id, State.RELEASED, values)
            losses = list((before.report or {}).get("losses", ()))
            if losses and not confirm_losses:
                raise LossesNotConfirmedError(" ".join(losses))
            detail: audit.Detail = {
                "canonical_sha256": before.canonical_sha256,
                "original": "kept" if keep else "destroyed",
                "losses": len(losses),
            }
            self.record(connection, by, "asset.released", asset_id, detail)
            return before

        before = self.database.write_now(work)
        self._changed(asset_id)
        if not keep and before.quarantine_key is not None:
            self.quarantine.destroy(before.quarantine_key)
        return self.asset(asset_id)

    def cancel(self, asset_id: str, by: Doer) -> Asset:
        """Stop the conversion; the asset waits in quarantine to be started again or discarded.

        Raises :class:`WrongStateError` if nothing is going on.
        """

        def work(connection: Connection) -> None:
            catalog.get_asset(connection, asset_id, intake=True)
            state = jobs.request_cancel(connection, self.ambient, asset_id)
            if state is None:
                raise WrongStateError("Nothing is going on that could be cancelled.")
            if state is jobs.JobState.CANCELLED:
                catalog.update_asset(
                    connection, self.ambient, asset_id, catalog.problem_columns(self.cancelled())
                )
            self.record(connection, by, "asset.cancelled", asset_id)

        self.database.write_now(work)
        return self.asset(asset_id)

    def retry(self, asset_id: str, by: Doer, owner_id: str | None = None) -> Arrival:
        """Convert a refused or stopped asset again, from its original in quarantine.

        Raises :class:`WrongStateError` in any other state, or while it is being worked on.
        """

        def work(connection: Connection) -> Arrival:
            before = catalog.get_asset(connection, asset_id, intake=True)
            if before.state is State.REFUSED:
                catalog.set_state(connection, self.ambient, asset_id, State.QUARANTINED)
            elif before.state is not State.QUARANTINED:
                raise WrongStateError(f"The asset is “{before.state}”; there is nothing to start again.")
            job = jobs.enqueue(connection, self.ambient, kind=CONVERT, asset_id=asset_id, owner_id=owner_id)
            catalog.update_asset(connection, self.ambient, asset_id, catalog.problem_columns(None))
            self.record(connection, by, "asset.retried", asset_id)
            return Arrival(asset_id, job)

        return self.database.write_now(work)

    def discard(self, asset_id: str, by: Doer) -> Asset:
        """Give an asset up that was not released: original and canonical file are destroyed.

        Raises :class:`WrongStateError` once it is released, or while it is being worked on.
        """

        def work(connection: Connection) -> Asset:
            before = catalog.get_asset(connection, asset_id, intake=True)
            if before.state is State.QUARANTINED and jobs.request_cancel(
                connection, self.ambient, asset_id
            ) not in {None, jobs.JobState.CANCELLED}:
                raise WrongStateError("This is being worked on; cancel it first.")
            catalog.set_state(
                connection, self.ambient, asset_id, State.DISCARDED, {"quarantine_key": None, "report": None}
            )
            self.record(connection, by, "asset.discarded", asset_id)
            return before

        before = self.database.write_now(work)
        self._changed(asset_id)
        if before.quarantine_key is not None:
            self.quarantine.destroy(before.quarantine_key)
        shutil.rmtree(self.assets_dir / asset_id, ignore_errors=True)
        return self.asset(asset_id)
