"""Real ultrasound frames to write strings on: loops and single frames, and where in them something moves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ground.source import FileSource
from video.canonical.jpeg import JpegEncoder
from video.errors import VideoError
from video.model import CalibrationRegion, Frame
from video.open_video import open_video

LOOP_LEAST = 10
MOST_FRAMES = 40
MOVES_BY = 12
LIT_FROM = 24
LARGE_SHARE = 0.01


@dataclass(frozen=True)
class Loop:
    """frames: (n, h, w, 3) uint8 RGB. sector: (h, w), where the examination itself is."""

    name: str
    frames: NDArray[np.uint8]
    sector: NDArray[np.bool_]


def loops(folder: Path) -> Iterator[Loop]:
    """Every file of the folder that can be opened; loops by their first frames, each without its name."""
    for number, path in enumerate(sorted(folder.iterdir())):
        try:
            frames, regions = rgb_frames(path, MOST_FRAMES)
        except VideoError:
            continue
        yield Loop(f"file {number}", frames, sector_of(frames, regions))


def rgb_frames(path: Path, most: int) -> tuple[NDArray[np.uint8], Sequence[CalibrationRegion]]:
    """The first frames, (n, h, w, 3) uint8, and the regions that the file declares. Raises VideoError."""
    with FileSource(path) as source:
        video = open_video(source)
        encoder = JpegEncoder(video.picture)
        found = []
        for frame in video.frames():
            found.append(_rgb(frame, encoder))
            if len(found) == most:
                break
        return np.stack(found), video.regions


def _rgb(frame: Frame, encoder: JpegEncoder) -> NDArray[np.uint8]:
    luma, *chroma = encoder.to_jfif(frame.planes)
    if not chroma:
        return cv2.cvtColor(np.ascontiguousarray(luma), cv2.COLOR_GRAY2RGB)
    blue, red = (cv2.resize(plane, luma.shape[::-1]) for plane in chroma)
    return cv2.cvtColor(np.dstack([luma, red, blue]), cv2.COLOR_YCrCb2RGB)


def sector_of(frames: NDArray[np.uint8], regions: Sequence[CalibrationRegion]) -> NDArray[np.bool_]:
    """The hull of the large things that move; of still pictures, of those that are lit. Of what the file
    declares to be a picture of tissue, where it does."""
    luma = frames.mean(axis=3)
    marked = np.ptp(luma, axis=0) > MOVES_BY if len(frames) > 2 else luma[0] > LIT_FROM
    tissue = [region for region in regions if region.spatial_format == 1]
    declared = np.full(marked.shape, not tissue)
    for region in tissue:
        declared[region.y0 : region.y1, region.x0 : region.x1] = True
    side = max(3, min(marked.shape) // 40) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    closed = cv2.morphologyEx((marked & declared).astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, kernel)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    large = 1 + np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= LARGE_SHARE * marked.size)
    hull = np.zeros(marked.shape, np.uint8)
    if len(large):
        points = cv2.findNonZero(np.isin(labels, large).astype(np.uint8))
        cv2.fillConvexPoly(hull, cv2.convexHull(points), 1)
    return hull.astype(bool)
