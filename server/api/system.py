"""Health, metrics and the description of the interface itself."""

import asyncio

from aiohttp import web

from server import catalog
from server.api.endpoint import Answer, Call, Public, Routes
from server.db.migrate import is_current

routes = Routes("system")


@routes.add("GET", "/healthz", Public.ANYBODY, response="text/plain")
async def health(_call: Call) -> Answer:
    """Whether the process answers."""
    return web.Response(text="ok\n", headers={"Cache-Control": "no-store"})


@routes.add("GET", "/readyz", Public.ANYBODY, response="application/json")
async def ready(call: Call) -> Answer:
    """Whether the database and the data folder can be used; 503 and what is wrong otherwise."""
    checks = {"database": "ok"}
    if not await call.services.database.read(is_current):
        checks["database"] = "the schema is not current"
    results = await asyncio.gather(*(check() for check in call.services.readiness.values()))
    checks.update(
        {name: result or "ok" for name, result in zip(call.services.readiness, results, strict=True)}
    )
    is_ready = all(result == "ok" for result in checks.values())
    return web.json_response(
        {"ready": is_ready, "checks": checks},
        status=200 if is_ready else 503,
        headers={"Cache-Control": "no-store"},
    )


@routes.add("GET", "/metrics", Public.ANYBODY, response="text/plain")
async def metrics(call: Call) -> Answer:
    """Counters and timings in the Prometheus text format, of all processes; numbers only, no ids."""
    services = call.services
    counts = await call.services.database.read(catalog.count_by_state)
    body = await services.siblings.render_all(services.metrics.render())
    return web.Response(
        body=body + services.metrics.render_assets(counts),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Cache-Control": "no-store"},
    )


@routes.add("GET", "/api/v1/openapi.json", Public.ANYBODY, response="application/json")
async def openapi(call: Call) -> Answer:
    """This description."""
    return web.Response(body=call.request.app[OPENAPI], content_type="application/json")


OPENAPI: web.AppKey[bytes] = web.AppKey("openapi", bytes)
