"""How pictures of slides are answered: made once, kept by whoever asked, bounded in size."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from server.access import Permission
from server.api.endpoint import Call
from server.api.tiles import cache_control, is_known
from server.api.wanted import while_wanted
from server.errors import InvalidInputError
from server.imagery.shelf import OpenSlide
from tiling.canonical.layout import CanonicalInfo
from tiling.render import Picture, View, encode, render

MOST_SIDE_PX = 4_096
MOST_PX = 16_777_216
DEFAULT_QUALITY = 90
_KINDS = {"jpeg": Picture.JPEG, "jpg": Picture.JPEG, "png": Picture.PNG}
FORM_QUERY = {
    "colour": "stored (as scanned, the default) or srgb (the slide's colour profile applied, if it has one)",
    "format": "jpeg (the default) or png",
    "quality": "of a JPEG, 1 to 100; 90 unless given",
}


@dataclass(frozen=True, slots=True)
class Form:
    """How a view is to be handed over. is_srgb: the slide's colour profile applied."""

    kind: Picture = Picture.JPEG
    quality: int = DEFAULT_QUALITY
    is_srgb: bool = False


def parse_form(call: Call) -> Form:
    """Colour, format and quality from the query. Raises InvalidInputError."""
    kind, colour = call.query("format") or "jpeg", call.query("colour") or "stored"
    if kind not in _KINDS:
        raise InvalidInputError("“format” must be jpeg or png.")
    if colour not in {"stored", "srgb"}:
        raise InvalidInputError("“colour” must be stored or srgb.")
    quality = call.query_int("quality", DEFAULT_QUALITY, low=1, high=100)
    return Form(_KINDS[kind], quality, colour == "srgb")


async def view_answer(call: Call, opened: OpenSlide, view: View, form: Form) -> web.Response:
    """A view of a slide, with its scale in the head. Raises InvalidInputError if it would be too large."""
    check_size(view.width_px, view.height_px)
    slide, colours = opened.slide, call.services.renders.colours

    def work(cancelled: Callable[[], bool]) -> bytes:
        pixels = render(slide, view, cancelled)
        if form.is_srgb and (transform := colours.of(slide)) is not None:
            transform.apply(pixels)
        return encode(pixels, form.kind, form.quality)

    return await picture(call, opened, (view, form), form.kind, work, scale_headers(slide.info, view))


async def slide_of(call: Call) -> OpenSlide:
    """The slide of the path. Raises :class:`server.errors.NotFoundError`."""
    preview = call.actor.may(Permission.ASSET_RELEASE)
    return await call.services.shelf.opened(call.path("asset_id"), preview=preview)


def stored_answer(call: Call, opened: OpenSlide, name: str, body: bytes, content_type: str) -> web.Response:
    """Something that is stored of a slide, unless the caller has it."""
    etag = f'"{opened.etag}-{name}"'
    headers = {"Content-Type": content_type, "Cache-Control": cache_control(opened), "ETag": etag}
    if is_known(call.request, etag):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers)


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
    headers = {"Content-Type": kind.value, "Cache-Control": cache_control(opened), "ETag": etag, **more}
    if is_known(call.request, etag):
        return web.Response(status=304, headers=headers)
    key = (opened.slide.info.digest, kind, what)
    renders = call.services.renders
    body = renders.cache.get(key) or await while_wanted(call.request, renders.picture(key, work))
    return web.Response(body=body, headers=headers)


def check_size(width_px: int, height_px: int) -> None:
    """Raises InvalidInputError where the answer would be too large."""
    if max(width_px, height_px) > MOST_SIDE_PX or width_px * height_px > MOST_PX:
        raise InvalidInputError(
            f"The answer would be {width_px:,} × {height_px:,} px. It may have {MOST_SIDE_PX:,} px a side: "
            "ask for a smaller region, or a coarser scale."
        )


def scale_headers(info: CanonicalInfo, view: View) -> dict[str, str]:
    """Level-0 pixels and µm per pixel of the answer, each across and down."""
    across, down = view.axes
    headers = {"Slidereel-Downsample": f"{across.downsample:.9g}, {down.downsample:.9g}"}
    if info.mpp_x and info.mpp_y:
        mpp = info.mpp_x * across.downsample, info.mpp_y * down.downsample
        headers["Slidereel-Mpp"] = f"{mpp[0]:.9g}, {mpp[1]:.9g}"
    return headers
