"""Uploads that can be interrupted: tus 1.0.0 (core, creation, checksum, termination, expiration).

A long one can be taken in parts at the same time: whoever creates it with ``Slidereel-Parts: N`` is answered
with at most so many addresses, each a tus upload of its own with the length stated there. tus' concatenation
is not that: it would need every byte twice on the disk, and sealed twice.
"""

import asyncio
import base64
import binascii
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from email.utils import format_datetime

import msgspec
from aiohttp import web

from server.access import Permission
from server.api.endpoint import Answer, Call, Public, Routes
from server.api.problems import problem
from server.errors import InvalidInputError, ServerError, TooLargeError, UnsupportedMediaError
from server.ingest.uploads import Append, Upload

routes = Routes("uploads")
VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,checksum,termination"
CHECKSUMS = "sha256"
PART_TYPE = "application/offset+octet-stream"
PARTS_HEADER = "Slidereel-Parts"
CHECKSUM_MISMATCH = 460
PIECE_BYTES = 1 << 20
SAVE_EVERY_BYTES = 32 << 20
"""An upload that is broken off without a word (power, kill) loses at most this much."""


class PartWire(msgspec.Struct):
    """A part of an upload, sent to an ``upload_id`` of its own. Bytes; ``start``: its place in the file."""

    upload_id: str
    start: int
    length: int
    offset: int


class UploadWire(msgspec.Struct):
    """An upload of the caller's that is not complete. Lengths in bytes; ``parts`` if it is taken in parts."""

    upload_id: str
    length: int
    offset: int
    case_name: str
    created_at: str
    parts: list[PartWire]


class UploadList(msgspec.Struct):
    """All of them; there are never many."""

    items: list[UploadWire]
    next_cursor: None = None


@routes.add("OPTIONS", "/api/v1/uploads", Public.ANYBODY, status=204)
async def describe_uploads(call: Call) -> Answer:
    """What this tus server can do."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Checksum-Algorithm": CHECKSUMS,
        "Tus-Max-Size": str(round(call.services.settings.upload_limit_gib * (1 << 30))),
    }
    return _tus(web.Response(status=204, headers=headers))


@routes.add("GET", "/api/v1/uploads", Permission.ASSET_INGEST, response=UploadList)
async def list_uploads(call: Call) -> Answer:
    """The caller's unfinished uploads, newest first."""
    found = await asyncio.to_thread(call.services.intake.uploads.unfinished, call.by)
    return UploadList([_wire(upload) for upload in found])


@routes.add(
    "POST",
    "/api/v1/uploads",
    Permission.ASSET_INGEST,
    status=201,
    problems=("invalid-input", "too-large", "out-of-space"),
)
async def create_upload(call: Call) -> Answer:
    """Begin an upload (tus creation): Upload-Length, Upload-Metadata with filename, case and profile.

    With Slidereel-Parts, the answer says which parts it is taken in.
    """
    if (refusal := _wrong_version(call)) is not None:
        return refusal
    length = _length(call, "Upload-Length")
    metadata = parse_metadata(call.request.headers.get("Upload-Metadata", ""))
    parts = _length(call, PARTS_HEADER) if PARTS_HEADER in call.request.headers else 0
    upload = await asyncio.to_thread(
        call.services.intake.uploads.create,
        call.by,
        length,
        metadata.get("filename", ""),
        metadata.get("case"),
        parts,
        metadata.get("profile"),
    )
    response = _tus(web.Response(status=201), upload)
    if upload.parts:
        response.body = msgspec.json.encode(_wire(upload))
        response.content_type = "application/json"
    response.headers["Location"] = f"/api/v1/uploads/{upload.upload_id}"
    return response


@routes.add("HEAD", "/api/v1/uploads/{upload_id}", Permission.ASSET_INGEST, problems=("not-found",))
async def head_upload(call: Call) -> Answer:
    """How many bytes are here (tus core); an interrupted request for the same upload is ended first."""
    if (refusal := _wrong_version(call)) is not None:
        return refusal
    upload_id, uploads = call.path("upload_id"), call.services.intake.uploads
    await asyncio.to_thread(uploads.get, upload_id, call.by)
    async with uploads.turns.take(upload_id, lambda: None):
        upload = await asyncio.to_thread(uploads.get, upload_id, call.by)
    response = _tus(web.Response(), upload)
    response.headers["Upload-Length"] = str(upload.wanted_bytes)
    response.headers["Cache-Control"] = "no-store"
    return response


