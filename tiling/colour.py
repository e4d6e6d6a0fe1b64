"""A scanner's colours to sRGB: Little CMS on pixels, or a table that a graphics card looks colours up in.

As OpenSlide's own viewer and QuPath do it: perceptual intent, no black-point compensation of our choosing
(Little CMS has it in perceptual transforms of version-4 profiles, where the standard demands it).
"""

import io

import numpy as np
from PIL import Image, ImageCms

from tiling.errors import TilingError
from tiling.icc import scrub_profile
from tiling.model import Pixels

LUT_SIDE = 33
"""Nodes along each axis: one in eight grey levels; 108 kB."""

_FLAGS = ImageCms.Flags.HIGHRESPRECALC
_ROWS_AT_A_TIME = 512


class UnusableProfileError(TilingError):
    """The colour profile is damaged, or of a kind that does not describe red, green and blue."""


class ColourTransform:
    """From the colours of one profile to sRGB. Thread-safe.

    The profile is rebuilt from its numbers first (:mod:`tiling.icc`), so that Little CMS never sees a
    structure that a stranger made. Raises UnusableProfileError.
    """

    def __init__(self, icc_profile: bytes) -> None:
        rebuilt = scrub_profile(icc_profile)
        if rebuilt is None:
            raise UnusableProfileError("the slide's colour profile cannot be understood")
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(rebuilt))
            self._transform = ImageCms.buildTransform(
                source,
                ImageCms.createProfile("sRGB"),
                "RGB",
                "RGB",
                ImageCms.Intent.PERCEPTUAL,
                _FLAGS,
            )
        except (ImageCms.PyCMSError, OSError, ValueError) as error:
            raise UnusableProfileError("the slide's colour profile cannot be used") from error

    def apply(self, pixels: Pixels) -> None:
        """Turn (height, width, 3) RGB into sRGB, in place."""
        for top in range(0, len(pixels), _ROWS_AT_A_TIME):
            part = Image.fromarray(pixels[top : top + _ROWS_AT_A_TIME])
            ImageCms.applyTransform(part, self._transform, inPlace=True)
            pixels[top : top + _ROWS_AT_A_TIME] = np.asarray(part)

    def lut(self) -> bytes:
        """The table: 33 × 33 × 33 × 3 bytes, sRGB, at ((b · 33 + g) · 33 + r) · 3.

        Node i stands for i · 255 / 32. Most lie between the 256 values of a scanner, and are the mean of
        the eight colours around them, weighed by nearness. Exact to half a grey level.
        """
        places = np.arange(LUT_SIDE) * (255 / (LUT_SIDE - 1))
        below = np.floor(places).astype(np.intp)
        weights = (places - below).astype(np.float32)
        values = np.stack([below, np.minimum(below + 1, 255)], axis=1).reshape(-1).astype(np.uint8)
        count = len(values)
        cube = np.empty((count, count, count, 3), np.uint8)
        cube[..., 0] = values
        cube[..., 1] = values[:, None]
        cube[..., 2] = values[:, None, None]
        self.apply(cube.reshape(count * count, count, 3))
        nodes = cube.astype(np.float32)
        for axis in range(3):
            low, high = nodes.take(range(0, len(values), 2), axis), nodes.take(range(1, len(values), 2), axis)
            weight = weights.reshape([-1 if axis == other else 1 for other in range(4)])
            nodes = low + (high - low) * weight
        return (nodes + 0.5).astype(np.uint8).tobytes()
