"""The browser's files: the page itself for every page address, and its hashed scripts and styles."""

import mimetypes
from pathlib import Path

from aiohttp import web

from server.api.endpoint import Answer, Call, Public, Routes
from server.errors import NotFoundError

routes = Routes("pages")

PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
NOT_BUILT = (
    "<!doctype html><title>Slidereel</title><p>The server runs, but its browser pages were not built. "
    "Run <code>scripts/setup</code> and start it again."
)
PAGES = (
    "/",
    "/login",
    "/intake",
    "/review",
    "/review/{asset_id}",
    "/admin/classes",
    "/admin/users",
    "/audit",
    "/slides/{asset_id}",
    "/videos/{asset_id}",
)


async def page(call: Call) -> Answer:
    """The page; which one is shown is decided in the browser by the address."""
    return _index(call, 200)


def page_not_found(call: Call) -> web.StreamResponse:
    """The page for an address that has none: the browser's side says so and shows the way back."""
    return _index(call, 404)


def _index(call: Call, status: int) -> web.StreamResponse:
    folder = call.services.front_end
    if folder is None:
        return web.Response(text=NOT_BUILT, status=503, content_type="text/html")
    headers = {**PAGE_HEADERS, "Cache-Control": "no-cache", "Content-Type": "text/html; charset=utf-8"}
    if status != 200:
        return web.Response(body=(folder / "index.html").read_bytes(), status=status, headers=headers)
    return web.FileResponse(folder / "index.html", headers=headers)


for _path in PAGES:
    routes.add("GET", _path, Public.ANYBODY, response="text/html")(page)


@routes.add(
    "GET",
    "/static/{path:.+}",
    Public.ANYBODY,
    response="application/octet-stream",
    problems=("not-found",),
)
async def static_file(call: Call) -> Answer:
    """A file of the built front end. Its name holds its content's hash, so it may be kept for ever."""
    folder = call.services.front_end
    file = _inside(folder, call.path("path")) if folder is not None else None
    if file is None:
        raise NotFoundError("There is no such file.")
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    is_hashed = file.parent != folder
    return web.FileResponse(
        file,
        headers={
            "Content-Type": kind + ("; charset=utf-8" if kind.startswith("text/") else ""),
            "Cache-Control": "public, max-age=31536000, immutable" if is_hashed else "no-cache",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _inside(folder: Path, relative: str) -> Path | None:
    try:
        file = (folder / relative).resolve()
        return file if file.is_relative_to(folder.resolve()) and file.is_file() else None
    except (OSError, ValueError):
        return None
