"""What stands before every route: who asks, whether they may, and what an error becomes.

It is one plain function around the handler instead of a stack of middlewares, because every tile passes
through it: measured on a tile, aiohttp's middleware chain costs about as much as the whole gate.
"""

import re
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import msgspec
import structlog
from aiohttp import web

from server.access import Actor, Permission, require
from server.api.endpoint import Call, Endpoint, Public, services_of
from server.api.metrics import Tally
from server.api.problems import problem, problem_of_error, problem_of_http
from server.api.services import Services
from server.api.stored import StoredResponse
from server.errors import ForbiddenError, ServerError, place_of

SESSION_COOKIE = "slidereel_session"
_ROUTE_PATTERN = re.compile(r"\{(\w+):[^{}]*\}")
_COOKIE_ALONE = SESSION_COOKIE + "="
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
log = structlog.get_logger("slidereel.http")
AioHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_encode = msgspec.json.Encoder().encode


def guarded(endpoint: Endpoint) -> AioHandler:
    """The aiohttp handler of a declared route."""
    access, handler, status = endpoint.access, endpoint.handler, endpoint.status
    route = route_name(endpoint)
    is_unsafe = endpoint.method in UNSAFE
    tally = Tally(route)
    is_cross_origin = endpoint.cross_origin

    async def gate(request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        services = services_of(request)
        try:
            if isinstance(access, Permission):
                # The common case must not even await: a viewer asks for hundreds of tiles a second.
                actor = None if is_unsafe else _remembered(request, services)
                if actor is None:
                    actor = await _authenticate(request, services, check_origin=is_unsafe)
                require(actor, access)
            else:
                actor = None
                if is_unsafe:
                    _refuse_foreign_origin(request, services)
            answer = await handler(Call(request, services, actor))
            # Tiles first, by their exact type: asking an abstract base class costs a tenth of the gate.
            if type(answer) is StoredResponse or isinstance(answer, web.StreamResponse):
                response = answer
            elif answer is None:
                response = web.Response(status=204)
            else:
                response = web.Response(body=_encode(answer), status=status, content_type="application/json")
                response.headers["Cache-Control"] = "no-store"
        except ServerError as error:
            response = _refused(services, request, route, error)
        except web.HTTPException as error:
            response = problem_of_http(error, services.ambient.random_bytes(4).hex())
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - the last line: whatever happens becomes a numbered answer
            reference = services.ambient.random_bytes(4).hex()
            # The type and place only: an exception's text may hold what a file or a request contained.
            log.error(  # noqa: TRY400 - without the traceback on purpose
                "failed", route=route, reference=reference, error=type(error).__name__, place=place_of(error)
            )
            response = problem(
                500,
                "internal",
                "Something went wrong on the server",
                "The server could not do this.",
                reference,
            )
        if is_cross_origin:
            _let_others_read(response)
        tally.count(services.metrics, response.status, time.perf_counter() - started)
        return response

    gate.__slidereel_endpoint__ = endpoint  # type: ignore[attr-defined]
    return gate


def route_name(endpoint: Endpoint) -> str:
    """The route in metrics and logs: its path without the patterns."""
    return _ROUTE_PATTERN.sub(r"{\1}", endpoint.path)


async def _authenticate(request: web.Request, services: Services, *, check_origin: bool) -> Actor | None:
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        return await services.authenticator.bearer(token.strip()) if scheme.lower() == "bearer" else None
    token = _session_token(request.headers.get("Cookie", ""))
    if not token:
        return None
    if check_origin:
        _refuse_foreign_origin(request, services)
    return services.authenticator.remembered(token) or await services.authenticator.session(token)


def _remembered(request: web.Request, services: Services) -> Actor | None:
    """The caller, if his session was looked up a moment ago and nothing else names him."""
    headers = request.headers
    if "Authorization" in headers:
        return None
    token = _session_token(headers.get("Cookie", ""))
    return services.authenticator.remembered(token) if token else None


def _session_token(cookies: str) -> str:
    """Our cookie, cut out of the header: parsing them all costs 8 µs, and a token needs no unquoting.

    A value with a space is nobody's token: ``bearer …`` is how the authenticator remembers API tokens.
    """
    if cookies.startswith(_COOKIE_ALONE) and ";" not in cookies:
        found = cookies[len(_COOKIE_ALONE) :]
    else:
        named = (cookie.partition("=") for cookie in cookies.split(";"))
        found = next((value for name, _, value in named if name.strip() == SESSION_COOKIE), "").strip()
    return "" if " " in found else found


def _refuse_foreign_origin(request: web.Request, services: Services) -> None:
    """A browser says where an unsafe request was made; another site's page may not use our cookie."""
    origin = request.headers.get("Origin")
    if origin is None:
        return
    try:
        host = urlsplit(origin).netloc
    except ValueError:  # “http://[” is no address
        host = ""
    if origin != services.settings.public_origin and host != request.host:
        raise ForbiddenError("This request came from another site's page.")


def _let_others_read(response: web.StreamResponse) -> None:
    """Cross-origin reading (Fetch standard) for whoever brings a token.

    With ``*`` browsers neither send our cookie along nor hand over what was answered to one; and a copy that
    was kept for somebody's cookie is no answer to a request without it.
    """
    headers = response.headers
    headers["Access-Control-Allow-Origin"] = "*"
    headers["Access-Control-Expose-Headers"] = "ETag, Link, Slidereel-Downsample, Slidereel-Mpp"
    headers["Vary"] = ", ".join(filter(None, (headers.get("Vary"), "Authorization, Cookie")))


def _refused(services: Services, request: web.Request, route: str, error: ServerError) -> web.Response:
    reference = services.ambient.random_bytes(4).hex()
    response = problem_of_error(error, reference)
    if response.status >= 500:
        log.error("refused", route=route, method=request.method, kind=error.kind, reference=reference)
    else:
        log.info("refused", route=route, method=request.method, kind=error.kind, reference=reference)
    return response


def declared(handler: object) -> Endpoint | None:
    """The declaration behind an aiohttp handler, None if it has none."""
    endpoint = getattr(handler, "__slidereel_endpoint__", None)
    return (
        endpoint
        if isinstance(endpoint, Endpoint) and isinstance(endpoint.access, Permission | Public)
        else None
    )
