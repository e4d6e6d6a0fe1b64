"""Run-length coded frames (PS3.5, annex G): one PackBits stream for each byte of each sample.

The table before the streams is read here: imagecodecs' own reader believes it, and reads outside the frame.
"""

from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError

_HEADER_BYTES = 64
_MOST_SEGMENTS = 15


def decode(data: bytes, pixels: int, samples: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """(samples, pixels), one plane behind the other. Raises CorruptSlideError, or as imagecodecs does."""
    header = np.frombuffer(data[:_HEADER_BYTES], "<u4").tolist()
    wanted = samples * dtype.itemsize
    if len(header) * 4 != _HEADER_BYTES or header[0] != wanted or wanted > _MOST_SEGMENTS:
        raise CorruptSlideError("a frame of the slide has other planes than are stated")
    starts = [*header[1 : wanted + 1], len(data)]
    planes = np.empty((samples, dtype.itemsize, pixels), np.uint8)
    for number in range(wanted):
        start, end = starts[number], starts[number + 1]
        if not _HEADER_BYTES <= start <= end <= len(data):
            raise CorruptSlideError("a frame of the slide is damaged")
        plane = np.frombuffer(imagecodecs.packbits_decode(data[start:end]), np.uint8)
        # A segment is filled up to an even length, and some encoders code the filling.
        if not pixels <= len(plane) <= pixels + 1:
            raise CorruptSlideError("a frame of the slide is not of the size that is stated")
        # The most significant byte of a sample comes first.
        planes[number // dtype.itemsize, dtype.itemsize - 1 - number % dtype.itemsize] = plane[:pixels]
    little = np.ascontiguousarray(np.moveaxis(planes, 1, 2))
    return little.view(dtype.newbyteorder("<")).reshape(samples, pixels).astype(dtype, copy=False)
