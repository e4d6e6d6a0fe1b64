"""IIIF Image API 3.0, level 2: slides for other people's viewers. https://iiif.io/api/image/3.0/

Requests for tiles on the stored grid are answered with the stored bytes, as Deep Zoom's are.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable

import cv2
import msgspec
import numpy as np
from aiohttp import web

from server.access import Permission
from server.api.endpoint import Answer, Call, Public, Routes
from server.api.iiif_request import (
    QUALITIES,
    ImageLimits,
    ImageRequest,
    parse_image_request,
)
from server.api.pictures import DEFAULT_QUALITY, MOST_PX, MOST_SIDE_PX, picture, scale_headers, slide_of
from server.api.tiles import ASSET_ID, cache_control, is_known
from server.errors import BadImageRequestError
from server.imagery.shelf import OpenSlide, read_if_in_memory
from tiling.canonical.layout import CanonicalInfo
from tiling.geometry import Size
from tiling.model import Pixels
from tiling.render import encode, render

routes = Routes("iiif")
BASE = f"/api/v1/iiif/{ASSET_ID}"
INFORMATION = BASE + "/info.json"
IMAGE = BASE + "/{region:[^/]*}/{size:[^/]*}/{rotation:[^/]*}/{quality:[^/]*}.{format:[^/]*}"
CONTEXT = "http://iiif.io/api/image/3/context.json"
LINKED_DATA = f'application/ld+json;profile="{CONTEXT}"'
PROFILE_LINK = '<http://iiif.io/api/image/3/level2.json>;rel="profile"'
_HOST = re.compile(r"[A-Za-z0-9._\-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?", re.ASCII)


class SizeWire(msgspec.Struct):
    """A size at which the whole image is handed out fast."""

    width: int
    height: int


class TilesWire(msgspec.Struct, rename="camel"):
    """Tiles that are stored: their side, and by which numbers the full size is divided."""

    width: int
    height: int
    scale_factors: list[int]


class ImageInformation(msgspec.Struct, rename="camel"):
    """Section 5 of the specification."""

    context: str = msgspec.field(name="@context")
    id: str
    type: str
    protocol: str
    profile: str
    width: int
    height: int
    max_width: int
    max_height: int
    max_area: int
    sizes: list[SizeWire]
    tiles: list[TilesWire]
    preferred_formats: list[str]
    extra_qualities: list[str]
    extra_features: list[str]


@routes.add("GET", BASE, Permission.ASSET_VIEW, status=303, problems=("not-found",), cross_origin=True)
async def get_iiif(call: Call) -> Answer:
    """The image's own address: leads to info.json."""
    await slide_of(call)
    return web.Response(status=303, headers={"Location": f"/api/v1/iiif/{call.path('asset_id')}/info.json"})


@routes.add(
    "GET",
    INFORMATION,
    Permission.ASSET_VIEW,
    response=ImageInformation,
    problems=("not-found",),
    cross_origin=True,
)
async def get_iiif_info(call: Call) -> Answer:
    """IIIF image information: size, tiles, limits and features."""
    opened = await slide_of(call)
    body = msgspec.json.encode(_information(opened.slide.info, _base(call)))
    is_plain_json = _wants_plain_json(call.request.headers.get("Accept", ""))
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}-{"json" if is_plain_json else "ld"}"'
    headers = {
        "Content-Type": "application/json" if is_plain_json else LINKED_DATA,
        # Not for ever: it says what this server can do, too.
        "Cache-Control": "private, no-cache",
        "ETag": etag,
        "Link": PROFILE_LINK,
        "Vary": "Accept",
    }
    if is_known(call.request, etag):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers)


@routes.add(
    "GET",
    IMAGE,
    Permission.ASSET_VIEW,
    response="image/jpeg",
    problems=("not-found", "bad-image-request", "overloaded"),
    cross_origin=True,
)
async def get_iiif_image(call: Call) -> Answer:
    """An image as the IIIF Image API 3.0 asks for it."""
    opened = await slide_of(call)
    info = opened.slide.info
    limits = ImageLimits(Size(info.width_px, info.height_px), MOST_SIDE_PX)
    parts = [call.path(name) for name in ("region", "size", "rotation", "quality", "format")]
    wanted = parse_image_request(limits, *parts)
    more = {
        "Link": f'<{_base(call)}/{wanted.canonical}>;rel="canonical", {PROFILE_LINK}',
        **scale_headers(info, wanted.view),
    }
    if wanted.is_plain and (tile := stored_tile(info, wanted)) is not None:
        return await _tile_answer(call, opened, tile, more)

    def work(cancelled: Callable[[], bool]) -> bytes:
        pixels = render(opened.slide, wanted.view, cancelled)
        return encode(_turned(_reduced(pixels, wanted.quality), wanted), wanted.kind, DEFAULT_QUALITY)

    return await picture(call, opened, ("iiif", wanted), wanted.kind, work, more)


