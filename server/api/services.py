"""What the routes work with: built once by ``server.app`` and handed to every call."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from server.access.authenticator import Authenticator
from server.ambient import Ambient
from server.annotating.service import Annotating
from server.api.metrics import Metrics
from server.api.siblings import Siblings
from server.config import Settings
from server.db import Database
from server.imagery.cold_reads import ColdReads
from server.imagery.frames import Frames
from server.imagery.render import Renders
from server.imagery.shelf import SlideShelf, VideoShelf
from server.ingest.intake import Intake


@dataclass(frozen=True, slots=True)
class Services:
    """The server's parts, each thread-safe."""

    settings: Settings
    ambient: Ambient
    database: Database
    authenticator: Authenticator
    annotating: Annotating
    shelf: SlideShelf
    videos: VideoShelf
    cold_reads: ColdReads
    renders: Renders
    frames: Frames
    intake: Intake
    metrics: Metrics
    siblings: Siblings
    front_end: Path | None
    """The folder of the built front end, None if it was not built."""
    readiness: dict[str, Callable[[], Awaitable[str | None]]] = field(default_factory=dict)
    """Name of a check to a function that answers None, or what is wrong."""


SERVICES: web.AppKey[Services] = web.AppKey("services", Services)
