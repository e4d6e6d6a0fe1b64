"""One conversion from claim to result, and what each way of ending means for the asset."""

import os
import shutil
from collections.abc import Callable, Mapping
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.engine import Connection

from ground.finding import Box
from server import catalog, jobs
from server.catalog import Asset, AssetKind, State
from server.deid import QuarantineError
from server.deid.policy import UnknownProfileError
from server.deid.profile import Profile
from server.deid.pseudonyms import PseudonymError, shifted
from server.deid.sealed_writer import sync_directory
from server.errors import OutOfSpaceError
from server.ingest import conversion
from server.ingest.endings import CANCELLED, LOST, RETRYABLE, SHUTDOWN, UNKNOWN_PROFILE, problem_of
from server.ingest.intake import Intake
from server.ingest.plan import Converted, Failed, NoSpace, Outcome, Plan, Progress, Refused
from server.ingest.published import UnprovedFileError, digest_of, published_files
from server.ingest.reception import SYSTEM, as_out_of_space
from server.ingest.space import CANONICAL_FACTOR, free_bytes, require_space

SHORTEST_STEM = 6
OUTPUT, SCRATCH, REVIEW = "asset", "scratch", "review"
PICTURES = "pictures"
UNPROVED_FILE = "The result is made of other files than those that were proved."
Watch = Callable[[str, int, int], None]
log = structlog.get_logger("slidereel.ingest")


