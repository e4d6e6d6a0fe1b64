"""Clips that were never in a file: frames by a formula, in any format, with any times."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ground.subject import Subject
from video.canonical.layout import DESCRIPTION_FILE, FRAMES_FILE, THUMBNAILS_FILE, VIDEO_FILE
from video.convert import VideoReport, convert_video
from video.limits import Limits
from video.model import (
    Action,
    CalibrationRegion,
    Frame,
    Matrix,
    PictureFormat,
    Place,
    Plane,
    RegionUnit,
    Sampling,
)

FILES = (VIDEO_FILE, FRAMES_FILE, THUMBNAILS_FILE, DESCRIPTION_FILE)
LUMA_WEIGHTS = {
    Matrix.BT601: (0.299, 0.114),
    Matrix.BT709: (0.2126, 0.0722),
    Matrix.BT2020: (0.2627, 0.0593),
}
REGION = CalibrationRegion(
    2, 3, 40, 50, 1, 1, RegionUnit.CENTIMETER, RegionUnit.CENTIMETER, 0.01, 0.0125, None, 7
)


def picture(
    width_px: int = 64,
    height_px: int = 48,
    sampling: Sampling = Sampling.YUV420,
    matrix: Matrix = Matrix.BT601,
    *,
    is_full_range: bool = False,
    pixel_aspect: float = 1.0,
) -> PictureFormat:
    return PictureFormat(width_px, height_px, sampling, matrix, is_full_range, pixel_aspect)


def shapes(form: PictureFormat) -> list[tuple[int, int]]:
    whole = (form.height_px, form.width_px)
    half = (form.height_px // 2, form.width_px // 2)
    return {
        Sampling.GRAY: [whole],
        Sampling.YUV420: [whole, half, half],
        Sampling.YUV444: [whole] * 3,
    }[form.sampling]


def waves(form: PictureFormat, number: int) -> tuple[Plane, ...]:
    """Smooth pictures, each unlike the others, within the limited range."""
    planes = []
    for place, (height, width) in enumerate(shapes(form)):
        rows, cols = np.mgrid[:height, :width]
        wave = np.sin((rows + 7 * number) / 9 + place) + np.cos((cols - 5 * number) / 11)
        planes.append((126 + 50 * wave).astype(np.uint8))
    return tuple(planes)


def noise(form: PictureFormat, number: int) -> tuple[Plane, ...]:
    """The worst that can come."""
    generator = np.random.default_rng(number)
    return tuple(generator.integers(0, 256, shape, dtype=np.uint8) for shape in shapes(form))


class SyntheticVideo:
    """A `Video` of `count` frames."""

    def __init__(
        self,
        form: PictureFormat,
        count: int,
        draw: Callable[[PictureFormat, int], tuple[Plane, ...]] = waves,
        times_s: Sequence[float] | None = None,
        promised_frames: int | None = None,
        texts: Sequence[bytes] = (),
    ) -> None:
        self.form = form
        self.count = count
        self.draw = draw
        self.times_s = [number / 25 for number in range(count)] if times_s is None else times_s
        self.promised = promised_frames
        self.said = texts
        self.remarks: tuple[str, ...] = ("Frames by a formula.",)
        self.losses: tuple[str, ...] = ()

    @property
    def format_name(self) -> str:
        return "formula"

    @property
    def picture(self) -> PictureFormat:
        return self.form

    @property
    def promised_frames(self) -> int | None:
        return self.promised

    @property
    def promised_duration_s(self) -> float | None:
        return None

    @property
    def regions(self) -> tuple[CalibrationRegion, ...]:
        return (REGION,)

    @property
    def is_ultrasound(self) -> bool:
        return False

    @property
    def subject(self) -> Subject | None:
        return None

    def frames(self) -> Iterator[Frame]:
        for number in range(self.count):
            yield Frame(number, self.times_s[number], self.draw(self.form, number))

    def places(self) -> Sequence[Place]:
        return (Place("formula", Action.REBUILT, 0),)

    def texts(self) -> Sequence[bytes]:
        return self.said


def canonical(video: SyntheticVideo, directory: Path, **options: Any) -> VideoReport:
    """Convert into `directory`, which is made."""
    directory.mkdir(exist_ok=True)
    settings = {
        "source_bytes": 1_000,
        "progress": lambda stage, done, total: None,
        "cancelled": lambda: False,
        "limits": Limits(),
    }
    return convert_video(video, directory, **{**settings, **options})


def psnr_db(one: NDArray[Any], other: NDArray[Any]) -> float:
    squares = float(np.mean((one.astype(float) - other.astype(float)) ** 2))
    return 99.0 if squares == 0 else 10 * float(np.log10(255**2 / squares))


def to_rgb(planes: Sequence[NDArray[np.uint8]], form: PictureFormat) -> NDArray[np.float64]:
    """(h, w, 3), 0–255, by ITU-T H.273, 8.3, in floating point; halved chroma is repeated."""
    luma = planes[0].astype(float)
    blue, red = (plane.astype(float) for plane in planes[1:]) if len(planes) > 1 else (luma * 0 + 128,) * 2
    if form.sampling is Sampling.YUV420:
        blue, red = (plane.repeat(2, axis=0).repeat(2, axis=1) for plane in (blue, red))
    luma = luma / 255 if form.is_full_range else (luma - 16) / 219
    scale = 255 if form.is_full_range else 224
    blue, red = (blue - 128) / scale, (red - 128) / scale
    of_red, of_blue = LUMA_WEIGHTS[form.matrix]
    r, b = luma + 2 * (1 - of_red) * red, luma + 2 * (1 - of_blue) * blue
    g = (luma - of_red * r - of_blue * b) / (1 - of_red - of_blue)
    return np.clip(np.stack([r, g, b], -1) * 255, 0, 255)
