"""Slides: what a viewer needs to know before it asks for tiles (:mod:`server.api.tiles`)."""

import asyncio
import time

import msgspec
from aiohttp import web

from server import audit
from server.access import Permission
from server.api.endpoint import Answer, Call, Routes
from server.api.tiles import ASSET_ID, CACHE_CONTROL, is_known
from server.imagery.shelf import OpenSlide

routes = Routes("slides")


class LevelWire(msgspec.Struct):
    """A pyramid level; level 0 is full size. ``quality`` is null where the scanner's tiles were kept."""

    level: int
    width_px: int
    height_px: int
    downsample: int
    cols: int
    rows: int
    encoding: str
    quality: int | None


class SlideWire(msgspec.Struct):
    """A slide. ``mpp`` is µm per level-0 pixel, null where the file does not say."""

    asset_id: str
    width_px: int
    height_px: int
    tile_size_px: int
    mpp: float | None
    mpp_x: float | None
    mpp_y: float | None
    objective_power: float | None
    levels: list[LevelWire]
    dzi_url: str
    tiles_url: str
    thumbnail_url: str
    deepzoom_level_count: int


@routes.add(
    "GET",
    f"/api/v1/slides/{ASSET_ID}.dzi",
    Permission.ASSET_VIEW,
    response="application/xml",
    problems=("not-found",),
)
async def get_dzi(call: Call) -> Answer:
    """The Deep Zoom descriptor."""
    opened = await _slide(call)
    return _cached(call, f'"{opened.etag}-dzi"', opened.slide.dzi().encode(), "application/xml")


@routes.add(
    "GET",
    f"/api/v1/slides/{ASSET_ID}/thumbnail.jpg",
    Permission.ASSET_VIEW,
    response="image/jpeg",
    problems=("not-found",),
)
async def get_thumbnail(call: Call) -> Answer:
    """The whole slide, at most 512 px wide or high."""
    opened = await _slide(call)
    body = await asyncio.to_thread(opened.slide.thumbnail)
    return _cached(call, f'"{opened.etag}-thumbnail"', body, "image/jpeg")


@routes.add(
    "GET",
    f"/api/v1/slides/{ASSET_ID}",
    Permission.ASSET_VIEW,
    response=SlideWire,
    problems=("not-found",),
)
async def get_slide(call: Call) -> Answer:
    """A slide's size, scale and levels; the audit log has who opened it."""
    opened = await _slide(call)
    asset_id, info = call.path("asset_id"), opened.slide.info
    await _record_opening(call, asset_id)
    scales = [scale for scale in (info.mpp_x, info.mpp_y) if scale]
    base = f"/api/v1/slides/{asset_id}"
    return SlideWire(
        asset_id=asset_id,
        width_px=info.width_px,
        height_px=info.height_px,
        tile_size_px=info.tile_size_px,
        mpp=sum(scales) / len(scales) if scales else None,
        mpp_x=info.mpp_x,
        mpp_y=info.mpp_y,
        objective_power=info.objective_power,
        levels=[
            LevelWire(
                level.level,
                level.width_px,
                level.height_px,
                level.downsample,
                level.cols,
                level.rows,
                level.encoding,
                level.quality,
            )
            for level in info.levels
        ],
        dzi_url=base + ".dzi",
        tiles_url=base + "_files/",
        thumbnail_url=base + "/thumbnail.jpg",
        deepzoom_level_count=info.deepzoom_level_count,
    )


async def _slide(call: Call) -> OpenSlide:
    preview = call.actor.may(Permission.ASSET_RELEASE)
    return await call.services.shelf.slide(call.path("asset_id"), preview=preview)


def _cached(call: Call, etag: str, body: bytes, content_type: str) -> web.Response:
    headers = {"Content-Type": content_type, "Cache-Control": CACHE_CONTROL, "ETag": etag}
    if is_known(call.request, etag):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers)


async def _record_opening(call: Call, asset_id: str) -> None:
    services, by = call.services, call.by
    if not services.shelf.openings.is_new(by.account_id or by.name, asset_id, time.monotonic()):
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