def run_job(
    intake: Intake,
    job: jobs.Job,
    *,
    watch: Watch = lambda _stage, _done, _total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Asset:
    """Convert the asset of a job that we hold, and answer with the asset as it then is.

    Blocks until the converting process has ended. On ``should_stop`` the job is given back.
    """
    work_dir = intake.work_dir / f"{job.job_id}-{job.attempts}"
    try:
        is_ours = _take_over(intake, job)
        try:
            profile = intake.policy.profile(intake.asset(job.asset_id).profile)
        except UnknownProfileError:
            _conclude(intake, job, UNKNOWN_PROFILE if is_ours else LOST)
        else:
            ended: Outcome | None
            ended = _convert(intake, job, work_dir, profile, watch, should_stop) if is_ours else LOST
            if isinstance(ended, Converted):
                ended = _published(intake, job, work_dir, ended, profile)
            if ended is not None:
                _conclude(intake, job, ended, work_dir / REVIEW / PICTURES)
    finally:
        shutil.rmtree(work_dir, ignore_errors=True)
    return intake.asset(job.asset_id)


def _convert(
    intake: Intake,
    job: jobs.Job,
    work_dir: Path,
    profile: Profile,
    watch: Watch,
    should_stop: Callable[[], bool],
) -> Outcome:
    asset = intake.asset(job.asset_id)
    settings = intake.settings
    try:
        require_space(intake.data, asset.source_bytes * CANONICAL_FACTOR, settings.reserve_mib)
        sealed, note = intake.quarantine.describe(asset.quarantine_key or "")
        work_dir.mkdir(mode=0o700)
        for name in (OUTPUT, SCRATCH, REVIEW):
            (work_dir / name).mkdir(mode=0o700)
    except OutOfSpaceError:
        return NoSpace()
    except QuarantineError as error:
        return Refused("quarantine", str(error))
    except OSError as error:
        if isinstance(as_out_of_space(error), OutOfSpaceError):
            return NoSpace()
        raise
    stem = note.get("stem", "")
    plan = Plan(
        sealed_path=str(intake.quarantine.path(sealed.name).resolve()),
        sealed_name=sealed.name,
        plain_bytes=sealed.plain_bytes,
        data_key=sealed.data_key,
        output_dir=str((work_dir / OUTPUT).resolve()),
        scratch_dir=str((work_dir / SCRATCH).resolve()),
        forbidden=(stem,) if len(stem) >= SHORTEST_STEM else (),
        workers=settings.ingest_threads,
        memory_bytes=settings.ingest_memory_mib << 20,
        scratch_bytes=int(settings.upload_limit_gib * (1 << 30)),
        reserve_bytes=settings.reserve_mib << 20,
        file_bytes=max(0, free_bytes(intake.data) - (settings.reserve_mib << 20)),
        cpu_s=settings.ingest_limit_s * settings.ingest_threads,
        largest_ratio=settings.canonical_size_ratio,
        video_gop=settings.video_gop,
        parent_pid=os.getpid(),
        slide_rules=profile.slide,
        video_rules=profile.video,
        added=_boxes(asset, "added"),
        removed=_boxes(asset, "removed"),
        pseudonym_key=intake.pseudonyms.digest_key,
        review_path=str((work_dir / REVIEW).resolve() / PICTURES),
    )
    stage, kind, phase = State.QUARANTINED, str(AssetKind.UNKNOWN), ""

    def tick(progress: Progress | None) -> Outcome | None:
        nonlocal stage, kind, phase
        if should_stop():
            return SHUTDOWN
        if free_bytes(intake.data) < settings.reserve_mib << 20:
            return NoSpace()
        wanted = State.VERIFYING if progress and progress.stage == State.VERIFYING else State.CONVERTING
        if progress is not None:
            watch(progress.stage, progress.done, progress.total)
        is_new, stage = wanted is not stage, wanted
        if progress is not None and progress.stage != phase:
            # Estimates of the rest count from the last change of the asset.
            phase = progress.stage
            intake.database.write_now(lambda c: catalog.update_asset(c, intake.ambient, job.asset_id, {}))
        if progress is not None and progress.kind != kind:
            kind = progress.kind
            values = {"kind": kind}
            intake.database.write_now(lambda c: catalog.update_asset(c, intake.ambient, job.asset_id, values))
        return intake.database.write_now(lambda c: _beat(intake, c, job, progress, stage if is_new else None))

    try:
        if (end := tick(None)) is not None:
            return end
        return conversion.run(
            plan, limit_s=settings.ingest_limit_s, stall_s=settings.ingest_stall_s, tick=tick
        )
    except OutOfSpaceError:
        return NoSpace()


def _take_over(intake: Intake, job: jobs.Job) -> bool:
    """Begin anew what an earlier holder, now dead, left in the making. False if the job is not ours."""

    def work(connection: Connection) -> bool:
        if not jobs.heartbeat(connection, intake.ambient, job, stage=None, done_units=0, total_units=0):
            return False
        state = catalog.get_asset(connection, job.asset_id, intake=True).state
        if state in {State.CONVERTING, State.VERIFYING}:
            catalog.set_state(connection, intake.ambient, job.asset_id, State.QUARANTINED)
        return True

    is_ours = intake.database.write_now(work)
    for attempt in range(1, job.attempts if is_ours else 1):
        shutil.rmtree(intake.work_dir / f"{job.job_id}-{attempt}", ignore_errors=True)
    return is_ours


def _beat(
    intake: Intake, connection: Connection, job: jobs.Job, progress: Progress | None, new_state: State | None
) -> Outcome | None:
    known = progress or Progress(State.CONVERTING, 0, 0)
    is_ours = jobs.heartbeat(
        connection,
        intake.ambient,
        job,
        stage=known.stage,
        done_units=known.done,
        total_units=known.total,
    )
    if not is_ours:
        return LOST
    if jobs.cancel_requested(connection, job.job_id):
        return CANCELLED
    if new_state is not None:
        catalog.set_state(connection, intake.ambient, job.asset_id, new_state)
    return None


def _conclude(intake: Intake, job: jobs.Job, outcome: Outcome, pictures: Path | None = None) -> None:
    """Write down how it ended without a result. What that means is decided here and nowhere else.

    ``pictures``: where those for the reviewer are, if it came so far.
    """
    if outcome == LOST:
        log.warning("job lost", asset=job.asset_id, job=job.job_id)
        return
    if outcome == SHUTDOWN:
        intake.database.write_now(lambda c: _give_back(intake, c, job))
        return
    problem = problem_of(intake, outcome)
    is_retryable = isinstance(outcome, NoSpace) or outcome == CANCELLED or problem.kind in RETRYABLE
    state = State.QUARANTINED if is_retryable else State.REFUSED
    place = {"error": outcome.error, "place": outcome.place} if isinstance(outcome, Failed) else {}
    log.warning(
        "not converted",
        asset=job.asset_id,
        job=job.job_id,
        kind=problem.kind,
        reference=problem.reference,
        **place,
    )

    def work(connection: Connection) -> None:
        ended = jobs.JobState.CANCELLED if outcome == CANCELLED else jobs.JobState.FAILED
        if not jobs.finish(connection, intake.ambient, job, ended):
            return
        key = catalog.get_asset(connection, job.asset_id, intake=True).quarantine_key
        if key is not None and pictures is not None and pictures.exists():
            _put_beside(intake, key, pictures)
        if (
            catalog.get_asset(connection, job.asset_id, intake=True).state is State.QUARANTINED
            and is_retryable
        ):
            catalog.update_asset(connection, intake.ambient, job.asset_id, catalog.problem_columns(problem))
        else:
            catalog.set_state(connection, intake.ambient, job.asset_id, state, problem=problem)
        if state is State.REFUSED:
            detail = {"kind": problem.kind, "reference": problem.reference}
            intake.record(connection, SYSTEM, "asset.refused", job.asset_id, detail)

    intake.database.write_now(work)


def _give_back(intake: Intake, connection: Connection, job: jobs.Job) -> None:
    jobs.give_back(connection, job)
    if catalog.get_asset(connection, job.asset_id, intake=True).state is not State.QUARANTINED:
        catalog.set_state(connection, intake.ambient, job.asset_id, State.QUARANTINED)


def _published(
    intake: Intake, job: jobs.Job, work_dir: Path, converted: Converted, profile: Profile
) -> Outcome | None:
    """Publish; why that was not possible, None if it was."""
    try:
        _publish(intake, job, work_dir, converted, profile)
    except OutOfSpaceError:
        return NoSpace()
    except PseudonymError as error:
        return Refused("pseudonyms-unavailable", str(error))
    except UnprovedFileError:
        return Refused("not-proved-clean", UNPROVED_FILE)
    return None


def _publish(intake: Intake, job: jobs.Job, work_dir: Path, converted: Converted, profile: Profile) -> None:
    """Folder and review pictures into their places, then the state that says so; under the database's one
    write lock."""
    published = intake.assets_dir / job.asset_id
    output_dir, pictures = work_dir / OUTPUT, work_dir / REVIEW / PICTURES
    policy, files = intake.policy, published_files(output_dir)
    report = {
        **converted.report,
        "files": [file.to_json() for file in files],
        "canonical_sha256": digest_of(files),
        "has_macro": (output_dir / "macro.jpg").is_file(),
        "scrubbed": {"at": intake.ambient.stamp(), "software_version": metadata.version("slidereel")},
        "policy": {
            "name": policy.name,
            "version": policy.version,
            "digest": policy.digest,
            "profile": profile.name,
            "signatures": profile.signatures,
            "originals": profile.originals.value,
            "rules": profile.to_json(),
        },
    }
    subject = _subject(intake, converted)

    def work(connection: Connection) -> None:
        if not jobs.finish(connection, intake.ambient, job, jobs.JobState.DONE):
            return
        # What a crash left here was never announced.
        shutil.rmtree(published, ignore_errors=True)
        output_dir.rename(published)
        sync_directory(intake.assets_dir)
        key = catalog.get_asset(connection, job.asset_id, intake=True).quarantine_key
        if key is not None:
            # Pictures of an earlier scrub are none of this one.
            intake.review_path(key).unlink(missing_ok=True)
            if pictures.exists():
                _put_beside(intake, key, pictures)
        columns = {"kind": converted.kind, "profile": profile.name, **subject, **_report_columns(report)}
        catalog.set_state(connection, intake.ambient, job.asset_id, State.AWAITING_RELEASE, columns)
        detail = {
            "canonical_bytes": columns["canonical_bytes"],
            "canonical_sha256": columns["canonical_sha256"],
            "source_format": report.get("source_format"),
            "policy": policy.digest,
            "profile": profile.name,
        }
        intake.record(connection, SYSTEM, "asset.converted", job.asset_id, detail)

    try:
        sync_directory(output_dir)
        intake.database.write_now(work)
    except BaseException as error:
        shutil.rmtree(published, ignore_errors=True)
        raise as_out_of_space(error) from error
    if intake.shelf is not None:
        intake.shelf.forget(job.asset_id)


def _put_beside(intake: Intake, key: str, pictures: Path) -> None:
    """The sealed pictures to their original, with which they die."""
    beside = intake.review_path(key)
    pictures.rename(beside)
    sync_directory(beside.parent)


def _subject(intake: Intake, converted: Converted) -> dict[str, str | None]:
    """The patient's pseudonym and shifted day, of a source that names a patient. Raises PseudonymError."""
    if converted.subject_digest is None:
        return {"subject": None, "acquired_on": None}
    patient = intake.pseudonyms.patient(converted.subject_digest)
    day = converted.acquired_on and shifted(date.fromisoformat(converted.acquired_on), patient).isoformat()
    return {"subject": patient.name, "acquired_on": day}


def _boxes(asset: Asset, which: str) -> tuple[Box, ...]:
    """What a reviewer has added or removed."""
    return tuple(Box(**box) for box in (asset.review or {}).get(which, ()))


def _report_columns(report: Mapping[str, Any]) -> dict[str, Any]:
    scales = [scale for scale in (report.get("mpp_x"), report.get("mpp_y")) if scale]
    return {
        "width_px": report["width_px"],
        "height_px": report["height_px"],
        "mpp": sum(scales) / len(scales) if scales else None,
        "objective_power": report.get("objective_power"),
        "frame_count": report.get("frame_count"),
        "duration_s": report.get("duration_s"),
        "canonical_bytes": report["canonical_bytes"],
        "canonical_sha256": report["canonical_sha256"],
        "report": report,
    }
