"""Open whatever slide the bytes are: by their content, never by a file's name."""

from tiling.errors import UnsupportedSlideError
from tiling.formats.svs import SvsSlide, is_svs
from tiling.limits import Limits
from tiling.model import Slide
from tiling.source import ByteSource
from tiling.tiff.reader import TiffFile


def open_slide(source: ByteSource, limits: Limits | None = None) -> Slide:
    """Recognise and open a slide; `source` must stay open as long as the slide is used.

    Raises NotASlideError, UnsupportedSlideError, CorruptSlideError or SlideTooLargeError.
    """
    limits = limits or Limits()
    tiff = TiffFile(source, limits)
    if is_svs(tiff, limits):
        return SvsSlide(source, tiff, limits)
    raise UnsupportedSlideError("the file is a TIFF, but not one of an Aperio scanner")