@routes.add(
    "PATCH",
    "/api/v1/uploads/{upload_id}",
    Permission.ASSET_INGEST,
    request=PART_TYPE,
    status=204,
    problems=("not-found", "conflict", "unsupported-media", "too-large", "out-of-space", "invalid-input"),
)
async def append_to_upload(call: Call) -> Answer:
    """Add bytes at Upload-Offset (tus core). The answer to the last ones names the new asset."""
    if (refusal := _wrong_version(call)) is not None:
        return refusal
    if call.request.content_type != PART_TYPE:
        raise UnsupportedMediaError(f"Send the bytes as {PART_TYPE}.")
    offset = _length(call, "Upload-Offset")
    checksum = _checksum(call)
    upload_id, uploads = call.path("upload_id"), call.services.intake.uploads
    await asyncio.to_thread(uploads.get, upload_id, call.by)
    async with uploads.turns.take(upload_id, _break_off(call)):
        append = await asyncio.to_thread(uploads.append, upload_id, call.by, offset)
        try:
            if call.request.content_length is not None and call.request.content_length > append.room_bytes:
                raise TooLargeError("More bytes are coming than the upload was announced with.")
            if not await _receive(call, append, checksum):
                return _tus(
                    problem(
                        CHECKSUM_MISMATCH,
                        "checksum-mismatch",
                        "The bytes arrived damaged",
                        "The bytes do not have the checksum that they were sent with; send them again.",
                        call.services.ambient.random_bytes(4).hex(),
                    )
                )
        finally:
            append.close()
    return _tus(web.Response(status=204), append.upload)


@routes.add(
    "DELETE",
    "/api/v1/uploads/{upload_id}",
    Permission.ASSET_INGEST,
    status=204,
    problems=("not-found", "wrong-state"),
)
async def end_upload(call: Call) -> Answer:
    """Give an upload up (tus termination): what had arrived is destroyed."""
    if (refusal := _wrong_version(call)) is not None:
        return refusal
    upload_id, uploads = call.path("upload_id"), call.services.intake.uploads
    await asyncio.to_thread(uploads.get, upload_id, call.by)
    async with uploads.turns.take(upload_id, lambda: None):
        await asyncio.to_thread(uploads.end, upload_id, call.by)
    return _tus(web.Response(status=204))


def _wire(upload: Upload) -> UploadWire:
    parts = [
        PartWire(part.part_id, part.span.start_bytes, part.span.length_bytes, part.offset_bytes)
        for part in upload.parts
    ]
    return UploadWire(
        upload.upload_id, upload.length_bytes, upload.offset_bytes, upload.case_name, upload.created_at, parts
    )


async def _receive(call: Call, append: Append, checksum: bytes | None) -> bool:
    """Take the request's bytes; False if they do not have their checksum (then none of them was taken).

    What had arrived when the connection broke is saved, unless a checksum was promised that it cannot have.
    """
    digest = hashlib.sha256()
    unsaved = 0
    try:
        async for piece in _pieces(call.request):
            if checksum is not None:
                digest.update(piece)
            await asyncio.to_thread(append.write, piece)
            unsaved += len(piece)
            if unsaved >= SAVE_EVERY_BYTES and checksum is None:
                await asyncio.to_thread(append.save)
                unsaved = 0
    except BaseException:
        if checksum is None:
            with contextlib.suppress(ServerError):
                await asyncio.shield(asyncio.to_thread(append.save))
        raise
    if checksum is not None and digest.digest() != checksum:
        return False
    await asyncio.to_thread(append.save)
    return True


async def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    """The body in pieces worth a trip to another thread; what came before a break, too."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.content.iter_any():
            parts.append(part)
            size += len(part)
            if size >= PIECE_BYTES:
                yield b"".join(parts)
                parts, size = [], 0
    except (ConnectionError, asyncio.CancelledError):
        yield b"".join(parts)
        raise
    if parts:
        yield b"".join(parts)


def _break_off(call: Call) -> Callable[[], None]:
    transport = call.request.transport
    return transport.abort if transport is not None else lambda: None


def _tus(response: web.Response, upload: Upload | None = None) -> web.Response:
    response.headers["Tus-Resumable"] = VERSION
    if upload is not None:
        response.headers["Upload-Offset"] = str(upload.taken_bytes)
        if upload.asset_id is not None:
            response.headers["Slidereel-Asset-Id"] = upload.asset_id
        else:
            expires = datetime.fromisoformat(upload.expires_at)
            response.headers["Upload-Expires"] = format_datetime(expires.astimezone(UTC), usegmt=True)
    return response


def _wrong_version(call: Call) -> web.Response | None:
    """The answer that tus demands for another version of itself."""
    if call.request.headers.get("Tus-Resumable") == VERSION:
        return None
    response = problem(
        412,
        "tus-version",
        "Another version of the upload protocol",
        f"Say “Tus-Resumable: {VERSION}”.",
        call.services.ambient.random_bytes(4).hex(),
    )
    response.headers["Tus-Version"] = VERSION
    return _tus(response)


def _length(call: Call, header: str) -> int:
    text = call.request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidInputError(f"The header {header} must be a whole number of bytes.")
    return int(text)


def parse_metadata(text: str) -> dict[str, str]:
    """Upload-Metadata: ``key base64,key base64,…``. Raises :class:`InvalidInputError`."""
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, ValueError) as error:
            raise InvalidInputError("Upload-Metadata must be pairs of a key and base64 of UTF-8.") from error
    return found


def _checksum(call: Call) -> bytes | None:
    text = call.request.headers.get("Upload-Checksum")
    if text is None:
        return None
    algorithm, _, value = text.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if algorithm != CHECKSUMS or len(digest) != hashlib.sha256().digest_size:
        raise InvalidInputError("Upload-Checksum must be “sha256” and the base64 of a SHA-256.")
    return digest
