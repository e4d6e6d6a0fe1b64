"""Write a canonical video's files from coded frames, in order."""

import os
from array import array
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from video.canonical.decoder import SampleDecoder
from video.canonical.encoder import stream_configuration
from video.canonical.group_coder import CodedFrame
from video.canonical.jpeg import JpegEncoder
from video.canonical.layout import (
    FRAMES_FILE,
    FRAMES_MAGIC,
    STILL_SIDE_PX,
    THUMBNAILS_FILE,
    THUMBNAILS_MAGIC,
    VIDEO_FILE,
    Description,
    StoredFile,
)
from video.canonical.mp4_boxes import FASTEST_RATE, Tick
from video.canonical.mp4_writer import Mp4Writer
from video.canonical.thumbnails import ThumbnailTray
from video.model import CalibrationRegion, PictureFormat

THUMBNAIL_QUALITY = 80
_STILL_QUALITY = 90
_CONSTANT_WITHIN_S = 0.001  # Matroska and many recorders round to milliseconds
_SAME_RATE = 1e-9
_STILL_DURATION_S = 0.04  # of a source of one frame that does not say


@dataclass(frozen=True, slots=True)
class Facts:
    """What the result states about the source: all of it, and nothing that is not here."""

    promised_duration_s: float | None
    source_format: str
    regions: tuple[CalibrationRegion, ...]
    remarks: tuple[str, ...]
    losses: tuple[str, ...]


class CanonicalWriter:
    """Not thread-safe; a context manager. directory: exists, and holds none of the files."""

    def __init__(self, directory: Path, picture: PictureFormat, gop: int, expected_frames: int) -> None:
        self._directory = directory
        self._picture = picture
        self._gop = gop
        self._mp4 = Mp4Writer(directory / VIDEO_FILE, expected_frames, gop)
        self._times_s = array("d")
        self.thumbnails = ThumbnailTray()

    def put(self, time_s: float, coded: CodedFrame, thumbnail: bytes | None) -> None:
        """The next frame. thumbnail: where `thumbnails.step` divides its number."""
        if thumbnail is not None:
            self.thumbnails.put(len(self._times_s), thumbnail)
        self._mp4.append(coded.sample)
        self._times_s.append(time_s)

    def finish(self, facts: Facts) -> Description:
        """Write the tables, and bring three files to the disk; the description is the caller's to write.

        The checksums in it are empty: only who reads the files can state them.
        """
        times_s = np.frombuffer(self._times_s, np.float64)
        duration_s, rate = pace(times_s, facts.promised_duration_s)
        tick = Tick.of_rate(rate)
        sizes = self._mp4.sizes
        avcc = stream_configuration(self._picture, self._gop, tick, sizes)
        first = self._mp4.finish(self._picture, tick, avcc)
        ends = first + np.cumsum(sizes, dtype=np.uint64)
        numbers = [number for number, _ in self.thumbnails]
        jpegs = [jpeg for _, jpeg in self.thumbnails]
        index = b"".join(
            (
                FRAMES_MAGIC,
                times_s.astype("<f8").tobytes(),
                (ends - sizes).astype("<u8").tobytes(),
                sizes.astype("<u4").tobytes(),
                np.array(numbers, "<u4").tobytes(),
                np.array([len(jpeg) for jpeg in jpegs], "<u4").tobytes(),
            )
        )
        still = self._still(avcc, first, sizes)
        pictures = b"".join((THUMBNAILS_MAGIC, still, *jpegs))
        write_durably(self._directory / FRAMES_FILE, index)
        write_durably(self._directory / THUMBNAILS_FILE, pictures)
        return Description(
            picture=self._picture,
            frame_count=len(times_s),
            duration_s=duration_s,
            frame_rate=rate,
            is_constant_rate=is_constant(times_s, rate),
            gop=self._gop,
            avcc=avcc,
            regions=facts.regions,
            remarks=facts.remarks,
            losses=facts.losses,
            source_format=facts.source_format,
            still_bytes=len(still),
            thumbnail_count=len(jpegs),
            video=StoredFile((self._directory / VIDEO_FILE).stat().st_size),
            frames=StoredFile(len(index)),
            thumbnails=StoredFile(len(pictures)),
        )

    def _still(self, avcc: bytes, first_offset: int, sizes: NDArray[np.uint32]) -> bytes:
        """The middle frame; of a group, its key frame or what follows."""
        middle = len(sizes) // 2
        decoder = SampleDecoder(self._picture, avcc, threads=1)
        start = middle - middle % self._gop
        with (self._directory / VIDEO_FILE).open("rb") as file:
            file.seek(first_offset + int(sizes[:start].sum(dtype=np.uint64)))
            for number in range(start, middle + 1):
                planes = decoder.planes(file.read(int(sizes[number])))
        picture = self._picture
        height_px = picture.height_px * STILL_SIDE_PX // max(picture.width_px, picture.height_px)
        return JpegEncoder(picture).encode(planes, _STILL_QUALITY, max(1, height_px))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._mp4.__exit__(kind, error, trace)


def pace(times_s: NDArray[np.float64], promised_duration_s: float | None) -> tuple[float, float]:
    """Duration in seconds, and the mean rate in frames a second.

    The last frame lasts as long as the others do on average; a single one as long as the source says.
    """
    intervals = len(times_s) - 1
    span_s = float(times_s[-1] - times_s[0])
    if intervals and span_s > 0:
        rate = min(intervals / span_s, FASTEST_RATE)
        tick = Tick.of_rate(rate)
        tidy = tick.timescale / tick.duration  # 25.0 rather than 24.999999999999996
        rate = tidy if abs(tidy / rate - 1) < _SAME_RATE else rate
        return span_s + 1 / rate, rate
    promised = promised_duration_s or 0.0
    duration_s = promised if isfinite(promised) and promised > 0 else _STILL_DURATION_S * len(times_s)
    return duration_s, len(times_s) / duration_s


def is_constant(times_s: NDArray[np.float64], rate: float) -> bool:
    steady = times_s[0] + np.arange(len(times_s)) / rate
    return bool(np.abs(times_s - steady).max() <= _CONSTANT_WITHIN_S)


def with_checksums(description: Description, video: str, frames: str, thumbnails: str) -> Description:
    return replace(
        description,
        video=replace(description.video, sha256=video),
        frames=replace(description.frames, sha256=frames),
        thumbnails=replace(description.thumbnails, sha256=thumbnails),
    )


def write_durably(path: Path, data: bytes) -> None:
    """Write a new file and its directory entry to the disk."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
