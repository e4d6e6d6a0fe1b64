"""Errors as RFC 9457 problem documents: the one place that knows which HTTP status an error is."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from server import errors

TYPE_PREFIX = "/problems/"

STATUS: Mapping[type[errors.ServerError], int] = {
    errors.NotFoundError: 404,
    errors.ForbiddenError: 403,
    errors.UnauthenticatedError: 401,
    errors.TooManyAttemptsError: 429,
    errors.InvalidInputError: 422,
    errors.BadImageRequestError: 400,
    errors.ConflictError: 409,
    errors.WrongStateError: 409,
    errors.LossesNotConfirmedError: 409,
    errors.AlreadySignedError: 409,
    errors.StaleRevisionError: 412,
    errors.PreconditionRequiredError: 428,
    errors.TooLargeError: 413,
    errors.UnsupportedMediaError: 415,
    errors.OutOfSpaceError: 507,
    errors.StorageError: 503,
    errors.OverloadedError: 503,
}

_HTTP_KINDS = {
    400: ("bad-request", "The request is not valid HTTP"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "That address does not take this method"),
    413: ("too-large", "Too large"),
}


def status_of(error: errors.ServerError) -> int:
    """The HTTP status of an error: its own class's, else the nearest base class's, else 500."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return 500


def problem(
    status: int, kind: str, title: str, detail: str, reference: str, **more: str | int | None
) -> web.Response:
    """A problem document. ``reference`` is the number that the log has too."""
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + kind,
        "title": title,
        "status": status,
        "detail": detail,
        "reference": reference,
        **more,
    }
    return web.Response(
        status=status,
        body=json.dumps(body, ensure_ascii=False).encode(),
        content_type="application/problem+json",
        headers={"Cache-Control": "no-store"},
    )


def problem_of_error(error: errors.ServerError, reference: str) -> web.Response:
    """The document for one of our errors."""
    more: dict[str, str | int | None] = {}
    if isinstance(error, errors.StaleRevisionError):
        more["current_revision"] = error.current_revision
    response = problem(status_of(error), error.kind, error.title, str(error), reference, **more)
    if isinstance(error, errors.StaleRevisionError):
        response.headers["ETag"] = f'"{error.current_revision}"'
    if isinstance(error, errors.TooManyAttemptsError | errors.OverloadedError):
        response.headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, errors.UnauthenticatedError):
        response.headers["WWW-Authenticate"] = 'Bearer realm="slidereel"'
    return response


def problem_of_http(error: web.HTTPException, reference: str) -> web.Response:
    """The document for what aiohttp itself refuses (unknown address, wrong method)."""
    kind, title = _HTTP_KINDS.get(error.status, (f"http-{error.status}", error.reason))
    response = problem(error.status, kind, title, f"{title}.", reference)
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response
