"""A slide's colours: what a viewer or a program needs to show them as the scanner meant them."""

import asyncio
from collections.abc import Callable

from server.access import Permission
from server.api.endpoint import Answer, Call, Routes
from server.api.pictures import slide_of, stored_answer
from server.api.tiles import ASSET_ID
from server.errors import NotFoundError

routes = Routes("slides")
NO_PROFILE = "This slide has no colour profile that can be used."


@routes.add(
    "GET",
    f"/api/v1/slides/{ASSET_ID}/colour-lut",
    Permission.ASSET_VIEW,
    response="application/octet-stream",
    problems=("not-found", "overloaded"),
)
async def get_colour_lut(call: Call) -> Answer:
    """Stored colours to sRGB: 33 × 33 × 33 × 3 bytes, sRGB at ((b · 33 + g) · 33 + r) · 3.

    Node i stands for the stored value i · 255 / 32; perceptual intent.
    """
    opened = await slide_of(call)
    renders = call.services.renders
    if not opened.slide.info.has_icc_profile:
        raise NotFoundError(NO_PROFILE)

    def work(_cancelled: Callable[[], bool]) -> bytes:
        transform = renders.colours.of(opened.slide)
        if transform is None:
            raise NotFoundError(NO_PROFILE)
        return transform.lut()

    body = await renders.picture((opened.slide.info.digest, "colour-lut"), work)
    return stored_answer(call, opened, "lut", body, "application/octet-stream")


@routes.add(
    "GET",
    f"/api/v1/slides/{ASSET_ID}/profile.icc",
    Permission.ASSET_VIEW,
    response="application/vnd.iccprofile",
    problems=("not-found",),
)
async def get_profile(call: Call) -> Answer:
    """The slide's ICC profile, without its texts."""
    opened = await slide_of(call)
    has_one = opened.slide.info.has_icc_profile
    profile = await asyncio.to_thread(opened.slide.icc_profile) if has_one else None
    if profile is None:
        raise NotFoundError("This slide has no colour profile.")
    return stored_answer(call, opened, "icc", profile, "application/vnd.iccprofile")
