"""Ultrasound loops that were never taken: a sector of moving speckle, and what a machine writes around it."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from video.model import CalibrationRegion, Matrix, PictureFormat, RegionUnit, Sampling
from video.overlay.sector_shapes import painted
from video.overlay.survey_model import Survey, Window

Rgb: TypeAlias = NDArray[np.uint8]
Draw: TypeAlias = Callable[[Rgb, int], None]
WIDTH, HEIGHT, FRAMES = 640, 480, 8
_CODING_NOISE = 6


def fan(apex: tuple[int, int] = (320, 30), radius: int = 360, half_angle: int = 42, inner: int = 0) -> Rgb:
    """(h, w) uint8, 1 inside: what a phased (inner 0) or a curved array sees, uncut."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    away = np.hypot(columns - apex[0], rows - apex[1])
    angle = np.degrees(np.arctan2(columns - apex[0], rows - apex[1]))
    return ((away <= radius) & (away >= inner) & (np.abs(angle) <= half_angle)).astype(np.uint8)


def rectangle(x0: int, y0: int, x1: int, y1: int) -> Rgb:
    """What a linear array sees."""
    inside = np.zeros((HEIGHT, WIDTH), np.uint8)
    inside[y0:y1, x0:x1] = 1
    return inside


def loop(
    sector: Rgb,
    overlays: Sequence[Draw] = (),
    *,
    frames: int = FRAMES,
    brightness: float = 1.0,
    jpeg_quality: int | None = None,
    seed: int = 1,
) -> list[Rgb]:
    """Frames of (h, w, 3): speckle that changes with every frame, darker with depth; then the overlays."""
    random = np.random.default_rng(seed)
    depth = np.linspace(1.0, 0.45, sector.shape[0])[:, None]
    made = []
    for number in range(frames):
        grain = cv2.GaussianBlur(random.rayleigh(60, sector.shape).astype(np.float32), (5, 3), 0)
        luma = np.clip(grain * depth * brightness, 0, 255) * sector
        picture = np.repeat(luma.astype(np.uint8)[..., None], 3, axis=2)
        for draw in overlays:
            draw(picture, number)
        made.append(picture if jpeg_quality is None else _coded(picture, jpeg_quality))
    return made


def text(
    words: str, x: int, y: int, scale: float = 0.5, colour: tuple[int, int, int] = (230, 230, 230)
) -> Draw:
    def draw(picture: Rgb, number: int) -> None:
        cv2.putText(picture, words, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv2.LINE_AA)

    return draw


def clock(x: int, y: int, scale: float = 0.6) -> Draw:
    def draw(picture: Rgb, number: int) -> None:
        text(f"11:24:{(number * 7) % 60:02d}.{(number * 61) % 100:02d}", x, y, scale)(picture, number)

    return draw


def trace(y: int, height: int = 40) -> Draw:
    """An ECG that is drawn from the left to the right, with a gap before what was drawn earlier."""

    def draw(picture: Rgb, number: int) -> None:
        columns = np.arange(20, picture.shape[1] - 20)
        beat = np.where((columns + 23 * number) % 90 < 6, -height, 0) + 3 * np.sin(columns / 9 + number)
        points = np.stack([columns, y + beat], axis=1).astype(np.int32)
        cv2.polylines(picture, [points], False, (0, 220, 90), 1)

    return draw


def blinking(words: str, x: int, y: int, scale: float = 0.8) -> Draw:
    def draw(picture: Rgb, number: int) -> None:
        if number % 2:
            text(words, x, y, scale)(picture, number)

    return draw


def banner(height: int = 40, words: str = "DOE, JANE  1969-07-20  General Hospital") -> Draw:
    def draw(picture: Rgb, number: int) -> None:
        picture[:height] = (30, 60, 110)
        text(words, 8, height - 12, 0.6)(picture, number)

    return draw


def window_of(frames: Sequence[Rgb], first_frame: int = 0) -> Window:
    stack = np.stack(frames)
    luma = np.stack([cv2.blur(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY), (3, 3)) for one in frames]).astype("i2")
    change = np.clip(np.ptp(luma, axis=0) - _CODING_NOISE, 0, 255).astype(np.uint8)
    median = np.median(stack[:25], axis=0).astype(np.uint8)
    samples = ((first_frame, stack[0]), (first_frame + len(stack) - 1, stack[-1]))
    return Window(
        first_frame,
        first_frame + len(stack) - 1,
        stack.min(axis=0),
        stack.max(axis=0),
        median,
        change,
        samples[: len(stack)],
    )


def survey_of(*stretches: Sequence[Rgb]) -> Survey:
    windows: list[Window] = []
    for frames in stretches:
        windows.append(window_of(frames, windows[-1].last_frame + 1 if windows else 0))
    height, width = windows[0].change.shape
    picture = PictureFormat(width, height, Sampling.YUV444, Matrix.BT601, is_full_range=True)
    return Survey(picture, windows[-1].last_frame + 1, tuple(windows))


def region(
    x0: int, y0: int, x1: int, y1: int, spatial_format: int = 1, data_type: int = 1
) -> CalibrationRegion:
    unit = RegionUnit.CENTIMETER
    return CalibrationRegion(x0, y0, x1, y1, spatial_format, data_type, unit, unit, 0.01, 0.01)


def dice(one: Rgb, other: Rgb) -> float:
    return 2 * float((one & other).sum()) / float(one.sum() + other.sum())


def area(*polygons: tuple[tuple[int, int], ...], width: int = WIDTH, height: int = HEIGHT) -> Rgb:
    return painted(polygons, width, height)


def _coded(picture: Rgb, quality: int) -> Rgb:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
