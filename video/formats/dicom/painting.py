"""Samples to the planes of a frame: one painter for each way in which a file means its samples."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from video.errors import CorruptVideoError
from video.formats.dicom import tags
from video.formats.dicom.colour_model import ColourModel, shown_model, stated_model
from video.formats.dicom.data_set import DataSet
from video.formats.dicom.frame_header import Coding, FrameHeader
from video.formats.dicom.grey import GreyTable, grey_table, stored_values
from video.formats.dicom.image import PALETTE_COLOR, YBR_PARTIAL, Image
from video.formats.dicom.palettes import Colours, read_palette
from video.formats.dicom.samples import Samples
from video.model import Plane, Sampling

Planes = tuple[Plane, ...]
_MOST_LOOKED_AT = 6


class Painter(Protocol):
    """(height, width, 1 or 3) samples to planes."""

    @property
    def sampling(self) -> Sampling: ...

    @property
    def is_full_range(self) -> bool: ...

    @property
    def keeps_samples(self) -> bool:
        """Whether each plane is just a component: then halved chroma may stay halved."""
        ...

    @property
    def remarks(self) -> tuple[str, ...]: ...

    def __call__(self, samples: Samples) -> Planes: ...


class GreyPainter:
    """One component, looked up in a table of shades."""

    sampling, is_full_range, keeps_samples = Sampling.GRAY, True, False

    def __init__(self, grey: GreyTable) -> None:
        self._table = grey.table
        self._is_plain = grey.is_plain
        self.remarks = grey.remarks

    def __call__(self, samples: Samples) -> Planes:
        values = samples[:, :, 0]
        if self._is_plain:
            return (np.ascontiguousarray(values),)
        return (self._table.take(values),)


class PalettePainter:
    """One component, looked up in a table of colours. colours: (256 or 65536, 3) uint8 RGB."""

    is_full_range, keeps_samples = True, False

    def __init__(self, colours: Colours, remarks: tuple[str, ...]) -> None:
        is_grey = bool((colours == colours[:, :1]).all())
        self.sampling = Sampling.GRAY if is_grey else Sampling.YUV444
        self.remarks = remarks
        self._tables = (np.ascontiguousarray(colours[:, 0]),) if is_grey else _ycbcr(colours[None])
        self._tables = tuple(table.ravel() for table in self._tables)

    def __call__(self, samples: Samples) -> Planes:
        return tuple(table.take(samples[:, :, 0]) for table in self._tables)


class ColourPainter:
    """Three components. table: of each word its 8 bits, None where words are that already."""

    sampling = Sampling.YUV444

    def __init__(
        self,
        model: ColourModel,
        table: NDArray[np.uint8] | None,
        remarks: tuple[str, ...],
        *,
        is_full_range: bool = True,
    ) -> None:
        self._model = model
        self._table = table
        self.remarks = remarks
        self.is_full_range = is_full_range
        self.keeps_samples = model is ColourModel.YCBCR and table is None

    def __call__(self, samples: Samples) -> Planes:
        pixels = samples if self._table is None else self._table.take(samples)
        if self._model is ColourModel.RGB:
            return _ycbcr(pixels)
        return tuple(np.ascontiguousarray(pixels[:, :, number]) for number in range(3))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What frames show. first: that can be unpacked; some: of all over the clip, unpacked one by one."""

    coding: Coding
    header: FrameHeader | None
    first: Samples
    some: Callable[[], Iterator[Samples]]


def choose_painter(data_set: DataSet, image: Image, evidence: Evidence) -> Painter:
    """Raises CorruptVideoError, VideoTooLargeError."""
    header, first = evidence.header, evidence.first
    bits = header.bits if header is not None else image.bits_stored
    word_count = 1 << (8 * first.dtype.itemsize)
    if first.shape[2] == 3:
        return _colour_painter(image, evidence, bits, word_count)
    bits = min(bits, 8 * first.dtype.itemsize)
    stored = stored_values(image, bits, word_count, is_coded=header is not None)
    if image.photometric == PALETTE_COLOR:
        palette = read_palette(data_set, is_signed=image.is_signed)
        if palette is None:
            raise CorruptVideoError("the DICOM picture is in palette colours, but has no palette")
        start, colours = palette
        at = (stored - start).clip(0, len(colours) - 1)
        return PalettePainter(colours[at], ())
    grey = grey_table(data_set, image, stored, evidence.some)
    if data_set.code(tags.PIXEL_PRESENTATION) in ("COLOR", "MIXED"):
        palette = read_palette(data_set, is_signed=image.is_signed)
        if palette is not None:
            # A supplemental palette colours the upper values, the others stay grey (PS3.3, C.7.6.19).
            start, colours = palette
            shades = np.repeat(grey.table[:, None], 3, axis=1)
            is_coloured = stored >= start
            shades[is_coloured] = colours[(stored[is_coloured] - start).clip(0, len(colours) - 1)]
            return PalettePainter(shades, grey.remarks)
    return GreyPainter(grey)


def _colour_painter(image: Image, evidence: Evidence, bits: int, word_count: int) -> Painter:
    model = stated_model(image.photometric, evidence.header)
    remarks: list[str] = []
    shown = _shown(evidence, bits) if bits >= 8 else None
    if shown is not None and shown is not model:
        remarks.append(
            f"The samples are read as {shown.value}, which they show, not as {model.value}, as is stated."
        )
        model = shown
    table = None
    if bits != 8 or image.high_bit + 1 != bits or word_count != 256:
        stored = stored_values(image, bits, word_count, is_coded=evidence.header is not None)
        lowest, highest = int(stored.min()), int(stored.max())
        table = np.rint((stored - lowest) * (255 / max(1, highest - lowest))).astype(np.uint8)
        if bits > 8:
            remarks.append(f"Samples of {bits} bits are rounded to 8.")
    is_partial = model is ColourModel.YCBCR and image.photometric in YBR_PARTIAL
    return ColourPainter(model, table, tuple(remarks), is_full_range=not is_partial)


def _shown(evidence: Evidence, bits: int) -> ColourModel | None:
    """By the first of some frames that decides: clips begin black."""
    found = shown_model(evidence.first, bits)
    frames = islice(evidence.some(), _MOST_LOOKED_AT) if found is None else ()
    return found or next(filter(None, (shown_model(frame, bits) for frame in frames)), None)


def _ycbcr(pixels: NDArray[np.uint8]) -> Planes:
    """(h, w, 3) RGB to full-range BT.601."""
    luma, red, blue = cv2.split(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2YCrCb))
    return np.asarray(luma, np.uint8), np.asarray(blue, np.uint8), np.asarray(red, np.uint8)
