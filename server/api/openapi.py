"""OpenAPI 3.1 from the declared routes: the same msgspec types that check a request describe it."""

import json
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from server.api.endpoint import Endpoint, Public
from server.api.problems import STATUS, TYPE_PREFIX
from server.errors import ServerError

_REF = "#/components/schemas/{name}"
_USUAL = ("unauthenticated", "forbidden")


def openapi_document(endpoints: Iterable[Endpoint], version: str) -> bytes:
    """The document as JSON bytes."""
    listed = list(endpoints)
    types = [t for e in listed for t in (e.request, e.response) if t is not None and not isinstance(t, str)]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    schema_of = {id(t): schema for t, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in listed:
        for position, path in enumerate((endpoint.path, *endpoint.aliases)):
            operation = _operation(endpoint, path, schema_of)
            if position:
                operation["operationId"] += f"_{position + 1}"
            plain_path = re.sub(r"\{(\w+):[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", r"{\1}", path)
            paths.setdefault(plain_path, {})[endpoint.method.lower()] = operation
    components["Problem"] = _PROBLEM
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Slidereel",
            "version": version,
            "description": "Annotation server for whole-slide pathology. Errors are RFC 9457 documents.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "slidereel_session"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }
    return json.dumps(document, ensure_ascii=False).encode()


def _operation(endpoint: Endpoint, path: str, schema_of: dict[int, dict[str, Any]]) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)", path)
    ]
    parameters += [
        {"name": name, "in": "query", "required": False, "description": meaning, "schema": {"type": "string"}}
        for name, meaning in endpoint.query.items()
    ]
    success: dict[str, Any] = {"description": "Done"}
    if endpoint.response is not None:
        success["content"] = _content(endpoint.response, schema_of)
    status = endpoint.status if endpoint.response is not None or endpoint.status != 200 else 204
    responses: dict[str, Any] = {str(status): success}
    kinds = endpoint.problems if isinstance(endpoint.access, Public) else (*_USUAL, *endpoint.problems)
    by_kind = {error.kind: (error.title, code) for error, code in STATUS.items()}
    for kind in kinds:
        title, code = by_kind.get(kind, (ServerError.title, 500))
        responses[str(code)] = {
            "description": f"{title} (`{TYPE_PREFIX}{kind}`)",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": parameters,
        "responses": responses,
    }
    if endpoint.request is not None:
        operation["requestBody"] = {"required": True, "content": _content(endpoint.request, schema_of)}
    if not isinstance(endpoint.access, Public):
        operation["security"] = [{"session": []}, {"token": []}]
        operation["x-permission"] = str(endpoint.access)
    return operation


def _content(kind: Any, schema_of: dict[int, dict[str, Any]]) -> dict[str, Any]:
    if isinstance(kind, str):
        return {kind: {"schema": {"type": "string"} if kind.startswith("text/") else {}}}
    return {"application/json": {"schema": schema_of[id(kind)]}}


_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "reference"],
    "properties": {
        "type": {"type": "string", "description": "Stable kind of the problem"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence for a person"},
        "reference": {"type": "string", "description": "The number that the log has too"},
        "current_revision": {"type": "integer"},
    },
}
