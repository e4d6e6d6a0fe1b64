"""Serve from a canonical video: a frame's number to a byte range, without decoding anything."""

import hashlib
import mmap
import os
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from video.canonical.layout import (
    DESCRIPTION_FILE,
    FRAME_BYTES,
    FRAMES_FILE,
    FRAMES_MAGIC,
    THUMBNAIL_BYTES,
    THUMBNAILS_FILE,
    THUMBNAILS_MAGIC,
    VIDEO_FILE,
    Description,
)
from video.errors import CanonicalVideoError, FrameNotFoundError

_MAX_DESCRIPTION_BYTES = 1024 * 1024


class SampleRange(NamedTuple):
    """Coded samples in an open file. file: a descriptor that stays the video's; read it with pread."""

    file: int
    offset: int
    length: int


class CanonicalVideo:
    """An opened canonical video. Thread-safe: nothing changes after it is opened."""

    def __init__(self, directory: Path) -> None:
        self._files: tuple[int, ...] = ()
        try:
            with (directory / DESCRIPTION_FILE).open("rb") as file:
                self._description = Description.from_json(file.read(_MAX_DESCRIPTION_BYTES))
            for name in (VIDEO_FILE, THUMBNAILS_FILE):
                self._files += (os.open(directory / name, os.O_RDONLY | os.O_CLOEXEC),)
            with (directory / FRAMES_FILE).open("rb") as file:
                # Unmapped when the last array over it goes, so that nobody's times vanish under their hands.
                index = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
            self._check_sizes(index)
        except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
            self.close()
            raise CanonicalVideoError("the canonical video is missing or cannot be read") from error
        except CanonicalVideoError:
            self.close()
            raise
        self._set_columns(index)
        self.info = self._description.info()

    def _check_sizes(self, index: mmap.mmap) -> None:
        stated = self._description
        found = tuple(os.fstat(file).st_size for file in self._files)
        if found != (stated.video.byte_count, stated.thumbnails.byte_count):
            raise CanonicalVideoError(
                "the canonical video's files are not of the size they were written with"
            )
        expected = (
            len(FRAMES_MAGIC) + stated.frame_count * FRAME_BYTES + stated.thumbnail_count * THUMBNAIL_BYTES
        )
        if not len(index) == stated.frames.byte_count == expected or index[:8] != FRAMES_MAGIC:
            raise CanonicalVideoError("the canonical video's index does not fit its description")
        # A wrong offset would show a wrong frame: the whole index is checked, 5 ms for 360,000 frames.
        if hashlib.sha256(index).hexdigest() != stated.frames.sha256:
            raise CanonicalVideoError("the canonical video's index is damaged")

    def _set_columns(self, index: mmap.mmap) -> None:
        count, small = self._description.frame_count, self._description.thumbnail_count
        start = len(FRAMES_MAGIC)
        self._times_s = np.frombuffer(index, "<f8", count, start)
        self._offsets = np.frombuffer(index, "<u8", count, start + 8 * count)
        self._sizes = np.frombuffer(index, "<u4", count, start + 16 * count)
        start += FRAME_BYTES * count
        self._thumbnail_frames = np.frombuffer(index, "<u4", small, start)
        lengths = np.frombuffer(index, "<u4", small, start + 4 * small).astype(np.int64)
        first = len(THUMBNAILS_MAGIC) + self._description.still_bytes
        self._thumbnail_ends = first + np.cumsum(lengths)
        self._thumbnail_starts = self._thumbnail_ends - lengths

    def times_s(self) -> NDArray[np.float64]:
        """(frame_count,) float64, read-only: when each frame is shown, in seconds since the first."""
        return self._times_s

    def locate(self, number: int, count: int = 1) -> SampleRange:
        """Where the samples of frames [number, number + count) lie, one behind the other.

        Raises FrameNotFoundError.
        """
        last = number + count - 1
        if not 0 <= number <= last < len(self._sizes):
            raise FrameNotFoundError("there is no frame of this number")
        offset = self._offsets.item(number)
        return SampleRange(self._files[0], offset, self._offsets.item(last) + self._sizes.item(last) - offset)

    def key_frame_at(self, number: int) -> int:
        """The frame from which on `number` can be decoded. Raises FrameNotFoundError."""
        if not 0 <= number < len(self._sizes):
            raise FrameNotFoundError("there is no frame of this number")
        return number - number % self._description.gop

    def frame_at_time(self, time_s: float) -> int:
        """The frame that is on the screen at that time; the first before it all, the last after."""
        return max(0, int(np.searchsorted(self._times_s, time_s, side="right")) - 1)

    def thumbnail(self) -> bytes:
        """The middle frame as a JPEG, its longest side at most 512 px. Raises CanonicalVideoError."""
        return self._read_small(len(THUMBNAILS_MAGIC), self._description.still_bytes)

    def strip_thumbnail(self, number: int) -> tuple[int, bytes]:
        """The nearest frame of which a small JPEG is stored, and that (at most 90 px high).

        Raises FrameNotFoundError, CanonicalVideoError.
        """
        if not 0 <= number < len(self._sizes):
            raise FrameNotFoundError("there is no frame of this number")
        frames = self._thumbnail_frames
        place = int(np.searchsorted(frames, number))
        if place == len(frames) or (place and number - int(frames[place - 1]) <= int(frames[place]) - number):
            place -= 1
        start = int(self._thumbnail_starts[place])
        return int(frames[place]), self._read_small(start, int(self._thumbnail_ends[place]) - start)

    def read(self, number: int, count: int = 1) -> bytes:
        """The samples of frames [number, number + count). Raises FrameNotFoundError, CanonicalVideoError."""
        place = self.locate(number, count)
        return _read(place.file, place.offset, place.length)

    def _read_small(self, offset: int, length: int) -> bytes:
        return _read(self._files[1], offset, length)

    def close(self) -> None:
        """No range handed out before may be used after; times may."""
        files, self._files = self._files, ()
        for file in files:
            os.close(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _read(file: int, offset: int, length: int) -> bytes:
    data = os.pread(file, length, offset)
    if len(data) != length:
        raise CanonicalVideoError("the canonical video's files are shorter than their index says")
    return data


def open_canonical_video(directory: Path) -> CanonicalVideo:
    """Open the canonical video in `directory`. Raises CanonicalVideoError."""
    return CanonicalVideo(directory)
