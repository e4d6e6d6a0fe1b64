"""Write an MP4 front to back with its tables in front, without knowing how many frames will come.

Room for the tables is reserved by an estimate; what is left of it becomes a `free` box. Only where a source
promised far fewer frames than it has are the samples moved, by the kernel.
"""

import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from video.canonical.mp4_boxes import FILE_TYPE, SAMPLES_PER_CHUNK, Tick, box, movie_box
from video.model import PictureFormat

_BYTES_PER_SYNC = 32 * 2**20
_FIXED_BYTES = 2_048  # of a moov without its tables; 800 and the decoder configuration
_BLOCK_BYTES = 4_096
_MDAT_HEADER_BYTES = 16
_FREE_HEADER_BYTES = 8
_COPY_BYTES = 2**30
MOVED_SUFFIX = ".moved"


class Mp4Writer:
    """Samples one behind the other, in order. Not thread-safe; a context manager.

    path: must not exist. expected_frames: an estimate; wrong ones cost time or a little room, nothing else.
    """

    def __init__(self, path: Path, expected_frames: int, gop: int) -> None:
        self._path = path
        self._gop = gop
        self._file: BinaryIO = path.open("x+b")
        bytes_each = 4 + 8 / SAMPLES_PER_CHUNK + (0 if gop == 1 else 4 / gop)
        room = _FIXED_BYTES + int(expected_frames * bytes_each)
        self._first_offset = -(-(len(FILE_TYPE) + room + _MDAT_HEADER_BYTES) // _BLOCK_BYTES) * _BLOCK_BYTES
        self._file.seek(self._first_offset)
        self._sizes = np.zeros(1024, np.uint32)
        self._count = 0
        self._byte_count = 0
        # Left to itself the kernel keeps gigabytes until the end, where one long fsync waits for them.
        self._syncer = ThreadPoolExecutor(1, thread_name_prefix="video-sync")
        self._synced: Future[None] | None = None
        self._synced_bytes = 0

    def append(self, sample: bytes) -> None:
        """Raises OSError where the disk is full, perhaps some samples late."""
        if self._count == len(self._sizes):
            self._sizes = np.concatenate((self._sizes, np.zeros_like(self._sizes)))
        self._file.write(sample)
        self._sizes[self._count] = len(sample)
        self._count += 1
        self._byte_count += len(sample)
        if self._byte_count - self._synced_bytes > _BYTES_PER_SYNC:
            self._sync_along()

    def _sync_along(self) -> None:
        if self._synced is not None:
            if not self._synced.done():
                return
            self._synced.result()  # a full disk is told here
        self._file.flush()
        self._synced_bytes = self._byte_count
        self._synced = self._syncer.submit(os.fdatasync, self._file.fileno())

    @property
    def sizes(self) -> NDArray[np.uint32]:
        """Of each sample so far, in bytes."""
        return self._sizes[: self._count]

    def finish(self, picture: PictureFormat, tick: Tick, avcc: bytes) -> int:
        """Write the tables and bring the file to the disk; returns where the first sample lies."""
        sizes = self.sizes
        self._file.flush()
        movie = movie_box(picture, tick, avcc, sizes, self._first_offset, self._gop)
        if self._gap(len(movie)) < 0 or 0 < self._gap(len(movie)) < _FREE_HEADER_BYTES:
            self._move(-(-(len(FILE_TYPE) + len(movie) + 64) // _BLOCK_BYTES) * _BLOCK_BYTES)
            movie = movie_box(picture, tick, avcc, sizes, self._first_offset, self._gop)
        gap = self._gap(len(movie))
        padding = box(b"free", bytes(gap - _FREE_HEADER_BYTES)) if gap else b""
        data_header = b"\0\0\0\1mdat" + (self._byte_count + _MDAT_HEADER_BYTES).to_bytes(8)
        self._file.seek(0)
        self._file.write(FILE_TYPE + movie + padding + data_header)
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._first_offset

    def _gap(self, movie_bytes: int) -> int:
        return self._first_offset - _MDAT_HEADER_BYTES - movie_bytes - len(FILE_TYPE)

    def _move(self, first_offset: int) -> None:
        moved_path = self._path.with_name(self._path.name + MOVED_SUFFIX)
        with moved_path.open("xb") as moved:
            source, target, left = self._first_offset, first_offset, self._byte_count
            while left:
                count = os.copy_file_range(
                    self._file.fileno(), moved.fileno(), min(left, _COPY_BYTES), source, target
                )
                if not count:
                    raise OSError("the samples could not be moved")
                source, target, left = source + count, target + count, left - count
        moved_path.replace(self._path)
        self._file.close()
        self._file = self._path.open("r+b")
        self._first_offset = first_offset

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._syncer.shutdown(wait=True, cancel_futures=True)
        self._file.close()