@routes.add("OPTIONS", BASE, Public.ANYBODY, aliases=(INFORMATION, IMAGE), cross_origin=True)
async def preflight_iiif(_call: Call) -> Answer:
    """What another site's page may ask for: GET and HEAD, with a token (Fetch standard, CORS preflight)."""
    return web.Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": "GET, HEAD",
            "Access-Control-Allow-Headers": "Authorization, If-None-Match",
            "Access-Control-Max-Age": "86400",
        },
    )


def stored_tile(info: CanonicalInfo, wanted: ImageRequest) -> tuple[int, int, int] | None:
    """Deep Zoom level, column and row of the stored tile that is exactly what is wanted, if there is one."""
    axes = (
        (wanted.x, wanted.width, info.width_px, wanted.size.width_px),
        (wanted.y, wanted.height, info.height_px, wanted.size.height_px),
    )
    for level in range(info.deepzoom_level_count):
        factor = 1 << (info.deepzoom_level_count - 1 - level)
        side = info.tile_size_px * factor
        if all(
            start % side == 0 and length == min(side, full - start) and size == -(-length // factor)
            for start, length, full, size in axes
        ):
            return level, wanted.x // side, wanted.y // side
    return None


async def _tile_answer(
    call: Call, opened: OpenSlide, tile: tuple[int, int, int], more: dict[str, str]
) -> web.Response:
    etag = '"{}-{}-{}-{}"'.format(opened.etag, *tile)
    headers = {"Content-Type": "image/jpeg", "Cache-Control": cache_control(opened), "ETag": etag, **more}
    if is_known(call.request, etag):
        return web.Response(status=304, headers=headers)
    body = read_if_in_memory(opened.slide.locate(*tile), b"")
    if body is None:
        return web.Response(body=await asyncio.to_thread(opened.slide.read_tile, *tile), headers=headers)
    return web.Response(body=body, headers=headers)


def _information(info: CanonicalInfo, base: str) -> ImageInformation:
    fitting = [level for level in info.levels if max(level.width_px, level.height_px) <= MOST_SIDE_PX]
    side = info.tile_size_px
    return ImageInformation(
        context=CONTEXT,
        id=base,
        type="ImageService3",
        protocol="http://iiif.io/api/image",
        profile="level2",
        width=info.width_px,
        height=info.height_px,
        max_width=MOST_SIDE_PX,
        max_height=MOST_SIDE_PX,
        max_area=MOST_PX,
        sizes=[SizeWire(level.width_px, level.height_px) for level in reversed(fitting)],
        tiles=[TilesWire(side, side, [level.downsample for level in info.levels])],
        preferred_formats=["jpg"],
        extra_qualities=list(QUALITIES[1:]),
        extra_features=["canonicalLinkHeader", "mirroring", "profileLinkHeader", "sizeUpscaling"],
    )


def _base(call: Call) -> str:
    """The image's address as the caller knows it. Raises BadImageRequestError."""
    origin = call.services.settings.public_origin.rstrip("/")
    if not origin:
        if _HOST.fullmatch(call.request.host) is None:
            raise BadImageRequestError("The request's Host is no address.")
        origin = f"{call.request.scheme}://{call.request.host}"
    return f"{origin}/api/v1/iiif/{call.path('asset_id')}"


def _wants_plain_json(accept: str) -> bool:
    """JSON-LD unless only plain JSON was asked for, or a person's browser asks: it would save the file."""
    accept = accept.lower()
    return "application/ld+json" not in accept and ("application/json" in accept or "text/html" in accept)


def _reduced(pixels: Pixels, quality: str) -> Pixels:
    if quality == "default":
        return pixels
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if quality == "bitonal":
        grey = np.where(grey >= 128, 255, 0)
    return grey.astype(np.uint8, copy=False)


def _turned(pixels: Pixels, wanted: ImageRequest) -> Pixels:
    mirrored = pixels[:, ::-1] if wanted.is_mirrored else pixels
    return np.ascontiguousarray(np.rot90(mirrored, -wanted.rotation // 90))
