"""Put the parts together: settings in, a web application out."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from importlib import metadata
from pathlib import Path

from aiohttp import web

from server.access.authenticator import Authenticator
from server.ambient import Ambient, real_ambient
from server.annotating.service import Annotating
from server.api import ALL_ROUTES
from server.api.fast_lane import Lane, LaneSite
from server.api.gate import declared, guarded
from server.api.metrics import Metrics
from server.api.nowhere import NOWHERE
from server.api.openapi import openapi_document
from server.api.pages import PAGES
from server.api.services import SERVICES, Services
from server.api.siblings import Siblings
from server.api.system import OPENAPI
from server.config import Settings
from server.db import Database
from server.errors import StorageError
from server.imagery.cold_reads import ColdReads
from server.imagery.frames import Frames
from server.imagery.render import Renders
from server.imagery.shelf import SlideShelf, VideoShelf
from server.ingest.intake import Intake
from server.ingest.runner import IngestRunner

BACKLOG = 1024
CHECKPOINT_S = 30.0
FRONT_END = Path(__file__).resolve().parent.parent / "static" / "dist"


class UndeclaredRouteError(RuntimeError):
    """A route has no declared permission: the server does not start."""


def create_app(
    settings: Settings,
    database: Database,
    ambient: Ambient | None = None,
    *,
    run_jobs: bool = True,
    siblings: Siblings | None = None,
) -> web.Application:
    """The application of one data folder. The caller owns ``database`` and closes it afterwards.

    Of several processes (``siblings``) each has an application; the first one runs the jobs.

    Raises :class:`UndeclaredRouteError` if any route lacks a declared permission.
    """
    ambient = ambient or real_ambient()
    siblings = siblings or Siblings()
    shelf = SlideShelf(settings.data / "assets", database, notices=siblings.asset_notices)
    videos = VideoShelf(settings.data / "assets", database, notices=siblings.asset_notices)
    intake = Intake(settings, ambient, database, shelf)
    services = Services(
        settings=settings,
        ambient=ambient,
        database=database,
        authenticator=Authenticator(
            database, ambient, settings, notices=siblings.session_notices, failures=siblings.failures
        ),
        annotating=Annotating(database, ambient),
        shelf=shelf,
        videos=videos,
        cold_reads=ColdReads(),
        renders=Renders(settings.render_cache_mib << 20),
        frames=Frames(settings.frame_cache_mib << 20),
        intake=intake,
        metrics=Metrics(),
        siblings=siblings,
        front_end=FRONT_END if (FRONT_END / "index.html").is_file() else None,
    )
    services.readiness["data_folder"] = intake.readiness
    app = web.Application(client_max_size=0)
    app[SERVICES] = services
    app[OPENAPI] = openapi_document(
        (e for e in ALL_ROUTES if e.path not in PAGES), metadata.version("slidereel")
    )
    for endpoint in ALL_ROUTES:
        for path in (endpoint.path, *endpoint.aliases):
            handler = guarded(endpoint)
            if endpoint.method == "GET":
                app.router.add_get(path, handler)
            else:
                app.router.add_route(endpoint.method, path, handler)
    app.router.add_route(NOWHERE.method, NOWHERE.path, guarded(NOWHERE))
    refuse_undeclared(app)

    async def background(_app: web.Application) -> AsyncIterator[None]:
        runner = IngestRunner(intake)
        if run_jobs and siblings.is_first:
            await runner.start()
        async with siblings.answering(services.metrics.render):
            checkpoints = asyncio.create_task(_checkpoint(database))
            yield
            checkpoints.cancel()
        await runner.stop()
        services.renders.close()
        services.frames.close()
        services.cold_reads.close()
        shelf.close()
        videos.close()

    app.cleanup_ctx.append(background)
    return app


def refuse_undeclared(app: web.Application) -> None:
    """Deny by default, checked once: every route of the router must come from a declaration."""
    for route in app.router.routes():
        if declared(route.handler) is None:
            raise UndeclaredRouteError(f"{route.method} {route.resource} has no declared permission.")


async def _checkpoint(database: Database) -> None:
    """The log is folded back by one process alone, and that may be one to which nobody writes."""
    while True:
        await asyncio.sleep(CHECKPOINT_S)
        with contextlib.suppress(StorageError):
            await asyncio.to_thread(database.checkpoint_now)


@contextlib.asynccontextmanager
async def serving(app: web.Application, sockets: Sequence[socket.socket]) -> AsyncIterator[None]:
    """Serve on bound sockets while the context lasts."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=5.0)
    await runner.setup()
    try:
        lane = Lane(app[SERVICES])
        for sock in sockets:
            await LaneSite(runner, lane, sock, BACKLOG).start()
        yield
    finally:
        await runner.cleanup()
