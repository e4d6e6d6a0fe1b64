"""Annotations as files of other tools."""

import msgspec
from aiohttp import web

from server.access import Permission
from server.annotating.exchange import Exchange
from server.api.endpoint import Answer, Call, Routes

routes = Routes("exchange")
DEFAULT_FORMAT = "qupath-geojson"
FILE_LIMIT_BYTES = 256 * 1024 * 1024
_FORMAT = {"format": f"Name of the format, default {DEFAULT_FORMAT}"}


class ImportResult(msgspec.Struct):
    """What a file has brought, and in sentences what of it could not be kept."""

    revision: int
    created: int
    classes_created: list[str]
    losses: list[str]


@routes.add(
    "GET",
    "/api/v1/assets/{asset_id}/annotations/export",
    Permission.ANNOTATION_EXPORT,
    query=_FORMAT,
    response="application/geo+json",
    problems=("not-found", "wrong-state", "invalid-input"),
)
async def export_annotations(call: Call) -> Answer:
    """All annotations as a file; the header Slidereel-Losses counts what the format could not hold."""
    exported = await Exchange(call.services.annotating).export(
        call.actor, call.path("asset_id"), call.query("format") or DEFAULT_FORMAT, call.origin
    )
    return web.Response(
        body=exported.data,
        content_type=exported.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{exported.file_name}"',
            "Slidereel-Losses": str(len(exported.losses)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


@routes.add(
    "POST",
    "/api/v1/assets/{asset_id}/annotations/import",
    Permission.ANNOTATION_WRITE,
    query=_FORMAT,
    request="application/octet-stream",
    response=ImportResult,
    problems=("not-found", "wrong-state", "invalid-input", "too-large", "out-of-space"),
)
async def import_annotations(call: Call) -> Answer:
    """Add the annotations of a file, all or none. Those whose ids exist already get new ones."""
    data = await call.raw_body(FILE_LIMIT_BYTES)
    imported = await Exchange(call.services.annotating).import_file(
        call.actor, call.path("asset_id"), call.query("format") or DEFAULT_FORMAT, data, call.origin
    )
    return ImportResult(
        imported.revision, imported.created, list(imported.classes_created), list(imported.losses)
    )
