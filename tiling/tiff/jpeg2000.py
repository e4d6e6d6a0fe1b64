"""JPEG 2000 streams as TIFFs hold them, to RGB (ISO 15444-1).

Aperio's scanners write raw codestreams; in their YCbCr kind (33003) chroma mostly has half of the samples.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError, UnsupportedSlideError

_STARTS_OF_BOXES = b"\0\0\0\x0cjP  "  # a JP2 file rather than a codestream
_CHROMA_STEPS = frozenset({(1, 1), (2, 1), (2, 2)})


@dataclass(frozen=True, slots=True)
class _Stated:
    """The SIZ marker (A.5.1). steps: pixels of the image per sample of a component, across and down."""

    width_px: int
    height_px: int
    steps: tuple[tuple[int, int], ...]


def decode(data: bytes, width_px: int, height_px: int, samples: int, *, is_ycbcr: bool) -> NDArray[Any]:
    """(height, width, samples), RGB where there are three; chroma samples are repeated, as OpenSlide does.

    Raises CorruptSlideError, UnsupportedSlideError.
    """
    stated = _stated(data)
    if stated is None or (stated.width_px, stated.height_px, len(stated.steps)) != (
        width_px,
        height_px,
        samples,
    ):
        raise CorruptSlideError("a tile's JPEG 2000 stream is not of the tile's size")
    is_subsampled = set(stated.steps) != {(1, 1)}
    if is_subsampled and not _is_known_subsampling(stated, width_px, height_px):
        raise UnsupportedSlideError("the slide's JPEG 2000 tiles have chroma samples of an unusual pattern")
    try:
        pixels = np.asarray(imagecodecs.jpeg2k_decode(data))
    except (RuntimeError, ValueError, MemoryError) as error:
        raise CorruptSlideError("a tile's JPEG 2000 stream cannot be decoded") from error
    if pixels.size != height_px * width_px * samples:
        raise CorruptSlideError("a tile's JPEG 2000 stream is not of the tile's size")
    pixels = pixels.reshape(height_px, width_px, samples)
    # What is subsampled can only be YCbCr; imagecodecs and Pillow make it RGB on their own, and only that.
    if is_ycbcr and samples == 3 and not is_subsampled:
        if pixels.dtype != np.uint8:
            raise UnsupportedSlideError("the slide's JPEG 2000 tiles are not of 8-bit samples")
        return cv2.cvtColor(pixels[:, :, [0, 2, 1]], cv2.COLOR_YCrCb2RGB)
    return pixels


def _is_known_subsampling(stated: _Stated, width_px: int, height_px: int) -> bool:
    luma, *chroma = stated.steps
    return (
        len(chroma) == 2
        and luma == (1, 1)
        and chroma[0] == chroma[1]
        and chroma[0] in _CHROMA_STEPS
        and width_px % chroma[0][0] == 0
        and height_px % chroma[0][1] == 0
    )


def _stated(data: bytes) -> _Stated | None:
    start = 0
    if data.startswith(_STARTS_OF_BOXES):
        start = data.find(b"\xff\x4f\xff\x51", 0, 4096)
    head = data[max(0, start) : max(0, start) + 42 + 3 * 4]
    if head[:4] != b"\xff\x4f\xff\x51" or len(head) < 45:
        return None
    right, lower, left, upper = (int.from_bytes(head[at : at + 4], "big") for at in (8, 12, 16, 20))
    count = int.from_bytes(head[40:42], "big")
    if not 1 <= count <= 4 or len(head) < 42 + 3 * count:
        return None
    steps = tuple((head[at + 1], head[at + 2]) for at in range(42, 42 + 3 * count, 3))
    return _Stated(right - left, lower - upper, steps)
