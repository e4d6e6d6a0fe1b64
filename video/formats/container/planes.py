"""A decoded frame's samples as the planes that the rest of the wing knows: grey, 4:2:0 or 4:4:4, 8 bits.

Nothing is scaled or filtered. 4:2:0 with even sides is handed on untouched; coarser or odd chroma is repeated
up to 4:4:4, so that every sample keeps its value; RGB becomes full-range BT.601; deeper samples are rounded.
"""

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane

from video.errors import UnsupportedVideoError
from video.model import Matrix, Plane, Sampling

_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
_VIDEO_RANGE = 1  # AVCOL_RANGE_MPEG
# Numbers of ITU-T H.273, table 4.
_MATRICES = {
    1: Matrix.BT709,
    4: Matrix.BT601,
    5: Matrix.BT601,
    6: Matrix.BT601,
    7: Matrix.BT709,  # SMPTE 240M differs from it by less than two levels
    9: Matrix.BT2020,
    10: Matrix.BT2020,
}
_HDR_TRANSFERS = frozenset({16, 18})  # PQ and HLG (H.273, table 3)
_UNSPECIFIED_MATRICES = frozenset({0, 2, 3})
# Samples that lie in turns: the same samples, a plane each. FFmpeg's names.
_LYING_IN_TURNS = {
    "nv12": "yuv420p",
    "nv21": "yuv420p",
    "nv16": "yuv422p",
    "nv24": "yuv444p",
    "nv42": "yuv444p",
    "yuyv422": "yuv422p",
    "yvyu422": "yuv422p",
    "uyvy422": "yuv422p",
    "uyyvyy411": "yuv411p",
    "vuya": "yuv444p",
    "vuyx": "yuv444p",
    "ayuv": "yuv444p",
    "p010le": "yuv420p10le",
    "p012le": "yuv420p12le",
    "p016le": "yuv420p16le",
    "nv20le": "yuv422p10le",
    "p210le": "yuv422p10le",
    "p212le": "yuv422p12le",
    "p216le": "yuv422p16le",
    "y210le": "yuv422p10le",
    "y212le": "yuv422p12le",
    "p410le": "yuv444p10le",
    "p416le": "yuv444p16le",
    "xv30le": "yuv444p10le",
    "xv36le": "yuv444p12le",
    "ayuv64le": "yuv444p16le",
}
_STRETCH = np.clip(np.rint((np.arange(256) - 16) * 255 / 219), 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Colours:
    """How a frame's planes are meant. is_assumed: the file does not say which matrix."""

    sampling: Sampling
    matrix: Matrix
    is_full_range: bool
    is_assumed: bool = False
    is_rounded: bool = False
    is_repeated: bool = False
    is_for_hdr: bool = False


def colours_of(frame: VideoFrame) -> Colours:
    """What `planes_of` will make of the frame; as ffmpeg does, BT.601 is taken where nothing is said."""
    return _colours(
        frame.format.name,
        frame.width % 2 == 0 and frame.height % 2 == 0,
        int(frame.colorspace),
        int(frame.color_range),
        int(frame.color_trc),
    )


@functools.lru_cache(maxsize=64)
def _colours(name: str, is_even: bool, matrix: int, levels: int, transfer: int) -> Colours:
    layout = VideoFormat(name)
    is_rounded = _depth(layout) > 8
    if _is_gray(layout):
        return Colours(Sampling.GRAY, Matrix.BT601, is_full_range=True, is_rounded=is_rounded)
    if not _is_yuv(layout):
        return Colours(Sampling.YUV444, Matrix.BT601, is_full_range=True, is_rounded=is_rounded)
    shifts = _chroma_shifts(layout)
    sampling = Sampling.YUV420 if shifts == (1, 1) and is_even else Sampling.YUV444
    return Colours(
        sampling,
        _MATRICES.get(matrix, Matrix.BT601),
        is_full_range=name.startswith("yuvj") or levels == _FULL_RANGE,
        is_assumed=matrix in _UNSPECIFIED_MATRICES,
        is_rounded=is_rounded,
        is_for_hdr=transfer in _HDR_TRANSFERS,
        is_repeated=sampling is Sampling.YUV444 and shifts != (0, 0),
    )


def planes_of(frame: VideoFrame) -> tuple[Plane, ...]:
    """The frame's samples, not to be written to: decoders still predict from them.

    Raises UnsupportedVideoError.
    """
    if _is_gray(frame.format):
        return (_gray(frame),)
    if not _is_yuv(frame.format):
        return _from_rgb(frame)
    colours = colours_of(frame)
    plain = _LYING_IN_TURNS.get(frame.format.name)
    if plain is not None:
        frame = frame.reformat(format=plain)
    planes = tuple(_samples(frame, index, is_full_range=colours.is_full_range) for index in range(3))
    if not colours.is_repeated:
        return planes
    shift_x, shift_y = _chroma_shifts(frame.format)
    luma, *chroma = planes
    return luma, *(_repeated(plane, shift_x, shift_y, luma.shape) for plane in chroma)


def _is_gray(layout: VideoFormat) -> bool:
    return layout.name.startswith(("gray", "ya8", "ya16", "mono")) and not layout.name.startswith("grayf")


def _is_yuv(layout: VideoFormat) -> bool:
    return layout.name.startswith(("yuv", *_LYING_IN_TURNS))


def _depth(layout: VideoFormat) -> int:
    return 8 if layout.has_palette else max(component.bits for component in layout.components)


def _chroma_shifts(layout: VideoFormat) -> tuple[int, int]:
    """log2 of how much coarser chroma is, across and down."""
    # Asked of a size that every sampling divides: an odd frame's rounding says nothing.
    return (16 // layout.chroma_width(16)).bit_length() - 1, (16 // layout.chroma_height(16)).bit_length() - 1


def _samples(frame: VideoFrame, index: int, *, is_full_range: bool) -> Plane:
    """Plane `index` in 8 bits: a view where it has 8, else rounded."""
    plane = frame.planes[index]
    _check_rows(plane)
    bits = frame.format.components[index].bits
    if bits == 8:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[
            :, : plane.width
        ]
        rows.flags.writeable = False
        return rows
    if not 8 < bits <= 16:
        raise UnsupportedVideoError("the video's samples have a depth that is not supported")
    order = ">u2" if frame.format.is_big_endian else "<u2"
    deep = np.frombuffer(memoryview(plane), order).reshape(plane.height, plane.line_size // 2)[
        :, : plane.width
    ]
    scale = 255 / (2**bits - 1) if is_full_range else 2.0 ** (8 - bits)
    rounded = cv2.convertScaleAbs(deep.astype(np.uint16, copy=False), alpha=scale)
    return np.asarray(rounded, np.uint8)


def _check_rows(plane: VideoPlane) -> None:
    """Rows that run backwards begin at the end of their memory: reading on from there would leave it."""
    if plane.line_size <= 0:
        raise UnsupportedVideoError("the video's rows are stored in an order that is not supported")


def _repeated(plane: Plane, shift_x: int, shift_y: int, shape: tuple[int, ...]) -> Plane:
    height, width = plane.shape
    large = cv2.resize(plane, (width << shift_x, height << shift_y), interpolation=cv2.INTER_NEAREST)
    return np.asarray(large, np.uint8)[: shape[0], : shape[1]]


def _gray(frame: VideoFrame) -> Plane:
    name = frame.format.name
    if not name.startswith("gray"):
        frame = frame.reformat(format="gray")
    samples = _samples(frame, 0, is_full_range=True)
    if int(frame.color_range) != _VIDEO_RANGE:
        return samples
    return np.asarray(cv2.LUT(samples, _STRETCH), np.uint8)


def _from_rgb(frame: VideoFrame) -> tuple[Plane, ...]:
    """Transparent pixels show the colour that they have beneath, as in ffmpeg: GIF's decoder says white."""
    try:
        plain = frame.reformat(format="rgb24")
    except (ValueError, OSError) as error:
        raise UnsupportedVideoError("the video's colours are coded in a way that is not supported") from error
    plane = plain.planes[0]
    _check_rows(plane)
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plain.height, plane.line_size)[
        :, : plain.width * 3
    ]
    pixels = rows.reshape(plain.height, plain.width, 3)
    luma, red, blue = cv2.split(cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb))
    return np.asarray(luma, np.uint8), np.asarray(blue, np.uint8), np.asarray(red, np.uint8)
