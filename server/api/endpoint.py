"""How a route is declared: method, path, who may call it, and what goes in and comes out.

A module of routes makes one :class:`Routes` and decorates its functions. The declaration is all there
is: the router, the permission check and the OpenAPI document are made from it, and ``server.app`` does not
start with a route that lacks one.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from annotations.errors import without_values
from server.access import Actor, Permission
from server.accounts import Doer
from server.api.services import SERVICES, Services
from server.errors import (
    InvalidInputError,
    PreconditionRequiredError,
    TooLargeError,
    UnsupportedMediaError,
)

Body = TypeVar("Body")
BODY_LIMIT_BYTES = 64 * 1024 * 1024


class Public(Enum):
    """Declares that a route needs nobody to be signed in."""

    ANYBODY = "anybody"


@dataclass(slots=True)
class Call:
    """One request: who asks, and the services to answer with."""

    request: web.Request
    services: Services
    known_actor: Actor | None

    @property
    def actor(self) -> Actor:
        """The caller. Only for routes with a permission: the gate has let nobody else through."""
        assert self.known_actor is not None  # noqa: S101 - the gate's promise, made visible to the type checker
        return self.known_actor

    @property
    def origin(self) -> str:
        """Where the request came from, for the audit log."""
        return self.request.remote or "unknown"

    @property
    def by(self) -> Doer:
        """The caller as the audit log names him."""
        return Doer(self.actor.account_id, self.actor.username, self.origin)

    def path(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]

    def query(self, name: str) -> str | None:
        """A query parameter, None if absent or empty."""
        return self.request.query.get(name) or None

    def query_int(self, name: str, default: int, *, low: int, high: int) -> int:
        """A whole number from the query. Raises :class:`InvalidInputError` outside ``low…high``."""
        text = self.request.query.get(name)
        if not text:
            return default
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise InvalidInputError(f"“{name}” must be a whole number from {low} to {high}.")
        return number

    async def body(self, kind: type[Body]) -> Body:
        """The JSON body as ``kind``. Raises :class:`InvalidInputError` with the place that does not fit."""
        return decode_json(await self.raw_body(), kind)

    async def json_body(self, kind: type[Body], limit_bytes: int) -> Body:
        """:meth:`body` of a limited size, declared as JSON: no form of another page can send that.

        Raises :class:`UnsupportedMediaError` too.
        """
        if self.request.content_type != "application/json":
            raise UnsupportedMediaError("Send this as application/json.")
        return decode_json(await self.raw_body(limit_bytes), kind)

    async def raw_body(self, limit_bytes: int = BODY_LIMIT_BYTES) -> bytes:
        """The body's bytes. Raises :class:`TooLargeError` beyond the limit."""
        parts, size = [], 0
        async for part in self.request.content.iter_chunked(1 << 18):
            size += len(part)
            if size > limit_bytes:
                raise TooLargeError(f"The request is larger than {_size_text(limit_bytes)}.")
            parts.append(part)
        return b"".join(parts)

    def if_match(self) -> int:
        """The revision of If-Match. Raises :class:`PreconditionRequiredError` if it is missing."""
        text = self.request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise PreconditionRequiredError('Say which revision this change was made on: If-Match: "N".')
        return int(text)


def _size_text(size_bytes: int) -> str:
    return f"{size_bytes >> 20} MiB" if size_bytes >= 1 << 20 else f"{size_bytes >> 10} KiB"


def decode_json(data: bytes, kind: type[Body]) -> Body:
    """JSON bytes as ``kind``. The message names the place (``$.classes[2].color``), never the value."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise InvalidInputError(f"The request does not fit: {without_values(str(error))}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError("The request is not valid JSON.") from error


def json_answer(body: msgspec.Struct, *, status: int = 200, etag: str | None = None) -> web.Response:
    """A JSON response whose headers the route wants to have a word in. Never kept by a cache."""
    response = web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    if etag is not None:
        response.headers["ETag"] = f'"{etag}"'
    return response


Answer = web.StreamResponse | msgspec.Struct | None
Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A declared route."""

    method: str
    path: str
    access: Permission | Public
    handler: Handler
    summary: str
    query: Mapping[str, str]
    request: Any
    response: Any
    status: int
    problems: tuple[str, ...]
    tag: str
    aliases: tuple[str, ...]
    cross_origin: bool = False
    """Whether a page of any other site may read the answers: with a token that it has, never by a cookie."""


class Routes:
    """The routes of one module."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.endpoints: list[Endpoint] = []

    def add(
        self,
        method: str,
        path: str,
        access: Permission | Public,
        *,
        query: Mapping[str, str] | None = None,
        request: Any = None,
        response: Any = None,
        status: int = 200,
        problems: tuple[str, ...] = (),
        aliases: tuple[str, ...] = (),
        cross_origin: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Declare the decorated function as a route.

        ``query`` maps a parameter to what it means; ``request`` and ``response`` are msgspec types (or a
        media type as text); ``problems`` are the kinds of ``server.errors`` it can answer with
        beyond the usual ones.
        """

        def declare(handler: Handler) -> Handler:
            summary = (handler.__doc__ or "").strip().split("\n")[0]
            self.endpoints.append(
                Endpoint(
                    method,
                    path,
                    access,
                    handler,
                    summary,
                    dict(query or {}),
                    request,
                    response,
                    status,
                    problems,
                    self.tag,
                    aliases,
                    cross_origin,
                )
            )
            return handler

        return declare


def services_of(request: web.Request) -> Services:
    """The services of the application that serves this request."""
    return request.app[SERVICES]
