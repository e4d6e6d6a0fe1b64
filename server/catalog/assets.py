"""Assets in the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server.ambient import Ambient
from server.catalog.model import TRANSITIONS, Asset, AssetKind, Problem, State
from server.catalog.page import Page, after, encode_cursor
from server.db import Row
from server.db.schema import annotation, asset, clinical_case, release_signature
from server.errors import NotFoundError, WrongStateError


@dataclass(frozen=True, slots=True)
class NewAsset:
    """What is known of an asset when its sealed original has arrived."""

    asset_id: str
    case_id: str
    kind: AssetKind
    source_suffix: str
    source_bytes: int
    created_by: str
    quarantine_key: str
    profile: str | None = None


def create_asset(connection: Connection, ambient: Ambient, new: NewAsset) -> None:
    """Enter an asset as quarantined."""
    now = ambient.stamp()
    connection.execute(
        asset.insert().values(
            asset_id=new.asset_id,
            case_id=new.case_id,
            kind=new.kind,
            state=State.QUARANTINED,
            source_suffix=new.source_suffix,
            source_bytes=new.source_bytes,
            created_by=new.created_by,
            created_at=now,
            updated_at=now,
            quarantine_key=new.quarantine_key,
            profile=new.profile,
        )
    )


def _select() -> sa.Select[Any]:
    annotations = (
        sa.select(sa.func.count())
        .select_from(annotation)
        .where(annotation.c.asset_id == asset.c.asset_id)
        .scalar_subquery()
    )
    signatures = (
        sa.select(sa.func.count())
        .select_from(release_signature)
        .where(release_signature.c.asset_id == asset.c.asset_id)
        .where(release_signature.c.canonical_sha256 == asset.c.canonical_sha256)
        .scalar_subquery()
    )
    return sa.select(
        asset,
        clinical_case.c.name.label("case_name"),
        annotations.label("annotation_count"),
        signatures.label("signature_count"),
    ).join(clinical_case, clinical_case.c.case_id == asset.c.case_id)


def get_asset(connection: Connection, asset_id: str, *, intake: bool) -> Asset:
    """One asset. Without ``intake`` an asset that is not released does not exist: :class:`NotFoundError`."""
    row = connection.execute(_select().where(asset.c.asset_id == asset_id)).one_or_none()
    if row is None or not (intake or row.state == State.RELEASED):
        raise NotFoundError("There is no such asset.")
    return _asset(row)


def list_assets(
    connection: Connection,
    *,
    intake: bool,
    case_id: str | None = None,
    state: State | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Page[Asset]:
    """The newest assets first. Without ``intake`` only released ones; discarded ones only if asked for."""
    query = _select().order_by(asset.c.created_at.desc(), asset.c.asset_id.desc()).limit(limit + 1)
    if not intake:
        query = query.where(asset.c.state == State.RELEASED)
    if state is not None:
        query = query.where(asset.c.state == state)
    else:
        query = query.where(asset.c.state != State.DISCARDED)
    if case_id is not None:
        query = query.where(asset.c.case_id == case_id)
    if cursor:
        query = query.where(after(cursor, asset.c.created_at, asset.c.asset_id))
    rows = connection.execute(query).all()
    items = tuple(_asset(row) for row in rows[:limit])
    last = items[-1] if len(rows) > limit else None
    return Page(items, encode_cursor(last.created_at, last.asset_id) if last else None)


def state_of(connection: Connection, asset_id: str) -> State | None:
    """The state that an asset is in; None if there is no such asset."""
    query = sa.select(asset.c.state).where(asset.c.asset_id == asset_id)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else State(found)


def set_state(
    connection: Connection,
    ambient: Ambient,
    asset_id: str,
    state: State,
    values: Mapping[str, Any] | None = None,
    *,
    problem: Problem | None = None,
) -> None:
    """Move an asset to another state, with further columns; an earlier problem is cleared or replaced.

    Raises :class:`NotFoundError`, or :class:`WrongStateError` for a step that does not exist.
    """
    current = state_of(connection, asset_id)
    if current is None:
        raise NotFoundError("There is no such asset.")
    if state not in TRANSITIONS[current]:
        raise WrongStateError(f"The asset is “{current}”; from there it cannot become “{state}”.")
    update_asset(
        connection,
        ambient,
        asset_id,
        {
            **(values or {}),
            "state": state,
            **problem_columns(problem),
        },
    )


def problem_columns(problem: Problem | None) -> dict[str, str | None]:
    """The columns that hold a problem, or hold none."""
    return {
        "problem_kind": problem.kind if problem else None,
        "problem_detail": problem.detail if problem else None,
        "problem_reference": problem.reference if problem else None,
    }


def update_asset(connection: Connection, ambient: Ambient, asset_id: str, values: Mapping[str, Any]) -> None:
    """Write columns that are not the state's business."""
    connection.execute(
        asset.update().where(asset.c.asset_id == asset_id).values(**values, updated_at=ambient.stamp())
    )


def count_by_state(connection: Connection) -> dict[State, int]:
    """How many assets there are in each state, zeros included."""
    rows = connection.execute(sa.select(asset.c.state, sa.func.count()).group_by(asset.c.state))
    counts = dict.fromkeys(State, 0)
    counts.update({State(state): number for state, number in rows})
    return counts


def _asset(row: Row) -> Asset:
    problem = (
        Problem(row.problem_kind, row.problem_detail, row.problem_reference) if row.problem_kind else None
    )
    return Asset(
        asset_id=row.asset_id,
        case_id=row.case_id,
        case_name=row.case_name,
        kind=AssetKind(row.kind),
        state=State(row.state),
        source_suffix=row.source_suffix,
        source_bytes=row.source_bytes,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        released_by=row.released_by,
        released_at=row.released_at,
        width_px=row.width_px,
        height_px=row.height_px,
        mpp=row.mpp,
        objective_power=row.objective_power,
        frame_count=row.frame_count,
        duration_s=row.duration_s,
        canonical_bytes=row.canonical_bytes,
        canonical_sha256=row.canonical_sha256,
        report=row.report,
        problem=problem,
        quarantine_key=row.quarantine_key,
        annotation_revision=row.annotation_revision,
        annotation_count=row.annotation_count,
        profile=row.profile,
        subject=row.subject,
        acquired_on=row.acquired_on,
        review=row.review,
        signature_count=row.signature_count,
    )
