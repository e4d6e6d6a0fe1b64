"""Recognise, in the bytes of a connection, what the fast lane may answer. Pure; strict; nothing else.

Where a byte is unusual the answer is None and aiohttp's parser decides, so nothing that is refused here is
refused to the client. The patterns are linear: no byte is looked at by two parts of one of them.
"""

import re
from typing import Final

TILE_LINE: Final = re.compile(
    rb"GET /api/v1/slides/([0-9a-z]{1,64})_files/([0-9]{1,2})/([0-9]{1,9})_([0-9]{1,9})\.jpeg HTTP/1\.1\r\n"
)
"""The request line of a tile: asset, level, column, row. No query, no escapes, no other spelling."""
HEAD_LIMIT_BYTES: Final = 8000
"""Below aiohttp's own limits, so that what is too large is refused by it, in its words."""
HEADERS_LIMIT: Final = 64

_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([!-~][\t -~]*)\r\n")
_HEAD = re.compile(rb"([A-Z]+) [!-~]+ HTTP/1\.1\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n)*)\r\n")
_FRAMING = re.compile(
    rb"^(?:content-length|transfer-encoding|upgrade):([^\r]*)", re.IGNORECASE | re.MULTILINE
)
_LENGTH = re.compile(rb"content-length:[ \t]*([0-9]{1,15})[ \t]*", re.IGNORECASE)
_TOKEN = re.compile(r"[0-9A-Za-z_-]{16,256}")
_HOST = re.compile(rb"[0-9A-Za-z.:\[\]-]+")
_HARMLESS = frozenset(
    b"accept accept-charset accept-encoding accept-language authorization cache-control connection cookie "
    b"dnt forwarded host origin pragma priority purpose referer save-data traceparent tracestate "
    b"user-agent via".split()
)
"""Headers that the tile route either reads, as the lane does, or ignores."""
_HARMLESS_FAMILIES = (b"sec-fetch-", b"sec-ch-", b"sec-gpc", b"x-", b"cf-", b"cdn-")


def credentials_of(headers: bytes, session_cookie: str) -> str | None:
    """What the caller proves himself with, from a tile request's header lines (each ended by CRLF).

    As the authenticator remembers it: a session's token, or ``bearer `` and an API token. None unless every
    header is harmless, none stands there twice, and exactly one credential decides.
    """
    found = _harmless_headers(headers)
    if found is None or found.get(b"connection", b"keep-alive").lower() != b"keep-alive":
        return None
    if not _HOST.fullmatch(found.get(b"host", b"")):
        return None
    if b"authorization" in found:  # as at the gate: it outranks a cookie
        scheme, _, token = found[b"authorization"].decode("ascii").partition(" ")
        return f"bearer {token}" if scheme.lower() == "bearer" and _TOKEN.fullmatch(token) else None
    return _session_of(found.get(b"cookie", b"").decode("ascii"), session_cookie)


def _harmless_headers(headers: bytes) -> dict[bytes, bytes] | None:
    if len(headers) > HEAD_LIMIT_BYTES:
        return None
    found: dict[bytes, bytes] = {}
    at = 0
    while at < len(headers):
        line = _HEADER.match(headers, at)
        if line is None or len(found) >= HEADERS_LIMIT:
            return None
        name, at = line[1].lower(), line.end()
        if name in found or not (name in _HARMLESS or name.startswith(_HARMLESS_FAMILIES)):
            return None
        found[name] = line[2].rstrip(b" \t")
    return found


def _session_of(cookies: str, session_cookie: str) -> str | None:
    named = [cookie.strip().partition("=") for cookie in cookies.split(";")]
    tokens = [value for name, _, value in named if name.strip() == session_cookie]
    return tokens[0] if len(tokens) == 1 and _TOKEN.fullmatch(tokens[0]) else None


def owed_after(data: bytes, owed_bytes: int | None) -> int | None:
    """How many bytes of a request's body are still to come after ``data``; 0: a new request may begin.

    ``owed_bytes`` is the same before ``data``. None: it cannot be told, now or later on this connection (a
    request in fragments, chunks, an upgrade, anything odd).
    """
    at = 0
    while owed_bytes is not None:
        if len(data) - at <= owed_bytes:
            return owed_bytes - (len(data) - at)
        at += owed_bytes
        head = _HEAD.match(data, at)
        if head is None:
            return None
        owed_bytes, at = _body_bytes(head), head.end()
    return None


def _body_bytes(head: re.Match[bytes]) -> int | None:
    framing = list(_FRAMING.finditer(head[2]))
    if head[1] == b"CONNECT" or len(framing) > 1:
        return None
    if not framing:
        return 0
    length = _LENGTH.fullmatch(framing[0][0])
    return None if length is None else int(length[1])
