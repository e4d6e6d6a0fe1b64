"""The review queue: what a scrub found in an asset, how it was before, and what is decided about it.

The pictures of before show the patient. They are opened in memory for whoever may release, sent with the
order to keep nothing, and each look at one is in the audit log.
"""

import asyncio
from functools import partial
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy.engine import Connection

from ground.finding import Box
from server import catalog
from server.access import Permission
from server.api.assets import AssetWire, asset_answer
from server.api.endpoint import Answer, Call, Routes
from server.catalog import Asset, AssetKind, Signature
from server.catalog.model import CONVERTED
from server.catalog.signatures import ALREADY_SIGNED
from server.errors import NotFoundError, WrongStateError
from server.ingest.intake import Intake
from server.ingest.review import signed_digest

routes = Routes("review")
REVIEW = "/api/v1/assets/{asset_id}/review"
BODY_LIMIT_BYTES = 1 << 20
NO_PICTURE = "There is no such picture."
AFTER = {"thumbnail": "/thumbnail.jpg", "macro": "/macro.jpg"}
_decision = partial(
    routes.add,
    "POST",
    access=Permission.ASSET_RELEASE,
    response=AssetWire,
    problems=("not-found", "wrong-state", "invalid-input", "unsupported-media"),
)


class BoxWire(msgspec.Struct, forbid_unknown_fields=True):
    """A rectangle in frame or level-0 px, x1 and y1 beyond its last column and row. Frames: both included,
    null for from the first, to the last."""

    x0: int
    y0: int
    x1: int
    y1: int
    first_frame: int | None = None
    last_frame: int | None = None

    def box(self) -> Box:
        return Box(self.x0, self.y0, self.x1, self.y1, self.first_frame, self.last_frame)


class FindingWire(msgspec.Struct):
    """A place where a patient might show. ``space``: "asset", or "macro" for px of the macro image.
    ``score``: how sure the detector was, 0 to 1; null where nothing was measured."""

    reason: str
    x0: int
    y0: int
    x1: int
    y1: int
    first_frame: int | None
    last_frame: int | None
    is_masked: bool
    score: float | None
    space: str


class PictureWire(msgspec.Struct):
    """A picture before and after. ``scale``: px of its space for each px of the picture. ``before_url`` is
    null once the original is gone, ``after_url`` where the result has no picture of the kind."""

    name: str
    frame: int | None
    width_px: int
    height_px: int
    scale: float
    space: str
    before_url: str | None
    after_url: str | None


class ProfileWire(msgspec.Struct):
    """A profile of the policy."""

    name: str
    description: str


class SignatureWire(msgspec.Struct):
    """Who has signed, and when."""

    by: str
    at: str


class ReviewWire(msgspec.Struct):
    """What there is to decide about an asset. ``kept``: polygons (px) outside of which all is masked, null:
    there are none. ``why_not``: why the caller cannot sign."""

    asset_id: str
    case_name: str
    kind: str
    state: str
    width_px: int | None
    height_px: int | None
    frame_count: int | None
    canonical_sha256: str | None
    profile: str
    profiles: list[ProfileWire]
    material: str | None
    detector: str | None
    pictures: list[PictureWire]
    findings: list[FindingWire]
    kept: list[list[list[int]]] | None
    added: list[BoxWire]
    removed: list[BoxWire]
    signatures: list[SignatureWire]
    signatures_needed: int
    can_sign: bool
    why_not: str | None
    losses: list[str]
    report_url: str
    subject: str | None
    acquired_on: str | None


class ScrubAgain(msgspec.Struct, forbid_unknown_fields=True):
    """How an asset is to be scrubbed anew. ``profile`` null: as before. The boxes replace earlier ones."""

    profile: str | None = None
    add: list[BoxWire] = []
    remove: list[BoxWire] = []


class Rejection(msgspec.Struct, forbid_unknown_fields=True):
    """Why an asset is rejected: identity-visible, wrong-file, poor-quality or other."""

    reason: str


@routes.add("GET", REVIEW, Permission.ASSET_RELEASE, response=ReviewWire, problems=("not-found",))
async def get_review(call: Call) -> Answer:
    """What the scrub found and did, for the person who decides."""
    asset_id, intake = call.path("asset_id"), call.services.intake

    def work(connection: Connection) -> tuple[Asset, list[Signature]]:
        found = catalog.get_asset(connection, asset_id, intake=True)
        return found, catalog.signatures_of(connection, asset_id, found.canonical_sha256)

    found, signatures = await call.services.database.read(work)
    pictures = await asyncio.to_thread(_pictures_of, intake, found)
    return _wire(intake, found, pictures, signatures, call.by.account_id)


