"""Frames to H.264 samples at a fixed fineness, through libx264.

A sample depends on nothing but its group (a key frame and what refers to it), so that groups of encoders of
different fineness may follow each other: `stitchable` makes their parameter sets equal. One thing connects
neighbours: two key frames in a row must bear different idr_pic_id (ITU-T H.264, 7.4.3). libx264 counts 0, 1,
0, 1; an encoder that is out of step encodes a group once more.
"""

from collections.abc import Sequence
from fractions import Fraction

import av
import av.error
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from numpy.typing import NDArray

from video.canonical.level import least_level
from video.canonical.mp4_boxes import COLOUR_NUMBERS, COLOUR_RANGES, Tick, pixel_aspect_terms
from video.canonical.nal import SEI, decoder_configuration, join, parameter_sets, unit_type, units
from video.errors import VideoError
from video.model import PictureFormat, Plane, Sampling

FINEST, COARSEST = 1, 51  # quantiser parameters; six steps halve or double the error
SLICES = 4
_ANY_TICK = Tick(timescale=1_000, duration=40)
_GLOBAL_HEADER = 1 << 22
_LEVEL_OFFSET = 3  # in avcC
_MIDDLE_GREY = 128
# Groups at equal error are smaller by veryfast; where every frame stands by itself superfast makes 3 % more
# bytes in 2 ms less of a 720p frame. Slower presets gain nothing without their slow entropy coding, which
# `fastdecode` forbids.
_PRESET_ALONE, _PRESET_GROUP = "superfast", "veryfast"
_OPTIONS = {"tune": "fastdecode", "forced-idr": "1"}
# Finer differences are cheap and count for much in RGB: 5 % fewer bytes at equal error there. Every frame of
# a group has to keep the same promise, so the key frame is no finer than the rest.
_PARAMETERS = (
    f"slices={SLICES}:aud=1:annexb=0:stitchable=1:threads=1:sliced-threads=0:rc-lookahead=0:sync-lookahead=0"
    ":bframes=0:scenecut=0:mbtree=0:force-cfr=1:open-gop=0:chroma-qp-offset=-4:ipratio=1"
)


class SampleEncoder:
    """Frames of one format at one quantiser. One thread at a time. avcc: the decoder configuration."""

    def __init__(self, picture: PictureFormat, gop: int, quantiser: int) -> None:
        self._coded = coded_sampling(picture)
        self._context = _open(picture, self._coded, gop, quantiser, _ANY_TICK, None)
        self.avcc = _configuration(self._context, self._coded)
        self._frame = av.VideoFrame(picture.width_px, picture.height_px, self._coded.value)
        self._targets = tuple(
            np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[
                : plane.height, : plane.width
            ]
            for plane in self._frame.planes
        )
        if picture.sampling is Sampling.GRAY:
            for target in self._targets[1:]:
                target[:] = _MIDDLE_GREY
        self._pts = 0
        self._next_parity = 0

    def encode_group(self, group: Sequence[tuple[Plane, ...]], parity: int) -> list[bytes]:
        """The samples of a key frame and those that refer to it. parity: 0 and 1 in turns, group by group."""
        if parity != self._next_parity:
            self._encode(group[:1])
        return self._encode(group)

    def _encode(self, group: Sequence[tuple[Plane, ...]]) -> list[bytes]:
        self._next_parity ^= 1
        return [self._encode_frame(planes, is_key=not number) for number, planes in enumerate(group)]

    def _encode_frame(self, planes: tuple[Plane, ...], *, is_key: bool) -> bytes:
        for target, plane in zip(self._targets, planes, strict=False):
            target[:] = plane
        self._frame.pts = self._pts
        self._frame.pict_type = PictureType.I if is_key else PictureType.P
        self._pts += 1
        try:
            packets = self._context.encode(self._frame)
        except (av.error.FFmpegError, MemoryError) as error:
            raise VideoError("a frame cannot be encoded") from error
        if len(packets) != 1:
            raise VideoError("a frame cannot be encoded by itself")
        data = bytes(packets[0])
        kept = [unit for unit in units(data) if unit_type(unit) != SEI]
        return join(kept)


def coded_sampling(picture: PictureFormat) -> Sampling:
    """How frames of this format are coded. Browsers decode no H.264 without chroma: grey gets a neutral one,
    which takes no room; halved chroma needs even sides."""
    if picture.sampling is not Sampling.GRAY:
        return picture.sampling
    is_even = picture.width_px % 2 == 0 and picture.height_px % 2 == 0
    return Sampling.YUV420 if is_even else Sampling.YUV444


def stream_configuration(picture: PictureFormat, gop: int, tick: Tick, sizes: NDArray[np.uint32]) -> bytes:
    """avcC of a stream whose rate and sample sizes are known; in all else equal to that of its encoders."""
    coded = coded_sampling(picture)
    avcc = _configuration(_open(picture, coded, gop, FINEST, tick, None), coded)
    level = least_level(sizes, tick.timescale / tick.duration, is_444=coded is Sampling.YUV444)
    if level <= avcc[_LEVEL_OFFSET]:
        return avcc
    return _configuration(_open(picture, coded, gop, FINEST, tick, level), coded)


def _configuration(context: VideoCodecContext, coded: Sampling) -> bytes:
    sps, pps = parameter_sets(context.extradata or b"")
    return decoder_configuration(sps, pps, 3 if coded is Sampling.YUV444 else 1)


def _open(
    picture: PictureFormat, coded: Sampling, gop: int, quantiser: int, tick: Tick, level: int | None
) -> VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height = picture.width_px, picture.height_px
    context.pix_fmt = coded.value
    context.thread_count = 1
    context.time_base = Fraction(tick.duration, tick.timescale)
    context.framerate = Fraction(tick.timescale, tick.duration)
    context.flags |= _GLOBAL_HEADER
    primaries, transfer, matrix = COLOUR_NUMBERS[picture.matrix]
    context.color_primaries, context.color_trc, context.colorspace = primaries, transfer, matrix
    context.color_range = COLOUR_RANGES[picture.is_full_range]
    aspect_width, aspect_height = pixel_aspect_terms(picture.pixel_aspect)
    context.options = _OPTIONS | {
        "preset": _PRESET_ALONE if gop == 1 else _PRESET_GROUP,
        "qp": str(quantiser),
        "x264-params": f"{_PARAMETERS}:keyint={gop}:min-keyint={gop}:sar={aspect_width}/{aspect_height}"
        f":fullrange={'on' if picture.is_full_range else 'off'}" + (f":level={level}" if level else ""),
    }
    try:
        context.open()
    except (av.error.FFmpegError, MemoryError) as error:
        raise VideoError("frames of this size cannot be encoded") from error
    return context
