"""Any part of a slide at any size, for people and programs."""

import math
from collections.abc import Callable

from server.access import Permission
from server.api.endpoint import Answer, Call, Routes
from server.api.pictures import FORM_QUERY, MOST_SIDE_PX, parse_form, slide_of, view_answer
from server.api.tiles import ASSET_ID
from server.errors import InvalidInputError
from tiling.canonical.layout import CanonicalInfo
from tiling.render import View

routes = Routes("slides")
FARTHEST_L0_PX = 1e9


@routes.add(
    "GET",
    f"/api/v1/slides/{ASSET_ID}/region",
    Permission.ASSET_VIEW,
    query={
        "x": "required; left edge in level-0 pixels; may have fractions and lie outside (white)",
        "y": "required; upper edge in level-0 pixels",
        "w": "required; width in level-0 pixels",
        "h": "required; height in level-0 pixels",
        "mpp": "µm per pixel of the answer; needs a slide that has a scale",
        "width": "width of the answer in pixels; height follows unless given",
        "height": "height of the answer in pixels; width follows unless given. Neither, nor mpp: full size",
        **FORM_QUERY,
    },
    response="image/jpeg",
    problems=("not-found", "invalid-input", "overloaded"),
)
async def get_region(call: Call) -> Answer:
    """A rectangle of level 0 at any size up to 4,096 px a side."""
    view_of = _parse_view(call)
    form = parse_form(call)
    opened = await slide_of(call)
    return await view_answer(call, opened, view_of(opened.slide.info), form)


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
