"""The report on an asset's scrub, for people and for programs, and the policy that is in force."""

import asyncio
from functools import partial
from importlib import metadata
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy.engine import Connection

from server import catalog
from server.access import Permission
from server.api.endpoint import Answer, Call, Routes
from server.catalog import Asset, Signature
from server.deid.report import report_json, scrub_report
from server.deid.report_page import report_html
from server.deid.report_style import CONTENT_SECURITY_POLICY

routes = Routes("reports")
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_report = partial(routes.add, "GET", access=Permission.ASSET_INTAKE, problems=("not-found", "wrong-state"))


class PolicyWire(msgspec.Struct):
    """The policy in force. ``digest``: SHA-256 of what it means; ``profiles``: with all their rules."""

    name: str
    version: str
    digest: str
    default_profile: str
    profiles: list[dict[str, Any]]


@routes.add("GET", "/api/v1/deid/policy", Permission.ASSET_INTAKE, response=PolicyWire)
async def get_policy(call: Call) -> Answer:
    """The policy by which files are scrubbed today."""
    policy = call.services.intake.policy
    profiles = [profile.to_json() for profile in policy.profiles]
    return PolicyWire(policy.name, policy.version, policy.digest, policy.default_profile, profiles)


@_report("/api/v1/assets/{asset_id}/report", response="application/json")
async def get_report(call: Call) -> Answer:
    """The signed report on an asset's scrub: what was looked for, found, done and proved, never a value."""
    document = await _document(call)
    return web.Response(
        text=report_json(document), content_type="application/json", headers={"Cache-Control": "no-store"}
    )


@_report("/api/v1/assets/{asset_id}/report.html", response="text/html")
async def get_report_page(call: Call) -> Answer:
    """The same report as a page to be read and printed."""
    page = report_html(await _document(call))
    return web.Response(text=page, content_type="text/html", headers=PAGE_HEADERS)


async def _document(call: Call) -> dict[str, Any]:
    asset_id, intake = call.path("asset_id"), call.services.intake

    def work(connection: Connection) -> tuple[Asset, list[Signature]]:
        found = catalog.get_asset(connection, asset_id, intake=True)
        return found, catalog.signatures_of(connection, asset_id, found.canonical_sha256)

    found, signatures = await call.services.database.read(work)
    return await asyncio.to_thread(
        scrub_report,
        found,
        signatures,
        intake.signer,
        software_version=metadata.version("slidereel"),
        policy=intake.policy,
    )
