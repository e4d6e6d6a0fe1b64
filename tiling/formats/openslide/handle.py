"""An OpenSlide handle whose errors are ours: the library's messages quote paths and the file's own texts."""

import ctypes
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import openslide
from numpy.typing import NDArray
from openslide import lowlevel
from PIL import Image

from tiling.errors import CorruptSlideError, UnsupportedSlideError
from tiling.geometry import Region, Size
from tiling.model import Pixels

# Tiles that lie across the border of two of our blocks are decoded once where they stay this long.
_CACHE_BYTES = 64 * 2**20
_MOST_OPENINGS = 200  # a slide with more damage than that is refused anyway


@contextmanager
def _as_our_errors(sentence: str) -> Iterator[None]:
    try:
        yield
    except (openslide.OpenSlideError, ValueError) as error:
        raise CorruptSlideError(sentence) from error


class Handle:
    """One opened slide. Thread-safe.

    The library's own handle fails for good after its first error; this one opens another, a bounded number
    of times, so that a damaged tile spoils no other. Raises UnsupportedSlideError where OpenSlide knows no
    such file, CorruptSlideError for all else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._openings_left = _MOST_OPENINGS
        self._cache = openslide.OpenSlideCache(_CACHE_BYTES)
        self._slide = self._open()

    def _open(self) -> openslide.OpenSlide:
        self._openings_left -= 1
        try:
            slide = openslide.OpenSlide(self._path)
        except openslide.OpenSlideUnsupportedFormatError as error:
            raise UnsupportedSlideError("the file is of no kind of slide that can be read") from error
        except (openslide.OpenSlideError, ValueError) as error:
            raise CorruptSlideError("the slide is damaged, or of a variant that OpenSlide refuses") from error
        slide.set_cache(self._cache)
        return slide

    @property
    def properties(self) -> Mapping[str, str]:
        with _as_our_errors("the slide's descriptions cannot be read"):
            return dict(self._slide.properties)

    def levels(self) -> tuple[tuple[Size, float], ...]:
        """Sizes, and level-0 pixels per pixel."""
        with _as_our_errors("the slide's levels cannot be read"):
            sizes = [Size(width, height) for width, height in self._slide.level_dimensions]
            return tuple(zip(sizes, self._slide.level_downsamples, strict=True))

    def associated_images(self) -> dict[str, Size]:
        """By the library's own names. Nothing is decoded."""
        with _as_our_errors("the slide's associated images cannot be listed"):
            slide = self._slide._osr
            return {
                name: Size(*lowlevel.get_associated_image_dimensions(slide, name))
                for name in lowlevel.get_associated_image_names(slide)
            }

    def associated_pixels(self, name: str) -> Pixels:
        """(height, width, 3) RGB on white. A handle of its own: where it fails, this one must not."""
        slide = self._open()
        try:
            with _as_our_errors("a picture beside the slide cannot be decoded"):
                image = slide.associated_images[name]
        finally:
            slide.close()
        ground = Image.new("RGBA", image.size, "white")
        return np.asarray(Image.alpha_composite(ground, image).convert("RGB"))

    def icc_profile(self) -> bytes | None:
        with _as_our_errors("the slide's colour profile cannot be read"):
            profile: bytes | None = lowlevel.read_icc_profile(self._slide._osr)
            return profile

    def read(self, region: Region) -> NDArray[np.uint8]:
        """Level-0 pixels, (height, width, 4): blue, green, red, alpha, premultiplied; 0 beyond the slide.

        The library's Python binding divides by alpha, which loses what the composition on a ground needs.
        """
        height, width = region.size.height_px, region.size.width_px
        pixels = np.empty((height, width), np.uint32)
        slide = self._slide
        try:
            with _as_our_errors("a part of the slide cannot be decoded"):
                lowlevel._read_region(
                    slide._osr,
                    pixels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint32)),
                    region.origin.x,
                    region.origin.y,
                    0,
                    width,
                    height,
                )
        except CorruptSlideError:
            self._replace(slide)
            raise
        return pixels.astype("<u4", copy=False).view(np.uint8).reshape(height, width, 4)

    def _replace(self, failed: openslide.OpenSlide) -> None:
        """Other threads may still be reading with the failed one: it goes when the last has let it go."""
        with self._lock:
            if self._slide is failed and self._openings_left > 0:
                self._slide = self._open()

    def close(self) -> None:
        self._slide.close()
