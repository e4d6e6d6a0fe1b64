"""Tiles. A tile's bytes are the file's bytes: nothing is decoded."""

from aiohttp import web

from server.access import Permission
from server.api.endpoint import Answer, Call, Routes
from server.api.services import Services
from server.api.stored import StoredResponse, can_be_stored, date_header
from server.api.wanted import while_wanted
from server.errors import NotFoundError
from server.imagery.shelf import OpenSlide, OpenVideo, read_if_in_memory
from tiling.errors import TileNotFoundError

routes = Routes("slides")
CACHE_CONTROL = "private, max-age=31536000, immutable"
"""A released asset never changes; private, because the next person at this browser may not be permitted."""
PREVIEW_CONTROL = "no-store"
"""Before its release, an asset may show the patient, and may be scrubbed again: no browser keeps it."""
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %%d\r\nETag: %%s\r\n"
_FINAL, _PREVIEW = (
    (_HEAD + b"Cache-Control: %s\r\n%%s\r\n") % control.encode()
    for control in (CACHE_CONTROL, PREVIEW_CONTROL)
)
ASSET_ID = "{asset_id:[0-9a-z]+}"


@routes.add(
    "GET",
    f"/api/v1/slides/{ASSET_ID}_files/{{level:[0-9]+}}/{{col:[0-9]+}}_{{row:[0-9]+}}.jpeg",
    Permission.ASSET_VIEW,
    response="image/jpeg",
    problems=("not-found",),
)
async def get_tile(call: Call) -> Answer:
    """A Deep Zoom tile: level 0 is one pixel, the last level is full size; overlap 0."""
    request, shelf = call.request, call.services.shelf
    path = request.match_info
    preview = Permission.ASSET_RELEASE in call.actor.permissions
    asset_id, level, col, row = path["asset_id"], path["level"], path["col"], path["row"]
    name = (level.encode(), col.encode(), row.encode())
    opened = shelf.remembered(asset_id, preview=preview) or await shelf.opened(asset_id, preview=preview)
    try:
        is_plain = "If-None-Match" not in request.headers and can_be_stored(request)
        if is_plain and (message := _ready(opened, *name)) is not None:
            return StoredResponse(message)
        opened.slide.locate(int(level), int(col), int(row))
    except (TileNotFoundError, ValueError) as error:  # ValueError: a number of thousands of digits
        raise NotFoundError("There is no such tile.") from error
    etag = _etag(opened, *name).decode()
    if is_known(request, etag):
        return web.Response(status=304, headers={"Cache-Control": cache_control(opened), "ETag": etag})
    reading = call.services.cold_reads.tile(opened, int(level), int(col), int(row))
    body = await while_wanted(request, reading)
    headers = {"Content-Type": "image/jpeg", "Cache-Control": cache_control(opened), "ETag": etag}
    return web.Response(body=body, headers=headers)


TILE_ENDPOINT = routes.endpoints[0]


def answer_at_once(
    services: Services, credentials: str, asset_id: bytes, level: bytes, col: bytes, row: bytes
) -> bytearray | None:
    """The complete answer to a plain GET, if caller, slide and tile are all at hand; else None.

    For the fast lane: :func:`get_tile` behind the gate, where it neither waits nor refuses. ``credentials``
    as the authenticator remembers them.
    """
    actor = services.authenticator.remembered(credentials)
    if actor is None or TILE_ENDPOINT.access not in actor.permissions:
        return None
    preview = Permission.ASSET_RELEASE in actor.permissions
    opened = services.shelf.remembered(asset_id.decode("ascii"), preview=preview)
    if opened is None:
        return None
    try:
        return _ready(opened, level, col, row)
    except TileNotFoundError:
        return None


def _ready(opened: OpenSlide, level: bytes, col: bytes, row: bytes) -> bytearray | None:
    """Head and body of a tile that the kernel has in memory. Raises TileNotFoundError, ValueError."""
    place = opened.slide.locate(int(level), int(col), int(row))
    head = jpeg_head(opened) % (place.length, _etag(opened, level, col, row), date_header())
    return read_if_in_memory(place, head)


def _etag(opened: OpenSlide, level: bytes, col: bytes, row: bytes) -> bytes:
    return b'"%s-%s-%s-%s"' % (opened.etag.encode(), level, col, row)


def cache_control(opened: OpenSlide | OpenVideo) -> str:
    """How long a browser may keep what it was shown."""
    return CACHE_CONTROL if opened.is_final else PREVIEW_CONTROL


def jpeg_head(opened: OpenSlide | OpenVideo) -> bytes:
    """The head of a stored answer with a JPEG, but for its length, its tag and the date."""
    return _FINAL if opened.is_final else _PREVIEW


def is_known(request: web.Request, etag: str) -> bool:
    """Whether the caller has it: RFC 9110's list of tags, weak ones too, or ``*`` for any."""
    known = request.headers.get("If-None-Match", "")
    return etag in known or known.strip() == "*"
