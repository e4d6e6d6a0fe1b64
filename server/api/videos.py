"""Videos and loops: what a player needs to know, exact frames, and coded samples as they lie in the file."""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import msgspec
from aiohttp import web

from server.access import Permission
from server.api.endpoint import Answer, Call, Routes
from server.api.openings import record_opening
from server.api.stored import StoredResponse, can_be_stored, date_header
from server.api.tiles import ASSET_ID, cache_control, is_known, jpeg_head
from server.api.wanted import while_wanted
from server.errors import InvalidInputError, NotFoundError
from server.imagery.frames import QUALITY
from server.imagery.shelf import OpenVideo

routes = Routes("videos")
MOST_INLINE_TIMES = 20_000
MOST_SAMPLES = 600
MOST_SAMPLE_BYTES = 32 << 20
PIECE_BYTES = 512 << 10
MOST_CELLS = 256
MOST_EXACT_CELLS = 64
MOST_CELL_HEIGHT_PX = 360
MOST_SHEET_WIDTH_PX = 16_384
"""What every browser draws onto a canvas."""
VIDEO = f"/api/v1/videos/{ASSET_ID}"
NO_FRAME = "There is no such frame."


class RegionWire(msgspec.Struct):
    """A part of every frame with a scale of its own, in frame px (DICOM PS3.3, C.8.5.5)."""

    x0: int
    y0: int
    x1: int
    y1: int
    spatial_format: int
    data_type: int
    unit_x: str
    unit_y: str
    delta_x: float
    delta_y: float
    reference_x_px: int | None
    reference_y_px: int | None


class VideoWire(msgspec.Struct):
    """A video or loop. Frames are counted from 0; times are seconds since the first frame.

    ``frame_times_s`` is null for more than 20,000 frames: ``times_url`` has them as 64-bit floats.
    ``codec`` and ``description`` (base64 of an avcC box) are what WebCodecs wants.
    """

    asset_id: str
    width_px: int
    height_px: int
    frame_count: int
    duration_s: float
    frame_rate: float
    is_constant_rate: bool
    frame_times_s: list[float] | None
    times_url: str
    pixel_aspect: float
    codec: str
    description: str
    sampling: str
    matrix: str
    is_full_range: bool
    gop: int
    regions: list[RegionWire]
    source_format: str
    remarks: list[str]
    losses: list[str]
    frames_url: str
    samples_url: str
    strip_url: str
    thumbnail_url: str


@routes.add("GET", VIDEO, Permission.ASSET_VIEW, response=VideoWire, problems=("not-found",))
async def get_video(call: Call) -> Answer:
    """A video's size, frames, times and calibration; the audit log has who opened it."""
    opened = await _video_of(call)
    await record_opening(call, call.services.videos, call.path("asset_id"))
    return _wire(call.path("asset_id"), opened)


@routes.add(
    "GET",
    f"{VIDEO}/times",
    Permission.ASSET_VIEW,
    response="application/octet-stream",
    problems=("not-found",),
)
async def get_times(call: Call) -> Answer:
    """When each frame is shown: seconds since the first as little-endian 64-bit floats."""
    opened = await _video_of(call)
    etag = f'"{opened.etag}-times"'
    headers = {
        "Content-Type": "application/octet-stream",
        "Cache-Control": cache_control(opened),
        "ETag": etag,
    }
    if is_known(call.request, etag):
        return web.Response(status=304, headers=headers)
    body = await asyncio.to_thread(lambda: opened.video.times_s().astype("<f8").tobytes())
    return web.Response(body=body, headers=headers)


@routes.add(
    "GET",
    f"{VIDEO}/thumbnail.jpg",
    Permission.ASSET_VIEW,
    response="image/jpeg",
    problems=("not-found",),
)
async def get_video_thumbnail(call: Call) -> Answer:
    """The middle frame, at most 512 px wide or high."""
    opened = await _video_of(call)
    etag = f'"{opened.etag}-thumbnail"'
    headers = {"Content-Type": "image/jpeg", "Cache-Control": cache_control(opened), "ETag": etag}
    if is_known(call.request, etag):
        return web.Response(status=304, headers=headers)
    return web.Response(body=await asyncio.to_thread(opened.video.thumbnail), headers=headers)


