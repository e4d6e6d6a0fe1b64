"""An OpenSlide handle whose errors are ours: the library's messages quote paths and the file's own texts."""

import ctypes
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import openslide
from numpy.typing import NDArray
from openslide import lowlevel

from tiling.errors import CorruptSlideError, UnsupportedSlideError
from tiling.geometry import Region


@contextmanager
def as_our_errors(sentence: str) -> Iterator[None]:
    """Whatever the library raises becomes a CorruptSlideError with our sentence."""
    try:
        yield
    except (openslide.OpenSlideError, ValueError, UnicodeDecodeError) as error:
        raise CorruptSlideError(sentence) from error


class Handle:
    """One opened slide. Thread-safe, as the library is; after its first error it fails for good, likewise."""

    def __init__(self, path: Path, cache_bytes: int) -> None:
        """Raises UnsupportedSlideError where OpenSlide knows no such file, CorruptSlideError otherwise."""
        try:
            self._slide = openslide.OpenSlide(path)
        except openslide.OpenSlideUnsupportedFormatError as error:
            raise UnsupportedSlideError("the file is of no kind of slide that can be read") from error
        except (openslide.OpenSlideError, ValueError) as error:
            raise CorruptSlideError("the slide is damaged, or files that belong to it are missing") from error
        self._slide.set_cache(openslide.OpenSlideCache(cache_bytes))

    @property
    def properties(self) -> Mapping[str, str]:
        with as_our_errors("the slide's descriptions cannot be read"):
            return dict(self._slide.properties)

    @property
    def level_sizes(self) -> tuple[tuple[int, int], ...]:
        with as_our_errors("the slide's levels cannot be read"):
            return tuple(self._slide.level_dimensions)

    @property
    def level_downsamples(self) -> tuple[float, ...]:
        with as_our_errors("the slide's levels cannot be read"):
            return tuple(self._slide.level_downsamples)

    def associated_sizes(self) -> dict[str, tuple[int, int]]:
        """Sizes by the library's own names; images that it cannot open are left out."""
        with as_our_errors("the slide's associated images cannot be listed"):
            names = lowlevel.get_associated_image_names(self._slide._osr)
            return {name: lowlevel.get_associated_image_dimensions(self._slide._osr, name) for name in names}

    def icc_profile(self) -> bytes | None:
        with as_our_errors("the slide's colour profile cannot be read"):
            profile: bytes | None = lowlevel.read_icc_profile(self._slide._osr)
            return profile

    def read(self, region: Region) -> NDArray[np.uint8]:
        """Level-0 pixels, (height, width, 4) uint8: blue, green, red, alpha, premultiplied.

        The library's Python binding divides by alpha, which loses what the composition needs.
        """
        height, width = region.size.height_px, region.size.width_px
        pixels = np.empty((height, width), np.uint32)
        with as_our_errors("a part of the slide cannot be decoded"):
            lowlevel._read_region(
                self._slide._osr,
                pixels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint32)),
                region.origin.x,
                region.origin.y,
                0,
                width,
                height,
            )
        return pixels.astype("<u4", copy=False).view(np.uint8).reshape(height, width, 4)

    def close(self) -> None:
        self._slide.close()
