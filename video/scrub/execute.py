"""Write the canonical video: the source's frames, masked, encoded anew, and nothing else of it.

One thread has the source decoded; each lane encodes and checks every n-th batch. Results depend on the
number of lanes, never on which was quicker. Memory is bounded by the batches under way.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from video.canonical.fidelity import DIGEST_BYTES
from video.canonical.group_coder import CodedFrame, GroupCoder
from video.canonical.jpeg import JpegEncoder
from video.canonical.layout import THUMBNAIL_HEIGHT_PX, Description
from video.canonical.planes import frame_bytes, plane_shapes
from video.canonical.writer import THUMBNAIL_QUALITY, CanonicalWriter, Facts
from video.errors import CorruptVideoError, VideoTooLargeError
from video.limits import Limits
from video.model import Frame, PictureFormat, Plane, Video
from video.scrub.course import Course
from video.scrub.cycles import frames_freed
from video.scrub.masks import Blanker

_BATCH_BYTES = 8 * 2**20
_MOST_BATCH_FRAMES = 16
_ONE_LANE_BATCH_BYTES = 64 * 2**20
_LEAST_BYTES_A_FRAME = 1_000  # for guessing how many frames a source has that does not say


@dataclass(frozen=True, slots=True)
class Executed:
    """digests: (frames, 16) uint8, of each decoded picture. psnr_db: as `fidelity` measures it."""

    description: Description
    digests: NDArray[np.uint8]
    least_psnr_db: float
    mean_psnr_db: float


@dataclass(frozen=True, slots=True)
class _Batch:
    first: int
    times_s: tuple[float, ...]
    frames: tuple[tuple[Plane, ...], ...]
    thumbnail_step: int


_Coded = list[tuple[CodedFrame, bytes | None]]


def execute(
    video: Video,
    directory: Path,
    course: Course,
    *,
    blanker: Blanker,
    gop: int,
    limits: Limits,
    source_bytes: int,
) -> Executed:
    """Write video.mp4, frames.bin and thumbnails.bin into `directory`, and leave them there even on an error.

    Raises VideoError, OSError.
    """
    picture = video.picture
    promised = video.promised_frames or 0
    expected = min(limits.frames, promised or source_bytes // _LEAST_BYTES_A_FRAME)
    batch_size = batch_frames(picture, gop)
    is_heavy = batch_size * frame_bytes(picture) > 2 * _BATCH_BYTES
    workers = 1 if batch_size * frame_bytes(picture) > _ONE_LANE_BATCH_BYTES else course.workers
    under_way = workers if is_heavy else 2 * workers
    pools = [ThreadPoolExecutor(1, thread_name_prefix=f"video-{lane}") for lane in range(workers)]
    lanes = [_Lane(picture, gop) for _ in pools]
    tally = _Tally()
    running: deque[tuple[_Batch, Future[_Coded]]] = deque()
    with (
        CanonicalWriter(directory, picture, gop, expected) as writer,
        frames_freed(picture) as note_frame,
    ):

        def settle() -> None:
            batch, future = running.popleft()
            for time_s, (coded, thumbnail) in zip(batch.times_s, future.result(), strict=True):
                writer.put(time_s, coded, thumbnail)
                tally.add(coded)
            course.progress(tally.count, promised if promised >= tally.count else 0)

        try:
            frames = _checked(video.frames(), picture, limits)
            sheets = _Sheets(picture, blanker, batch_size, under_way + 1)
            for number, batch in enumerate(_batches(frames, sheets, writer, note_frame)):
                course.stop_if_cancelled()
                lane = number % workers
                running.append((batch, pools[lane].submit(lanes[lane].code, batch)))
                if len(running) == under_way:
                    settle()
            while running:
                course.stop_if_cancelled()
                settle()
        finally:
            for pool in pools:
                pool.shutdown(wait=True, cancel_futures=True)
        if not tally.count:
            raise CorruptVideoError("the file has not one frame that can be shown")
        lanes.clear()
        description = writer.finish(
            Facts(
                promised_duration_s=video.promised_duration_s,
                source_format=video.format_name,
                regions=tuple(video.regions),
                remarks=tuple(video.remarks),
                losses=tuple(video.losses),
            )
        )
    digests = np.frombuffer(bytes(tally.digests), np.uint8).reshape(-1, DIGEST_BYTES)
    return Executed(description, digests, tally.least_psnr_db, tally.psnr_sum_db / tally.count)


class _Tally:
    def __init__(self) -> None:
        self.count = 0
        self.digests = bytearray()
        self.least_psnr_db = float("inf")
        self.psnr_sum_db = 0.0

    def add(self, coded: CodedFrame) -> None:
        self.count += 1
        self.digests += coded.digest
        self.least_psnr_db = min(self.least_psnr_db, coded.psnr_db)
        self.psnr_sum_db += coded.psnr_db


def batch_frames(picture: PictureFormat, gop: int) -> int:
    """How many frames a lane takes at a time: an even number of whole groups, so that its encoder stays in
    step (see `encoder`), of few bytes."""
    wanted = min(_MOST_BATCH_FRAMES, _BATCH_BYTES // frame_bytes(picture))
    return max(2, wanted & ~1) if gop == 1 else max(1, wanted // gop) * gop


def _checked(frames: Iterator[Frame], picture: PictureFormat, limits: Limits) -> Iterator[Frame]:
    """What a reader hands out is relied on here, so it is looked at: numbers, times and sizes."""
    shapes = plane_shapes(picture)
    last_s = 0.0
    for number, frame in enumerate(frames):
        if number >= limits.frames:
            raise VideoTooLargeError(f"the video has more than {limits.frames:,} frames")
        if tuple(plane.shape for plane in frame.planes) != shapes:
            raise CorruptVideoError("a frame is not of the video's size")
        if frame.number != number or not isfinite(frame.time_s) or frame.time_s < last_s:
            raise CorruptVideoError("the frames are not in order")
        last_s = frame.time_s
        yield frame


class _Sheets:
    """Memory for frames on their way, used in turns: fresh memory comes from the kernel page by page."""

    def __init__(self, picture: PictureFormat, blanker: Blanker, frames: int, count: int) -> None:
        self._shapes = plane_shapes(picture)
        self._blanker = blanker
        self.frames = frames
        self._sheets: list[list[tuple[Plane, ...]]] = [[] for _ in range(count)]
        self._turn = 0

    def next_sheet(self) -> list[tuple[Plane, ...]]:
        self._turn = (self._turn + 1) % len(self._sheets)
        return self._sheets[self._turn]

    def copy(self, frame: Frame, sheet: list[tuple[Plane, ...]], place: int) -> tuple[Plane, ...]:
        """The frame's planes, masked, in the sheet's memory."""
        if place == len(sheet):
            sheet.append(tuple(np.empty(shape, np.uint8) for shape in self._shapes))
        for target, plane in zip(sheet[place], frame.planes, strict=True):
            target[:] = plane
        self._blanker.blank(sheet[place], frame.number)
        return sheet[place]


def _batches(
    frames: Iterator[Frame], sheets: _Sheets, writer: CanonicalWriter, note_frame: Callable[[], None]
) -> Iterator[_Batch]:
    first = 0
    sheet = sheets.next_sheet()
    times_s: list[float] = []
    planes: list[tuple[Plane, ...]] = []
    for frame in frames:
        planes.append(sheets.copy(frame, sheet, len(planes)))
        times_s.append(frame.time_s)
        note_frame()
        if len(planes) == sheets.frames:
            yield _Batch(first, tuple(times_s), tuple(planes), writer.thumbnails.step)
            first += len(planes)
            sheet = sheets.next_sheet()
            times_s, planes = [], []
    if planes:
        yield _Batch(first, tuple(times_s), tuple(planes), writer.thumbnails.step)


class _Lane:
    """What one lane keeps from batch to batch."""

    def __init__(self, picture: PictureFormat, gop: int) -> None:
        self._gop = gop
        self._coder = GroupCoder(picture, gop)
        self._small = JpegEncoder(picture)

    def code(self, batch: _Batch) -> _Coded:
        done: _Coded = []
        for place in range(0, len(batch.frames), self._gop):
            group = batch.frames[place : place + self._gop]
            coded = self._coder.encode(group, (batch.first + place) // self._gop & 1)
            for number, (frame, planes) in enumerate(zip(coded, group, strict=True), batch.first + place):
                is_wanted = number % batch.thumbnail_step == 0
                done.append((frame, self._thumbnail(planes) if is_wanted else None))
        return done

    def _thumbnail(self, planes: tuple[Plane, ...]) -> bytes:
        return self._small.encode(planes, THUMBNAIL_QUALITY, THUMBNAIL_HEIGHT_PX)
