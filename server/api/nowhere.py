"""What is at an address where nothing is: the page that says so for a person, a problem document otherwise.

It is a route and not a middleware, because a middleware would stand before every tile.
"""

from aiohttp import web

from server.api.endpoint import Answer, Call, Endpoint, Public
from server.api.pages import page_not_found

PATH = r"/{unknown:[\s\S]*}"
"""Everything, encoded line ends too (a dot would leave those out, to be answered without a reference)."""


async def nowhere(call: Call) -> Answer:
    """404, or 405 with the methods that the address takes."""
    allowed: set[str] = set()
    for resource in call.request.app.router.resources():
        if resource.canonical != "/{unknown}":
            allowed |= (await resource.resolve(call.request))[1]
    if allowed:
        raise web.HTTPMethodNotAllowed(call.request.method, sorted(allowed))
    if call.request.method == "GET" and "text/html" in call.request.headers.get("Accept", ""):
        return page_not_found(call)
    raise web.HTTPNotFound


NOWHERE = Endpoint(
    method="*",
    path=PATH,
    access=Public.ANYBODY,
    handler=nowhere,
    summary="Nothing is here",
    query={},
    request=None,
    response=None,
    status=404,
    problems=(),
    tag="system",
    aliases=(),
)
