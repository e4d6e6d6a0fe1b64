"""Open whatever slide the bytes are: by their content, never by a file's name."""

from collections.abc import Sequence

from ground.source import ByteSource
from tiling.bundle import is_zip, open_bundle
from tiling.errors import CorruptSlideError, NotASlideError, UnsupportedSlideError
from tiling.formats.ndpi import NdpiSlide, is_ndpi
from tiling.formats.openslide import open_with_openslide
from tiling.formats.svs import SvsSlide, is_svs
from tiling.formats.tiff import TiffSlide, is_generic_tiff
from tiling.limits import Limits
from tiling.model import Slide
from tiling.scratch import Scratch
from tiling.tiff.reader import TiffFile

_HAMAMATSU_TAG = 65420
_PREAMBLE_BYTES = 128  # DICOM PS3.10, 7.1
_TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# What only OpenSlide reads and is no TIFF: Zeiss CZI, Sakura. Nothing else is worth a plain copy.
_OPENSLIDE_MAGICS = (b"ZISRAWFILE", b"SQLite format 3\0")


def is_slide(source: ByteSource) -> bool:
    """Whether the bytes begin as a slide of some kind does; whether they can be read shows `open_slide`.

    Of DICOM, which has pictures of every kind, anything counts.
    """
    start = source.read_at(0, 16)
    return start.startswith((*_TIFF_MAGICS, *_OPENSLIDE_MAGICS)) or is_zip(source) or _is_dicom(source)


def open_slide(source: ByteSource, limits: Limits | None = None, scratch: Scratch | None = None) -> Slide:
    """Recognise and open a slide; `source` and `scratch` must stay open as long as the slide is used.

    scratch: where a plain copy may be made for formats that only a library with paths reads; without it these
    are refused. Raises NotASlideError, UnsupportedSlideError, CorruptSlideError, SlideTooLargeError.
    """
    limits = limits or Limits()
    start = source.read_at(0, 16)
    if source.read_at(_PREAMBLE_BYTES, 4) == b"DICM":
        # Before TIFF: DICOM's preamble may be that of a TIFF, so that both kinds of reader open the file.
        return _open_dicom([source], limits)
    if start.startswith(_TIFF_MAGICS):
        return _open_tiff(source, limits, scratch)
    if start.startswith(_OPENSLIDE_MAGICS):
        return _open_elsewhere(source, limits, scratch)
    if is_zip(source):
        return _open_bundle(source, limits, scratch)
    if _is_dicom(source):
        return _open_dicom([source], limits)
    raise NotASlideError("the file is of no kind of slide that is known here")


def _open_tiff(source: ByteSource, limits: Limits, scratch: Scratch | None) -> Slide:
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
    return _open_elsewhere(source, limits, scratch)


def _open_bundle(source: ByteSource, limits: Limits, scratch: Scratch | None) -> Slide:
    """A slide of several files, or one that somebody packed."""
    bundle = open_bundle(source, limits, scratch)
    files = list(bundle.values())
    if any(_is_dicom(file) for file in files):
        return _open_dicom([*files, bundle.names()], limits)
    # One slide, and what came along with it: a read-me, a checksum.
    slides = [file for file in files if file.read_at(0, 16).startswith((*_TIFF_MAGICS, *_OPENSLIDE_MAGICS))]
    if len(slides) == 1:
        return open_slide(slides[0], limits, scratch)
    if scratch is None:
        raise UnsupportedSlideError("slides of this scanner can only be read where there is room for a copy")
    return open_with_openslide(bundle, limits, scratch)


def _open_elsewhere(source: ByteSource, limits: Limits, scratch: Scratch | None) -> Slide:
    if scratch is None:
        raise UnsupportedSlideError("slides of this scanner can only be read where there is room for a copy")
    return open_with_openslide(source, limits, scratch)


def _is_dicom(source: ByteSource) -> bool:
    # Its second reader takes as long to load as all other formats together, and most files never need it.
    from tiling.formats.dicom import is_dicom  # noqa: PLC0415

    return is_dicom(source)


def _open_dicom(files: Sequence[ByteSource], limits: Limits) -> Slide:
    from tiling.formats.dicom import open_dicom  # noqa: PLC0415

    return open_dicom(files, limits)
