"""Slides: what a viewer needs to know before it asks for tiles (:mod:`server.api.tiles`)."""

import asyncio
import hashlib

import msgspec

from server.access import Permission
from server.api.endpoint import Answer, Call, Routes
from server.api.openings import record_opening
from server.api.pictures import (
    FORM_QUERY,
    MOST_SIDE_PX,
    Form,
    parse_form,
    slide_of,
    stored_answer,
    view_answer,
)
from server.api.tiles import ASSET_ID
from server.errors import NotFoundError
from server.imagery.shelf import OpenSlide
from tiling.render import View

routes = Routes("slides")
THUMBNAIL_PX = 512


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
    """A slide. ``mpp`` is µm per level-0 pixel, null where the file does not say.

    ``remarks`` are sentences on what was chosen where the file left a choice (a focal plane, a window).
    ``colour_lut_url`` is null where the slide has no colour profile that can be used: its colours are taken
    for sRGB.
    """

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
    source_format: str
    remarks: list[str]
    colour_lut_url: str | None
    region_url: str
    iiif_url: str


@routes.add(
    "GET",
    f"/api/v1/slides/{ASSET_ID}.dzi",
    Permission.ASSET_VIEW,
    response="application/xml",
    problems=("not-found",),
)
async def get_dzi(call: Call) -> Answer:
    """The Deep Zoom descriptor."""
    opened = await slide_of(call)
    return stored_answer(call, opened, "dzi", opened.slide.dzi().encode(), "application/xml")


@routes.add(
    "GET",
    f"/api/v1/slides/{ASSET_ID}/thumbnail.jpg",
    Permission.ASSET_VIEW,
    response="image/jpeg",
    problems=("not-found",),
)
async def get_thumbnail(call: Call) -> Answer:
    """The whole slide, at most 512 px wide or high."""
    return await _stored_thumbnail(call, await slide_of(call))


@routes.add(
    "GET",
    f"/api/v1/slides/{ASSET_ID}/macro.jpg",
    Permission.ASSET_VIEW,
    response="image/jpeg",
    problems=("not-found",),
)
async def get_macro(call: Call) -> Answer:
    """The picture of the whole glass without its label, where one was kept."""
    opened = await slide_of(call)
    body = await asyncio.to_thread(opened.slide.macro)
    if body is None:
        raise NotFoundError("There is no macro image of this slide.")
    # Another scrub may change this picture alone, of which the slide's own digest knows nothing.
    name = f"macro-{hashlib.sha256(body).hexdigest()[:16]}"
    return stored_answer(call, opened, name, body, "image/jpeg")


@routes.add(
    "GET",
    f"/api/v1/slides/{ASSET_ID}/thumbnail",
    Permission.ASSET_VIEW,
    query={
        "width": f"the answer is at most so wide; {THUMBNAIL_PX} unless given",
        "height": f"the answer is at most so high; {THUMBNAIL_PX} unless given",
        **FORM_QUERY,
    },
    response="image/jpeg",
    problems=("not-found", "invalid-input", "overloaded"),
)
async def get_sized_thumbnail(call: Call) -> Answer:
    """The whole slide as large as fits in a box, never enlarged."""
    box = [call.query_int(name, THUMBNAIL_PX, low=1, high=MOST_SIDE_PX) for name in ("width", "height")]
    form = parse_form(call)
    opened = await slide_of(call)
    if box == [THUMBNAIL_PX, THUMBNAIL_PX] and form == Form():
        return await _stored_thumbnail(call, opened)
    info = opened.slide.info
    scale = min(box[0] / info.width_px, box[1] / info.height_px, 1.0)
    width, height = (max(1, round(side * scale)) for side in (info.width_px, info.height_px))
    return await view_answer(call, opened, View(0, 0, info.width_px, info.height_px, width, height), form)


@routes.add(
    "GET",
    f"/api/v1/slides/{ASSET_ID}",
    Permission.ASSET_VIEW,
    response=SlideWire,
    problems=("not-found",),
)
async def get_slide(call: Call) -> Answer:
    """A slide's size, scale and levels; the audit log has who opened it."""
    opened = await slide_of(call)
    asset_id, info = call.path("asset_id"), opened.slide.info
    await record_opening(call, call.services.shelf, asset_id)
    colours = call.services.renders.colours
    has_colours = info.has_icc_profile and await asyncio.to_thread(colours.of, opened.slide) is not None
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
        source_format=info.source_format,
        remarks=list(info.remarks),
        colour_lut_url=base + "/colour-lut" if has_colours else None,
        region_url=base + "/region",
        iiif_url=f"/api/v1/iiif/{asset_id}",
    )


async def _stored_thumbnail(call: Call, opened: OpenSlide) -> Answer:
    body = await asyncio.to_thread(opened.slide.thumbnail)
    return stored_answer(call, opened, "thumbnail", body, "image/jpeg")
