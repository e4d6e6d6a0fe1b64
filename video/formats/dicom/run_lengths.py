"""Run-length coded frames (PS3.5, annex G): one PackBits stream for each byte of each sample.

The table before the streams is read here: imagecodecs' own reader believes it, and reads outside the frame.
"""

from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from video.errors import CorruptVideoError

_HEADER_BYTES = 64
_MOST_SEGMENTS = 15


def unpack(data: bytes, pixels: int, samples: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """(samples, pixels), one plane behind the other. Raises CorruptVideoError, or as imagecodecs does."""
    header = np.frombuffer(data[:_HEADER_BYTES], "<u4").tolist()
    wanted = samples * dtype.itemsize
    if len(header) * 4 != _HEADER_BYTES or header[0] != wanted or wanted > _MOST_SEGMENTS:
        raise CorruptVideoError("a run-length coded frame has other planes than are stated")
    starts = [*header[1 : wanted + 1], len(data)]
    planes = np.empty((samples, dtype.itemsize, pixels), np.uint8)
    for number in range(wanted):
        start, end = starts[number], starts[number + 1]
        if not _HEADER_BYTES <= start <= end <= len(data):
            raise CorruptVideoError("a run-length coded frame is damaged")
        # A segment is filled up to an even length, and some encoders code the filling.
        plane = imagecodecs.packbits_decode(data[start:end], out=pixels + 2)
        if not pixels <= len(plane) <= pixels + 1:
            raise CorruptVideoError("a run-length coded frame is not of the size that is stated")
        # The most significant byte of a sample comes first.
        place = dtype.itemsize - 1 - number % dtype.itemsize
        planes[number // dtype.itemsize, place] = np.frombuffer(plane, np.uint8)[:pixels]
    little = np.ascontiguousarray(np.moveaxis(planes, 1, 2))
    return little.view(dtype.newbyteorder("<")).reshape(samples, pixels).astype(dtype, copy=False)
