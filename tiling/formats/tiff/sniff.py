"""Which TIFFs are read here. Some makers' files are TIFFs whose pages only OpenSlide knows how to lay out."""

from tiling.limits import Limits
from tiling.tiff import tags
from tiling.tiff.reader import Directory, TiffFile

# Where each maker leaves its mark: Philips, Trestle; Leica SCN; Ventana (its tiles overlap).
_MARKS = (
    (tags.SOFTWARE, b"Philips"),
    (tags.SOFTWARE, b"MedScan"),
    (tags.IMAGE_DESCRIPTION, b'ObjectType="DPUfsImport"'),
    (tags.IMAGE_DESCRIPTION, b"http://www.leica-microsystems.com/scn/"),
    (tags.XMP, b"<iScan"),
)
_MARKED_DIRECTORIES = 8  # Ventana's mark may first stand behind a label and a thumbnail


def is_generic_tiff(tiff: TiffFile, limits: Limits) -> bool:
    """Whether a TIFF that is neither Aperio's nor Hamamatsu's is laid out as TIFF says."""
    marked = tiff.directories[:_MARKED_DIRECTORIES]
    return not any(_has_mark(tiff, directory, limits) for directory in marked)


def _has_mark(tiff: TiffFile, directory: Directory, limits: Limits) -> bool:
    for tag, mark in _MARKS:
        entry = directory.entries.get(tag)
        if entry is not None and mark in tiff.bytes_at(
            entry.value_offset, min(entry.byte_count, limits.text_bytes)
        ):
            return True
    return False
