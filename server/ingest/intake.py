"""What people decide about an asset on its way in: cancel, retry, discard, and what the review decides."""

import shutil

from sqlalchemy.engine import Connection

from server import catalog, jobs
from server.accounts import Doer
from server.ambient import Ambient
from server.catalog import Asset, State
from server.config import Settings
from server.db import Database
from server.errors import WrongStateError
from server.imagery.shelf import SlideShelf
from server.ingest.reception import CONVERT, Arrival
from server.ingest.review import NO_RESULT, Review
from server.ingest.uploads import Uploads


class Intake(Review):
    """The intake of one data folder: its reception, the uploads, and the decisions. Thread-safe."""

    def __init__(
        self, settings: Settings, ambient: Ambient, database: Database, shelf: SlideShelf | None = None
    ) -> None:
        super().__init__(settings, ambient, database, shelf)
        self.uploads = Uploads(self)

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
                catalog.set_state(connection, self.ambient, asset_id, State.QUARANTINED, NO_RESULT)
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