@routes.add(
    "GET",
    REVIEW + "/{name:[a-z0-9-]+}.jpg",
    Permission.ASSET_RELEASE,
    response="image/jpeg",
    problems=("not-found",),
)
async def get_picture_before(call: Call) -> Answer:
    """A picture as it was before the scrub; the audit log has who looked at it."""
    asset_id, name, intake = call.path("asset_id"), call.path("name"), call.services.intake

    def work() -> bytes:
        found = intake.asset(asset_id)
        if found.quarantine_key is None:
            raise NotFoundError(NO_PICTURE)
        jpeg = intake.picture_before(found.quarantine_key, name)
        # First the log, then the picture: nobody looks at one of which the log does not know.
        detail = {"picture": name}
        intake.database.write_now(
            lambda c: intake.record(c, call.by, "asset.review.viewed", asset_id, detail)
        )
        return jpeg

    body = await asyncio.to_thread(work)
    return web.Response(body=body, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


@_decision("/api/v1/assets/{asset_id}/scrub", request=ScrubAgain)
async def scrub_again(call: Call) -> Answer:
    """Convert an asset anew from its original: with another profile, with boxes added and taken back."""
    asset_id = call.path("asset_id")
    given = await call.json_body(ScrubAgain, BODY_LIMIT_BYTES)
    await asyncio.to_thread(
        call.services.intake.scrub_again,
        asset_id,
        call.by,
        profile=given.profile,
        add=[box.box() for box in given.add],
        remove=[box.box() for box in given.remove],
    )
    return await asset_answer(call, asset_id)


@_decision("/api/v1/assets/{asset_id}/reject", request=Rejection)
async def reject_asset(call: Call) -> Answer:
    """Refuse a verified asset: its canonical file goes, its original stays in quarantine."""
    asset_id = call.path("asset_id")
    given = await call.json_body(Rejection, BODY_LIMIT_BYTES)
    await asyncio.to_thread(call.services.intake.reject, asset_id, given.reason, call.by)
    return await asset_answer(call, asset_id)


def _wire(
    intake: Intake,
    asset: Asset,
    pictures: list[dict[str, Any]],
    signatures: list[Signature],
    account_id: str | None,
) -> ReviewWire:
    scrub = _scrub_of(asset)
    review = asset.review or {}
    why_not = _why_not(asset, signatures, account_id)
    profiles = intake.policy.profiles
    return ReviewWire(
        asset_id=asset.asset_id,
        case_name=asset.case_name,
        kind=asset.kind,
        state=asset.state,
        width_px=asset.width_px,
        height_px=asset.height_px,
        frame_count=asset.frame_count,
        canonical_sha256=asset.canonical_sha256,
        profile=asset.profile or intake.policy.default_profile,
        profiles=[ProfileWire(profile.name, profile.description) for profile in profiles],
        material=scrub.get("material"),
        detector=scrub.get("detector"),
        pictures=[_picture(asset, picture) for picture in pictures],
        findings=msgspec.convert(scrub.get("findings", []), list[FindingWire]),
        kept=scrub.get("kept"),
        added=msgspec.convert(review.get("added", []), list[BoxWire]),
        removed=msgspec.convert(review.get("removed", []), list[BoxWire]),
        signatures=[SignatureWire(signature.name, signature.at) for signature in signatures],
        signatures_needed=intake.signatures_needed(asset),
        can_sign=why_not is None,
        why_not=why_not,
        losses=list((asset.report or {}).get("losses", ())),
        report_url=f"/api/v1/assets/{asset.asset_id}/report.html",
        subject=asset.subject,
        acquired_on=asset.acquired_on,
    )


def _why_not(asset: Asset, signatures: list[Signature], account_id: str | None) -> str | None:
    """Why this person cannot sign for the release; None if nothing stands in the way."""
    try:
        signed_digest(asset)
    except WrongStateError as error:
        return str(error)
    if any(signature.account_id == account_id for signature in signatures):
        return ALREADY_SIGNED
    return None


def _picture(asset: Asset, stated: dict[str, Any]) -> PictureWire:
    name, frame = stated["name"], stated.get("frame")
    after = None
    if asset.state in CONVERTED:
        base = f"/api/v1/{asset.kind}s/{asset.asset_id}"
        if frame is not None and asset.kind is AssetKind.VIDEO:
            after = f"{base}/frames/{frame}.jpg"
        elif name in AFTER and (name != "macro" or (asset.report or {}).get("has_macro")):
            after = base + AFTER[name]
    before = f"/api/v1/assets/{asset.asset_id}/review/{name}.jpg" if asset.quarantine_key else None
    return PictureWire(
        name,
        frame,
        stated["width_px"],
        stated["height_px"],
        stated.get("scale", 1.0),
        stated.get("space", "asset"),
        before,
        after,
    )


def _scrub_of(asset: Asset) -> dict[str, Any]:
    return dict((asset.report or {}).get("scrub") or {})


def _pictures_of(intake: Intake, asset: Asset) -> list[dict[str, Any]]:
    """As the report has them. Without one, since it was refused: those that are there to choose boxes by."""
    if asset.report is None and asset.quarantine_key is not None:
        return list(intake.pictures_before(asset.quarantine_key))
    return list(_scrub_of(asset).get("pictures", ()))
