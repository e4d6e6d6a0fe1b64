"""Any part of a slide at any size, for people and programs."""

import hashlib
import math
from collections.abc import Callable, Mapping

from aiohttp import web

from server.access import Permission
from server.api.endpoint import Answer, Call, Routes
from server.api.tiles import ASSET_ID, CACHE_CONTROL, is_known
from server.errors import InvalidInputError
from server.imagery.shelf import OpenSlide
from tiling.canonical.layout import CanonicalInfo
from tiling.render import Picture, View, encode, render

routes = Routes("slides")
MOST_SIDE_PX = 4_096
MOST_PX = 16_777_216
FARTHEST_L0_PX = 1e9
DEFAULT_QUALITY = 90


@routes.add(
    "GET",
    f"/api/v1/slides/{ASSET_ID}/region",
    Permission.ASSET_VIEW,
    query={
        "x": "left edge in level-0 pixels; fractions and places outside of the slide (white) are fine",
        "y": "upper edge in level-0 pixels",
        "w": "width in level-0 pixels",
        "h": "height in level-0 pixels",
        "mpp": "µm per pixel of the answer; needs a slide that has a scale",
        "width": "width of the answer in pixels; height follows unless given",
        "height": "height of the answer in pixels; width follows unless given. Neither, nor mpp: full size",
        "colour": "stored (as scanned, the default) or srgb (the slide's colour profile applied)",
        "format": "jpeg (the default) or png",
        "quality": "of a JPEG, 1 to 100; 90 unless given",
    },
    response="image/jpeg",
    problems=("not-found", "invalid-input", "overloaded"),
)
async def get_region(call: Call) -> Answer:
    """A rectangle of level 0 at any size up to 4,096 px a side."""
    view_of = _parse_view(call)
    kind, quality = picture_kind(call.query("format") or "jpeg"), _quality(call)
    opened = await slide_of(call)
    view = view_of(opened.slide.info)
    check_size(view.width_px, view.height_px)

    def work(cancelled: Callable[[], bool]) -> bytes:
        return encode(render(opened.slide, view, cancelled), kind, quality)

    return await picture(call, opened, ("region", view, quality), kind, work, _scale_headers(opened, view))


async def slide_of(call: Call) -> OpenSlide:
    """The slide of the path. Raises :class:`server.errors.NotFoundError`."""
    preview = call.actor.may(Permission.ASSET_RELEASE)
    return await call.services.shelf.slide(call.path("asset_id"), preview=preview)


async def picture(
    call: Call,
    opened: OpenSlide,
    what: tuple[object, ...],
    kind: Picture,
    work: Callable[[Callable[[], bool]], bytes],
    more: Mapping[str, str],
) -> web.Response:
    """The picture that ``what`` describes completely, made by ``work`` unless the caller or we have it."""
    name = hashlib.sha256(repr((what, kind)).encode()).hexdigest()[:20]
    etag = f'"{opened.etag}-{name}"'
    headers = {"Content-Type": kind.value, "Cache-Control": CACHE_CONTROL, "ETag": etag, **more}
    if is_known(call.request, etag):
        return web.Response(status=304, headers=headers)
    key = (opened.slide.info.digest, kind, what)
    return web.Response(body=await call.services.renders.picture(key, work), headers=headers)


def picture_kind(name: str) -> Picture:
    """jpeg or png. Raises InvalidInputError."""
    kinds = {"jpeg": Picture.JPEG, "jpg": Picture.JPEG, "png": Picture.PNG}
    if name not in kinds:
        raise InvalidInputError("“format” must be jpeg or png.")
    return kinds[name]


def check_size(width_px: int, height_px: int) -> None:
    """Raises InvalidInputError where the answer would be too large."""
    if max(width_px, height_px) > MOST_SIDE_PX or width_px * height_px > MOST_PX:
        raise InvalidInputError(
            f"The answer would be {width_px:,} × {height_px:,} px. It may have {MOST_SIDE_PX:,} px a side: "
            "ask for a smaller region, or a coarser scale."
        )


def _parse_view(call: Call) -> Callable[[CanonicalInfo], View]:
    x, y = (_number(call, name, -FARTHEST_L0_PX, FARTHEST_L0_PX) for name in ("x", "y"))
    w, h = (_number(call, name, 0, FARTHEST_L0_PX, above=True) for name in ("w", "h"))
    width, height = (call.query_int(name, 0, low=1, high=MOST_SIDE_PX) for name in ("width", "height"))
    mpp = _number(call, "mpp", 0, 1e6, above=True) if call.query("mpp") else None
    if mpp is not None and (width or height):
        raise InvalidInputError("Give “mpp”, or “width” and “height”, not both.")

    def view_of(info: CanonicalInfo) -> View:
        if mpp is not None:
            if not info.mpp_x or not info.mpp_y:
                raise InvalidInputError(
                    "The file does not say this slide's scale: ask by “width” or “height” instead of “mpp”."
                )
            size = w * info.mpp_x / mpp, h * info.mpp_y / mpp
        elif width or height:
            size = width or w * height / h, height or h * width / w
        else:
            size = w, h
        # However slim a region is, the answer has a pixel.
        return View(x, y, w, h, *(max(1, math.floor(side + 0.5)) for side in size))

    return view_of


def _number(call: Call, name: str, low: float, high: float, *, above: bool = False) -> float:
    text = call.query(name)
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        number = math.nan
    if not low <= number <= high or (above and number == low):
        limits = f"above {low:,.0f} and up to {high:,.0f}" if above else f"from {low:,.0f} to {high:,.0f}"
        raise InvalidInputError(f"“{name}” must be a number {limits}.")
    return number


def _quality(call: Call) -> int:
    return call.query_int("quality", DEFAULT_QUALITY, low=1, high=100)


def _scale_headers(opened: OpenSlide, view: View) -> dict[str, str]:
    info, (across, down) = opened.slide.info, view.axes
    headers = {"Slidereel-Downsample": f"{across.downsample:.9g}, {down.downsample:.9g}"}
    if info.mpp_x and info.mpp_y:
        mpp = info.mpp_x * across.downsample, info.mpp_y * down.downsample
        headers["Slidereel-Mpp"] = f"{mpp[0]:.9g}, {mpp[1]:.9g}"
    return headers
