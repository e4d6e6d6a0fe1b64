"""How clips are written whose every frame carries its number; which clips there are: `tests.video.clips`."""

import functools
import io
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from tests.video.picture_code import Pixels, draw_code

# SVT-AV1 tells its configuration to everybody unless told not to.
os.environ.setdefault("SVT_LOG", "0")

HIDDEN = 1_000_000
"""Codes from here on are of frames that must never be presented."""
MILLISECOND = Fraction(1, 1000)
TICK_90K = Fraction(1, 90_000)


class BytesSource:
    """A `ground.source.ByteSource` over bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def size_bytes(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


@dataclass(frozen=True, slots=True)
class Clip:
    """suffix: what such a file's name would end with."""

    name: str
    suffix: str
    data: bytes = field(repr=False)
    codes: tuple[int, ...]
    times_s: tuple[float, ...]
    width_px: int
    height_px: int

    @property
    def source(self) -> BytesSource:
        return BytesSource(self.data)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a clip is written.

    codes: one for each frame. ticks: when each is shown, in time_base; None for every 25th of a second.
    width_px, height_px: upright. rotation: degrees clockwise by which a player has to turn the stored frames.
    prepare: called when the streams are declared and nothing is written yet.
    """

    muxer: str
    codec: str
    codes: Sequence[int] = range(60)
    ticks: Sequence[int] | None = None
    time_base: Fraction = Fraction(1, 12_800)
    pixel_format: str = "yuv420p"
    width_px: int = 160
    height_px: int = 120
    codec_options: Mapping[str, str] = field(default_factory=dict)
    muxer_options: Mapping[str, str] = field(default_factory=dict)
    gop: int = 12
    b_frames: int = 0
    rotation: int = 0
    pixel_aspect: Fraction | None = None
    is_interlaced: bool = False
    colour_range: int = 0
    matrix: int = 0
    prepare: Callable[[OutputContainer, VideoStream], None] | None = None

    def shown_ticks(self) -> list[int]:
        if self.ticks is not None:
            return list(self.ticks)
        return [int(Fraction(number, 25) / self.time_base) for number in range(len(self.codes))]


def write_clip(recipe: Recipe, frames: Iterable[Pixels] | None = None) -> bytes:
    """The file's bytes. frames: RGB pictures in place of drawn codes, upright."""
    if "faststart" in recipe.muxer_options.get("movflags", ""):
        # The muxer reads the file again, by its name.
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "clip")
            _write(str(path), recipe, frames)
            return path.read_bytes()
    buffer = io.BytesIO()
    _write(buffer, recipe, frames)
    return buffer.getvalue()


def _write(target: io.BytesIO | str, recipe: Recipe, frames: Iterable[Pixels] | None) -> None:
    pictures = frames or (draw_code(code, recipe.width_px, recipe.height_px) for code in recipe.codes)
    with av.open(target, "w", format=recipe.muxer, options=dict(recipe.muxer_options)) as output:
        stream = _stream(output, recipe)
        if recipe.prepare is not None:
            recipe.prepare(output, stream)
        for picture, tick in zip(pictures, recipe.shown_ticks(), strict=True):
            output.mux(stream.encode(frame_of(picture, tick, recipe)))
        output.mux(stream.encode(None))


def _stream(output: OutputContainer, recipe: Recipe) -> VideoStream:
    stream = output.add_stream(recipe.codec, rate=25, options=dict(recipe.codec_options))
    if not isinstance(stream, VideoStream):
        raise TypeError(f"{recipe.codec} is no video codec")
    turned = recipe.rotation in {90, 270}
    stream.width = recipe.height_px if turned else recipe.width_px
    stream.height = recipe.width_px if turned else recipe.height_px
    stream.pix_fmt = recipe.pixel_format
    # One thread: what encoders write then is the same on every machine.
    stream.codec_context.thread_count = 1
    stream.codec_context.time_base = recipe.time_base
    stream.codec_context.gop_size = recipe.gop
    stream.codec_context.max_b_frames = recipe.b_frames
    if "crf" not in recipe.codec_options and recipe.codec in {"mpeg2video", "mpeg4", "mjpeg", "wmv2", "flv1"}:
        stream.bit_rate = 3_000_000
    if recipe.pixel_aspect is not None:
        stream.codec_context.sample_aspect_ratio = recipe.pixel_aspect
    if recipe.is_interlaced:
        stream.codec_context.flags |= 1 << 18 | 1 << 29  # interlaced DCT and motion estimation
    if recipe.colour_range:
        stream.color_range = recipe.colour_range
    if recipe.matrix:
        stream.colorspace = recipe.matrix
    if recipe.rotation:
        stream.set_display_rotation(-recipe.rotation)
    return stream


def frame_of(picture: Pixels, tick: int, recipe: Recipe) -> VideoFrame:
    """A picture as the recipe stores it."""
    # Shown after turning clockwise by `rotation`, so stored turned the other way.
    stored = np.ascontiguousarray(np.rot90(picture, recipe.rotation // 90))
    frame = VideoFrame.from_ndarray(stored, format="rgb24").reformat(format=recipe.pixel_format)
    frame.pts = tick
    frame.time_base = recipe.time_base
    return frame


def clip_of(suffix: str, recipe: Recipe, data: bytes | None = None) -> Clip:
    """The clip that a recipe makes, presented just as it was put in."""
    ticks = recipe.shown_ticks()
    times_s = tuple(float((tick - ticks[0]) * recipe.time_base) for tick in ticks)
    data = write_clip(recipe) if data is None else data
    return Clip("", suffix, data, tuple(recipe.codes), times_s, recipe.width_px, recipe.height_px)


MAKERS: dict[str, Callable[[], Clip]] = {}
"""Every clip that can be made, by name."""


def register(maker: Callable[[], Clip]) -> Callable[[], Clip]:
    """A clip's name is that of the function that makes it."""
    MAKERS[maker.__name__] = maker
    return maker


@functools.cache
def make(name: str) -> Clip:
    """Raises KeyError."""
    return replace(MAKERS[name](), name=name)


X264 = {"preset": "veryfast", "crf": "16"}
H264 = Recipe("mp4", "libx264", codec_options=X264)
