"""Pages without OME-XML: ImageJ's stacks, whose first page counts them, and files that say nothing."""

import re
from collections.abc import Sequence

from tiling.formats.tiff.layout import Layout
from tiling.formats.tiff.selection import choose_base
from tiling.tiff.images import TiffImage

_IMAGEJ = b"ImageJ="
_COUNT = re.compile(rb"^(channels|slices|frames)=(\d{1,6})\s*$", re.MULTILINE)


def plain_layout(images: Sequence[TiffImage]) -> Layout:
    """Raises UnsupportedSlideError where nothing could be a slide."""
    base = choose_base(images)
    alike = [number for number, image in enumerate(images) if _is_alike(image, images[base])]
    if images[0].description.startswith(_IMAGEJ):
        layout = _imagej_layout(images[0].description, alike)
        if layout is not None:
            return layout
    remarks: tuple[str, ...] = ()
    if len(alike) > 1:
        remarks = (f"Page {alike.index(base) + 1} of {len(alike)} of the same size is shown.",)
    return Layout("tiff", ((base,),), remarks=remarks)


def _imagej_layout(description: bytes, pages: Sequence[int]) -> Layout | None:
    """Channels follow each other first, then focal planes, then points in time."""
    counts = {name: int(value) for name, value in _COUNT.findall(description.replace(b"\r", b""))}
    channels, depth, times = (counts.get(name, 1) for name in (b"channels", b"slices", b"frames"))
    if not (channels and depth and times) or channels * depth * times != len(pages):
        return None
    stack = tuple(tuple(pages[z * channels : (z + 1) * channels]) for z in range(depth))
    remarks = (f"Time point 1 of {times} is shown.",) if times > 1 else ()
    return Layout("tiff", stack, remarks=remarks)


def _is_alike(image: TiffImage, base: TiffImage) -> bool:
    return (image.size, image.samples_per_pixel, image.bits_per_sample, image.sample_format) == (
        base.size,
        base.samples_per_pixel,
        base.bits_per_sample,
        base.sample_format,
    )
