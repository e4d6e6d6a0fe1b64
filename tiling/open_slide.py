"""Open whatever slide the bytes are: by their content, never by a file's name."""

from tiling.errors import CorruptSlideError, UnsupportedSlideError
from tiling.formats.ndpi import NdpiSlide, is_ndpi
from tiling.formats.svs import SvsSlide, is_svs
from tiling.formats.tiff import TiffSlide, is_generic_tiff
from tiling.limits import Limits
from tiling.model import Slide
from tiling.source import ByteSource
from tiling.tiff.reader import TiffFile

_HAMAMATSU_TAG = 65420


def open_slide(source: ByteSource, limits: Limits | None = None) -> Slide:
    """Recognise and open a slide; `source` must stay open as long as the slide is used.

    Raises NotASlideError, UnsupportedSlideError, CorruptSlideError or SlideTooLargeError.
    """
    limits = limits or Limits()
    if is_ndpi(source, limits):
        return NdpiSlide(source, limits)
    tiff = TiffFile(source, limits)
    if any(_HAMAMATSU_TAG in directory.entries for directory in tiff.directories):
        # A damaged NDPI must not pass for a plain TIFF: the largest image left in it may be the macro.
        raise CorruptSlideError("the file is of a Hamamatsu scanner, but its directories are damaged")
    if is_svs(tiff, limits):
        return SvsSlide(source, tiff, limits)
    if is_generic_tiff(tiff, limits):
        return TiffSlide(source, tiff, limits)
    raise UnsupportedSlideError("the file is a TIFF of a scanner whose layout is not supported")
