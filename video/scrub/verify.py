"""Prove that a canonical video is faithful and clean, by looking at the files that were written.

Nothing is taken from the memory of the conversion but the digests of what it measured: the MP4 is opened
again by FFmpeg's own reader, every frame is decoded that way, every sample found where the index has it.
Whatever cannot be proved raises VerificationError.
"""

import hashlib
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from ground.removed import needles, removed_values
from ground.search import MultiSearch
from ground.source import ByteSource, FileSource
from video.canonical.layout import (
    DESCRIPTION_FILE,
    FRAMES_FILE,
    FRAMES_MAGIC,
    THUMBNAILS_FILE,
    THUMBNAILS_MAGIC,
    VIDEO_FILE,
    Description,
)
from video.canonical.mp4_boxes import FILE_TYPE
from video.canonical.reader import open_canonical_video
from video.canonical.writer import with_checksums
from video.errors import VerificationError
from video.scrub.course import Course, stop_if, wait_for
from video.scrub.execute import Executed
from video.scrub.masks import Blanker
from video.scrub.result import ResultWatch
from video.scrub.verify_boxes import BoxProof, check_boxes
from video.scrub.verify_frames import FrameProof, check_frames

_CHUNK_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class SearchProof:
    """How many strings, in how many disguises, were looked for in how many bytes; and found: never any."""

    strings_searched: int
    patterns_searched: int
    bytes_searched: int
    places_found: int


@dataclass(frozen=True, slots=True)
class Proof:
    boxes: BoxProof
    frames: FrameProof
    search: SearchProof

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def verify(
    executed: Executed,
    directory: Path,
    course: Course,
    *,
    texts: Sequence[bytes],
    forbidden: Sequence[str],
    blanker: Blanker | None,
    watch: ResultWatch | None = None,
) -> tuple[Description, Proof]:
    """Check all files but the description, and return it with its checksums. watch: sees every frame.

    Raises VerificationError, ConversionCancelled, OSError.
    """
    description = executed.description
    values = removed_values(texts, forbidden)
    search = MultiSearch(needles(values, _permitted_text(description)))
    index = _read_index(directory, description)
    _check_thumbnails(directory, description)
    count = description.frame_count
    done = _Counter()
    course.progress(0, count)
    course.stop_if_cancelled()
    with (
        FileSource(directory / VIDEO_FILE) as video_file,
        FileSource(directory / FRAMES_FILE) as frames_file,
        FileSource(directory / THUMBNAILS_FILE) as thumbnails_file,
        ThreadPoolExecutor(course.workers, thread_name_prefix="video-proof") as pool,
    ):
        files = (video_file, frames_file, thumbnails_file)
        boxes = check_boxes(video_file, description)
        parts = [
            pool.submit(
                check_frames,
                directory / VIDEO_FILE,
                description,
                executed.digests,
                index,
                blanker,
                numbers,
                done.add,
                None if watch is None else watch.part(),
            )
            for numbers in _parts(count, description.gop, course.workers)
        ]
        reads = [pool.submit(_read_through, search, file, done) for file in files]

        def poll() -> None:
            course.progress(min(done.count, count), count)
            course.stop_if_cancelled()

        try:
            wait_for([*parts, *reads], poll)
        finally:
            done.stop()
    residues = [part.result() for part in parts]
    found = [read.result() for read in reads]
    if sum(places for places, _ in found):
        raise VerificationError("a text of the source was found in the result")
    course.progress(count, count)
    proof = Proof(
        boxes,
        FrameProof(count, count if blanker else 0, round(max(residues), 3)),
        SearchProof(len(values), search.needle_count, sum(file.size_bytes for file in files), 0),
    )
    return with_checksums(description, *(digest for _, digest in found)), proof


class _Counter:
    """Frames done by all threads; adding to it is also where they learn that they should stop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_stopped = False
        self.count = 0

    def add(self, frames: int) -> None:
        stop_if(self._is_stopped)
        with self._lock:
            self.count += frames

    def stop(self) -> None:
        self._is_stopped = True


def _parts(count: int, gop: int, workers: int) -> list[range]:
    """Frames for each worker; every part begins with a key frame."""
    groups = -(-count // gop)
    edges = sorted({min(count, groups * part // workers * gop) for part in range(workers + 1)})
    return [range(start, end) for start, end in pairwise(edges)]


def _read_through(search: MultiSearch, file: ByteSource, done: _Counter) -> tuple[int, str]:
    """How many places hold a removed string, and the file's SHA-256, in one pass."""
    digest = hashlib.sha256()
    places, overlap = 0, b""
    for offset in range(0, file.size_bytes, _CHUNK_BYTES):
        done.add(0)
        chunk = file.read_at(offset, _CHUNK_BYTES)
        digest.update(chunk)
        places += search.count(overlap + chunk)
        overlap = chunk[1 - search.longest_bytes :]
    return places, digest.hexdigest()


def _read_index(directory: Path, description: Description) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Offsets and sizes as they stand on the disk, where they fill the MP4 to its end without a gap."""
    count = description.frame_count
    index = (directory / FRAMES_FILE).read_bytes()
    offsets = np.frombuffer(index, "<u8", count, len(FRAMES_MAGIC) + 8 * count)
    sizes = np.frombuffer(index, "<u4", count, len(FRAMES_MAGIC) + 16 * count)
    ends = offsets + sizes
    if not (np.array_equal(ends[:-1], offsets[1:]) and int(ends[-1]) == description.video.byte_count):
        raise VerificationError("the index does not cover the result's samples")
    return offsets, sizes


def _check_thumbnails(directory: Path, description: Description) -> None:
    """Every small picture is a plain JPEG: from its start marker to its end, no more."""
    index = (directory / FRAMES_FILE).read_bytes()
    lengths = np.frombuffer(
        index, "<u4", description.thumbnail_count, len(index) - 4 * description.thumbnail_count
    )
    data = (directory / THUMBNAILS_FILE).read_bytes()
    position = len(THUMBNAILS_MAGIC)
    for length in (description.still_bytes, *lengths.tolist()):
        jpeg = data[position : position + length]
        is_whole = jpeg.startswith(b"\xff\xd8\xff\xe0") and jpeg.endswith(b"\xff\xd9")
        if not is_whole or jpeg.find(b"\xff\xd9") != length - 2:
            raise VerificationError("a small picture of the result is not a plain JPEG")
        position += length
    if position != len(data):
        raise VerificationError("the result holds bytes that belong to nothing")


def check_description(
    directory: Path, expected: Description, texts: Iterable[bytes], forbidden: Iterable[str]
) -> None:
    """Check video.json as it stands on the disk: the expected numbers in the expected form, nothing else.

    Raises VerificationError, CanonicalVideoError.
    """
    written = (directory / DESCRIPTION_FILE).read_bytes()
    if Description.from_json(written) != expected:
        raise VerificationError("the result's description is not the one that was made for it")
    # Of numbers the comparison is the proof; a search would take a checksum's digits for a patient's.
    values = {value for value in removed_values(texts, forbidden) if value.strip(b"+-.0123456789")}
    if MultiSearch(needles(values, _permitted_text(expected))).count(written):
        raise VerificationError("a text of the source was found in the result")
    open_canonical_video(directory).close()


def _permitted_text(description: Description) -> bytes:
    """What may stand in the result: its own words, the boxes' names, and the tables of every JPEG."""
    blank = np.zeros((16, 16), np.uint8)
    small = blank[:8, :8]
    jpeg: bytes = simplejpeg.encode_jpeg_yuv_planes(blank, small, small)
    return description.permitted_text() + FILE_TYPE + jpeg
