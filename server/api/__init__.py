"""The HTTP interface: every declared route of the server."""

from server.api import (
    annotations,
    assets,
    audit,
    colour,
    exchange,
    iiif,
    ontology,
    openapi,
    pages,
    regions,
    reports,
    review,
    sessions,
    slides,
    system,
    tiles,
    uploads,
    users,
    videos,
)
from server.api.endpoint import Endpoint

MODULES = (
    system,
    sessions,
    users,
    assets,
    review,
    reports,
    uploads,
    tiles,
    slides,
    regions,
    colour,
    iiif,
    videos,
    ontology,
    annotations,
    exchange,
    audit,
    pages,
)

ALL_ROUTES: tuple[Endpoint, ...] = tuple(e for module in MODULES for e in module.routes.endpoints)

__all__ = ["ALL_ROUTES", "openapi"]