@routes.add(
    "GET",
    f"{VIDEO}/frames/{{number:[0-9]+}}.jpg",
    Permission.ASSET_VIEW,
    query={"quality": "of the JPEG, 1 to 100; 92 unless given"},
    response="image/jpeg",
    problems=("not-found", "invalid-input", "overloaded"),
)
async def get_frame(call: Call) -> Answer:
    """Exactly this frame; the first is 0."""
    request = call.request
    quality = call.query_int("quality", QUALITY, low=1, high=100)
    opened = await _video_of(call)
    text = call.path("number")
    number = int(text) if len(text) < 12 else opened.video.info.frame_count
    if number >= opened.video.info.frame_count:
        raise NotFoundError(NO_FRAME)
    etag = f'"{opened.etag}-{number}-{quality}"'
    if is_known(request, etag):
        return web.Response(status=304, headers={"Cache-Control": cache_control(opened), "ETag": etag})
    frames = call.services.frames
    body = frames.made(opened, number, quality)
    if body is None:
        body = await while_wanted(request, frames.jpeg(opened, number, quality, _owner(call)))
    if can_be_stored(request):
        return StoredResponse(jpeg_head(opened) % (len(body), etag.encode(), date_header()) + body)
    headers = {"Content-Type": "image/jpeg", "Cache-Control": cache_control(opened), "ETag": etag}
    return web.Response(body=body, headers=headers)


