"""Put a data folder in order after whatever happened to the processes that worked on it."""

import shutil
from functools import partial

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from server import catalog, jobs
from server.catalog import Problem, State
from server.db.schema import asset
from server.deid.seal import is_id
from server.ingest.erasure import end_erasures
from server.ingest.intake import Intake
from server.ingest.reception import SYSTEM
from server.ingest.retention import destroy_expired

IN_WORK = (State.CONVERTING, State.VERIFYING)
log = structlog.get_logger("slidereel.ingest")


def recover(intake: Intake) -> None:
    """Undo what was half done, and only that: what a living process works on is left alone. Idempotent."""
    intake.is_alive.sweep()
    intake.database.write_now(lambda c: end_exhausted(intake, c))
    intake.database.write_now(lambda c: _set_back(intake, c))
    _sweep_work(intake)
    _sweep_assets(intake)
    intake.uploads.sweep()
    end_erasures(intake, SYSTEM)
    destroy_expired(intake)
    _sweep_quarantine(intake)
    intake.tidy_cases()


def end_exhausted(intake: Intake, connection: Connection) -> None:
    """Refuse assets whose conversion took its process down time and again; end those that were cancelled."""
    for job in jobs.take_exhausted(connection, intake.ambient, intake.is_alive):
        state = catalog.get_asset(connection, job.asset_id, intake=True).state
        if state in IN_WORK:
            catalog.set_state(connection, intake.ambient, job.asset_id, State.QUARANTINED)
        elif state is not State.QUARANTINED:
            continue
        if job.state is jobs.JobState.CANCELLED:
            columns = catalog.problem_columns(intake.cancelled())
            catalog.update_asset(connection, intake.ambient, job.asset_id, columns)
            continue
        problem = Problem(
            "conversion-ended",
            f"Converting this file was interrupted {jobs.ATTEMPT_LIMIT} times; it is not tried again.",
            intake.reference(),
        )
        log.warning("not converted", asset=job.asset_id, kind=problem.kind, reference=problem.reference)
        catalog.set_state(connection, intake.ambient, job.asset_id, State.REFUSED, problem=problem)
        detail = {"kind": problem.kind, "reference": problem.reference}
        intake.record(connection, SYSTEM, "asset.refused", job.asset_id, detail)


def _set_back(intake: Intake, connection: Connection) -> None:
    in_work = sa.select(asset.c.asset_id).where(asset.c.state.in_(IN_WORK))
    for asset_id in connection.execute(in_work).scalars().all():
        if not jobs.is_held(connection, intake.ambient, asset_id, intake.is_alive):
            catalog.set_state(connection, intake.ambient, asset_id, State.QUARANTINED)


def _sweep_work(intake: Intake) -> None:
    for path in intake.work_dir.iterdir():
        held = intake.database.read_now(
            lambda c, name=path.name: jobs.is_held_attempt(c, intake.ambient, name, intake.is_alive)  # type: ignore[misc]
        )
        if not held:
            shutil.rmtree(path, ignore_errors=True)
            path.unlink(missing_ok=True)


def _sweep_assets(intake: Intake) -> None:
    for path in intake.assets_dir.iterdir():
        asset_id = path.name
        if not intake.database.write_now(lambda c, asset_id=asset_id: intake.sweep_folder(c, asset_id)):  # type: ignore[misc]
            # Not ours to judge: a database that was restored from a backup may be older than the files.
            log.warning("unknown asset folder", asset=asset_id if is_id(asset_id) else None)


def _sweep_quarantine(intake: Intake) -> None:
    for key in list(intake.quarantine.keys()):
        if intake.quarantine.destroy_unless(key, partial(intake.is_wanted, key)):
            log.info("orphan destroyed", sealed=key)
