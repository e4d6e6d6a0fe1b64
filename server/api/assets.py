"""Cases and assets: what there is, how far it is, and what is decided about it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec

from server import catalog, jobs
from server.access import Permission
from server.api.endpoint import Answer, Call, Routes
from server.api.report_summary import report_summary
from server.catalog import Asset, State
from server.errors import InvalidInputError

routes = Routes("assets")
PAGE_LIMIT = 500
LOOKING = "looking"
"""The stage before converting: text and people are looked for."""
PROBLEM_PREFIX = "/problems/"
IN_WORK = frozenset({State.QUARANTINED, State.CONVERTING, State.VERIFYING})
WITH_PIXELS = frozenset({State.AWAITING_RELEASE, State.RELEASED})


class CaseWire(msgspec.Struct):
    """A case; ``asset_count`` counts the assets that the caller can see."""

    case_id: str
    name: str
    asset_count: int
    created_at: str


class CasePage(msgspec.Struct):
    """One page of cases."""

    items: list[CaseWire]
    next_cursor: str | None


class ProgressWire(msgspec.Struct):
    """How far a conversion is; ``total`` 0 and ``eta_s`` null mean not known yet."""

    stage: str
    done: int
    total: int
    eta_s: int | None


class AssetProblemWire(msgspec.Struct):
    """Why an asset is not further; ``reference`` is the number that the log has too."""

    type: str
    detail: str
    reference: str


class AssetWire(msgspec.Struct):
    """A slide or video. Sizes in level-0 or frame pixels, ``mpp`` in µm per pixel; ``kind`` slide, video or,
    before its file was looked into, unknown. ``subject``: the patient's pseudonym, ``acquired_on``: the day
    of the examination, shifted as this patient's days are; null where the file did not say.
    ``report``: of the scrub, for those who see the intake; in a list a summary of it.
    ``canonical_sha256``: of what the last scrub made, for those who see the intake; a release names it."""

    asset_id: str
    kind: str
    state: str
    case_id: str
    case_name: str
    created_at: str
    released_at: str | None
    width_px: int | None
    height_px: int | None
    mpp: float | None
    objective_power: float | None
    frame_count: int | None
    duration_s: float | None
    annotation_count: int
    annotation_revision: int
    thumbnail_url: str | None
    progress: ProgressWire | None
    problem: AssetProblemWire | None
    report: dict[str, Any] | None
    canonical_sha256: str | None
    profile: str | None
    subject: str | None
    acquired_on: str | None
    has_macro: bool
    signature_count: int
    signatures_needed: int


class Release(msgspec.Struct, forbid_unknown_fields=True):
    """How an asset is released; without a body it is done plainly.

    ``confirm_losses``: it is known that not all of the source could be had. ``canonical_sha256``: what the
    review showed; if it was scrubbed again since, nothing is signed.
    """

    confirm_losses: bool = False
    canonical_sha256: str | None = None


class AssetPage(msgspec.Struct):
    """One page of assets."""

    items: list[AssetWire]
    next_cursor: str | None


@routes.add(
    "GET",
    "/api/v1/cases",
    Permission.ASSET_LIST,
    query={"cursor": "Where to continue", "limit": f"1 to {PAGE_LIMIT}, default 100"},
    response=CasePage,
    problems=("invalid-input",),
)
async def list_cases(call: Call) -> Answer:
    """Cases with the number of their assets, newest first."""
    intake = call.actor.may(Permission.ASSET_INTAKE)
    cursor, limit = call.query("cursor"), call.query_int("limit", 100, low=1, high=PAGE_LIMIT)
    page = await call.services.database.read(
        lambda c: catalog.list_cases(c, intake=intake, cursor=cursor, limit=limit)
    )
    items = [
        CaseWire(item.case.case_id, item.case.name, item.asset_count, item.case.created_at)
        for item in page.items
    ]
    return CasePage(items, page.next_cursor)


@routes.add(
    "GET",
    "/api/v1/assets",
    Permission.ASSET_LIST,
    query={
        "case_id": "Only this case",
        "state": "Only this state; discarded assets are listed only when asked for",
        "cursor": "Where to continue",
        "limit": f"1 to {PAGE_LIMIT}, default 100",
    },
    response=AssetPage,
    problems=("invalid-input",),
)
async def list_assets(call: Call) -> Answer:
    """The assets that the caller may see, newest first, each with a summary of its scrub report."""
    intake = call.actor.may(Permission.ASSET_INTAKE)
    limit = call.query_int("limit", 100, low=1, high=PAGE_LIMIT)
    state = _state(call.query("state"))
    case_id, cursor = call.query("case_id"), call.query("cursor")

    def work(connection: Any) -> tuple[catalog.Page[Asset], dict[str, jobs.Job]]:
        page = catalog.list_assets(
            connection, intake=intake, case_id=case_id, state=state, cursor=cursor, limit=limit
        )
        in_work = [item.asset_id for item in page.items if item.state in IN_WORK]
        return page, jobs.latest_jobs(connection, in_work)

    page, work_in_hand = await call.services.database.read(work)
    items = [
        _wire(
            call,
            item,
            work_in_hand.get(item.asset_id),
            intake=intake,
            report=report_summary(item) if intake else None,
        )
        for item in page.items
    ]
    return AssetPage(items, page.next_cursor)


@routes.add(
    "GET", "/api/v1/assets/{asset_id}", Permission.ASSET_LIST, response=AssetWire, problems=("not-found",)
)
async def get_asset(call: Call) -> Answer:
    """One asset; with its scrub report for those who see the intake."""
    return await asset_answer(call, call.path("asset_id"))


@routes.add(
    "POST",
    "/api/v1/assets/{asset_id}/release",
    Permission.ASSET_RELEASE,
    request=Release,
    response=AssetWire,
    problems=("not-found", "wrong-state", "already-signed", "losses-not-confirmed", "invalid-input"),
)
async def release_asset(call: Call) -> Answer:
    """Sign for a release; with the last signature that the policy asks for annotators see the asset.

    Its original is then destroyed, unless it is to be kept.
    """
    given = await call.body(Release) if call.request.can_read_body else Release()
    intake, asset_id = call.services.intake, call.path("asset_id")
    await asyncio.to_thread(
        intake.release,
        asset_id,
        call.by,
        confirm_losses=given.confirm_losses,
        seen_sha256=given.canonical_sha256,
    )
    return await asset_answer(call, call.path("asset_id"))


@routes.add(
    "POST",
    "/api/v1/assets/{asset_id}/cancel",
    Permission.ASSET_INGEST,
    response=AssetWire,
    problems=("not-found", "wrong-state"),
)
async def cancel_asset(call: Call) -> Answer:
    """Stop a conversion; the asset stays in quarantine."""
    await asyncio.to_thread(call.services.intake.cancel, call.path("asset_id"), call.by)
    return await asset_answer(call, call.path("asset_id"))


@routes.add(
    "POST",
    "/api/v1/assets/{asset_id}/retry",
    Permission.ASSET_INGEST,
    response=AssetWire,
    problems=("not-found", "wrong-state"),
)
async def retry_asset(call: Call) -> Answer:
    """Convert a refused or stopped asset again."""
    await asyncio.to_thread(call.services.intake.retry, call.path("asset_id"), call.by)
    return await asset_answer(call, call.path("asset_id"))


@routes.add(
    "POST",
    "/api/v1/assets/{asset_id}/discard",
    Permission.ASSET_INGEST,
    response=AssetWire,
    problems=("not-found", "wrong-state"),
)
async def discard_asset(call: Call) -> Answer:
    """Give an asset up that was not released: its original and its canonical file are destroyed."""
    await asyncio.to_thread(call.services.intake.discard, call.path("asset_id"), call.by)
    return await asset_answer(call, call.path("asset_id"))


async def asset_answer(call: Call, asset_id: str) -> AssetWire:
    intake = call.actor.may(Permission.ASSET_INTAKE)

    def work(connection: Any) -> tuple[Asset, jobs.Job | None]:
        found = catalog.get_asset(connection, asset_id, intake=intake)
        return found, jobs.latest_jobs(connection, [asset_id]).get(asset_id)

    found, job = await call.services.database.read(work)
    return _wire(call, found, job, intake=intake, report=dict(found.report or {}) if intake else None)


def _state(text: str | None) -> State | None:
    if text is None:
        return None
    try:
        return State(text)
    except ValueError as error:
        raise InvalidInputError(f"“state” must be one of {', '.join(State)}.") from error


def _wire(
    call: Call, asset: Asset, job: jobs.Job | None, *, intake: bool, report: dict[str, Any] | None
) -> AssetWire:
    problem, now = asset.problem, call.services.ambient.now()
    return AssetWire(
        asset_id=asset.asset_id,
        kind=asset.kind,
        state=asset.state,
        case_id=asset.case_id,
        case_name=asset.case_name,
        created_at=asset.created_at,
        released_at=asset.released_at,
        width_px=asset.width_px,
        height_px=asset.height_px,
        mpp=asset.mpp,
        objective_power=asset.objective_power,
        frame_count=asset.frame_count,
        duration_s=asset.duration_s,
        annotation_count=asset.annotation_count,
        annotation_revision=asset.annotation_revision,
        thumbnail_url=(
            f"/api/v1/{asset.kind}s/{asset.asset_id}/thumbnail.jpg" if asset.state in WITH_PIXELS else None
        ),
        progress=_progress(asset, job, now) if job else None,
        problem=(
            AssetProblemWire(PROBLEM_PREFIX + problem.kind, problem.detail, problem.reference)
            if problem
            else None
        ),
        report=report or None,
        canonical_sha256=asset.canonical_sha256 if intake else None,
        profile=asset.profile if intake else None,
        subject=asset.subject,
        acquired_on=asset.acquired_on,
        has_macro=bool((asset.report or {}).get("has_macro")),
        signature_count=asset.signature_count,
        signatures_needed=call.services.intake.signatures_needed(asset),
    )


def _progress(asset: Asset, job: jobs.Job, now: datetime) -> ProgressWire:
    """The rest at the pace since this stage began, which is when the asset last changed its state."""
    eta_s = None
    is_measured = job.stage in (asset.state, LOOKING)
    if is_measured and 0 < job.done_units <= job.total_units:
        began = datetime.fromisoformat(asset.updated_at).astimezone(UTC)
        pace_s = (now - began).total_seconds() / job.done_units
        eta_s = round(pace_s * (job.total_units - job.done_units))
    stage = job.stage or ("queued" if job.state is jobs.JobState.QUEUED else "starting")
    return ProgressWire(stage, job.done_units, job.total_units, eta_s)