@routes.add(
    "GET",
    f"{VIDEO}/samples",
    Permission.ASSET_VIEW,
    query={"start": "the first frame", "count": f"how many frames, at most {MOST_SAMPLES}; 1 unless given"},
    response="application/octet-stream",
    problems=("not-found", "invalid-input"),
)
async def get_samples(call: Call) -> Answer:
    """Coded samples of neighbouring frames, as they lie in the file: H.264 with 4-byte lengths.

    Each begins with an access unit delimiter. Where not every frame is a key frame, the answer begins with
    the one that ``start`` needs. Slidereel-First-Frame and Slidereel-Frame-Count say what it holds: fewer
    than were asked for where there are no more, or where they would be more than 32 MiB.
    """
    request, opened = call.request, await _video_of(call)
    video, last = opened.video, opened.video.info.frame_count - 1
    start = call.query_int("start", 0, low=0, high=10**12)
    wanted = call.query_int("count", 1, low=1, high=MOST_SAMPLES)
    if start > last:
        raise NotFoundError(NO_FRAME)
    first = video.key_frame_at(start)
    count = min(start + wanted - 1, last, max(start, first + MOST_SAMPLES - 1)) - first + 1
    while count > start - first + 1 and video.locate(first, count).length > MOST_SAMPLE_BYTES:
        count = max(start - first + 1, count * 3 // 4)
    etag = f'"{opened.etag}-samples-{first}-{count}"'
    headers = {
        "Content-Type": "application/octet-stream",
        "Cache-Control": cache_control(opened),
        "ETag": etag,
        "Slidereel-First-Frame": str(first),
        "Slidereel-Frame-Count": str(count),
    }
    if is_known(request, etag):
        return web.Response(status=304, headers=headers)
    place = video.locate(first, count)
    response = web.StreamResponse(headers=headers)
    response.content_length = place.length
    await response.prepare(request)
    # Piece by piece: ten people who read ahead must not take ten times 32 MiB.
    for offset in range(0, place.length, PIECE_BYTES):
        length = min(PIECE_BYTES, place.length - offset)
        await response.write(await asyncio.to_thread(opened.read_coded, place.offset + offset, length))
    await response.write_eof()
    return response


@routes.add(
    "GET",
    f"{VIDEO}/strip",
    Permission.ASSET_VIEW,
    query={
        "start": "the first frame; 0 unless given",
        "step": "frames from one picture to the next; 1 unless given",
        "count": f"how many pictures, at most {MOST_CELLS}",
        "height": f"of each in px, at most {MOST_CELL_HEIGHT_PX}; 90 unless given",
        "exact": "1: these very frames (at most 64), else the nearest of which small pictures are stored",
    },
    response="image/jpeg",
    problems=("not-found", "invalid-input", "overloaded"),
)
async def get_strip(call: Call) -> Answer:
    """Small pictures side by side in one JPEG, for a timeline; Slidereel-Frames says of which frames."""
    opened = await _video_of(call)
    info = opened.video.info
    is_exact = call.query_int("exact", 0, low=0, high=1) == 1
    start = call.query_int("start", 0, low=0, high=10**12)
    step = call.query_int("step", 1, low=1, high=10**12)
    count = call.query_int("count", 1, low=1, high=MOST_EXACT_CELLS if is_exact else MOST_CELLS)
    height_px = call.query_int("height", 90, low=8, high=MOST_CELL_HEIGHT_PX)
    numbers = range(start, min(start + step * count, info.frame_count), step)
    if not numbers:
        raise NotFoundError(NO_FRAME)
    if max(1, round(info.width_px * height_px / info.height_px)) * len(numbers) > MOST_SHEET_WIDTH_PX:
        raise InvalidInputError(
            f"The strip would be more than {MOST_SHEET_WIDTH_PX:,} px wide: ask for fewer or lower pictures."
        )
    shown = list(numbers) if is_exact else await asyncio.to_thread(_nearest, opened, numbers)
    etag = f'"{opened.etag}-strip-{start}-{step}-{count}-{height_px}-{int(is_exact)}"'
    headers = {
        "Content-Type": "image/jpeg",
        "Cache-Control": cache_control(opened),
        "ETag": etag,
        "Slidereel-Frames": ",".join(map(str, shown)),
    }
    if is_known(call.request, etag):
        return web.Response(status=304, headers=headers)
    making = call.services.frames.strip(opened, shown, height_px, _owner(call), exact=is_exact)
    return web.Response(body=await while_wanted(call.request, making), headers=headers)


def _owner(call: Call) -> str:
    """Whose turn it is: one's own tab must not keep others waiting."""
    return call.by.account_id or call.by.name


def _nearest(opened: OpenVideo, numbers: Sequence[int]) -> list[int]:
    return [opened.video.strip_thumbnail(number)[0] for number in numbers]


async def _video_of(call: Call) -> OpenVideo:
    """The video of the path. Raises NotFoundError."""
    preview = Permission.ASSET_RELEASE in call.actor.permissions
    asset_id, videos = call.path("asset_id"), call.services.videos
    return videos.remembered(asset_id, preview=preview) or await videos.opened(asset_id, preview=preview)


def _wire(asset_id: str, opened: OpenVideo) -> VideoWire:
    info, base = opened.video.info, f"/api/v1/videos/{asset_id}"
    regions: list[dict[str, Any]] = [asdict(region) for region in info.regions]
    return VideoWire(
        asset_id=asset_id,
        width_px=info.width_px,
        height_px=info.height_px,
        frame_count=info.frame_count,
        duration_s=info.duration_s,
        frame_rate=info.frame_rate,
        is_constant_rate=info.is_constant_rate,
        frame_times_s=opened.video.times_s().tolist() if info.frame_count <= MOST_INLINE_TIMES else None,
        times_url=base + "/times",
        pixel_aspect=info.pixel_aspect,
        codec=info.codec,
        description=base64.b64encode(info.description).decode(),
        sampling=info.sampling.value,
        matrix=info.matrix.value,
        is_full_range=info.is_full_range,
        gop=info.gop,
        regions=[RegionWire(**region) for region in regions],
        source_format=info.source_format,
        remarks=list(info.remarks),
        losses=list(info.losses),
        frames_url=base + "/frames/",
        samples_url=base + "/samples",
        strip_url=base + "/strip",
        thumbnail_url=base + "/thumbnail.jpg",
    )
