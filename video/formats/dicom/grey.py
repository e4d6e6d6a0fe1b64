"""Stored values to the grey that people see: modality, window, and which end is white (PS3.3, C.11).

All of it becomes one table with an entry for each word that can be stored, so that a frame costs one look-up
a pixel however long the chain is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from video.formats.dicom import tags
from video.formats.dicom.data_set import DataSet
from video.formats.dicom.image import Image

_PERCENTILES = (0.1, 99.9)
_MAX_LUT_BYTES = 1 << 18

Table = NDArray[np.uint8]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GreyTable:
    """table: a shade for every word; is_plain: it changes nothing."""

    table: Table
    remarks: tuple[str, ...]

    @property
    def is_plain(self) -> bool:
        return len(self.table) == 256 and bool((self.table == np.arange(256)).all())


def stored_values(image: Image, bits: int, word_count: int, *, is_coded: bool) -> NDArray[np.int64]:
    """What each word means as a number: the stored bits, without what lies beside them (overlays, mostly).

    bits: of a sample; they end at the image's high bit, or at the lowest one if a codec wrote them.
    """
    shift = 0 if is_coded or word_count <= 1 << bits else max(0, image.high_bit + 1 - bits)
    words = (np.arange(word_count) >> shift) & ((1 << bits) - 1)
    return words - (words >> (bits - 1) << bits) if image.is_signed else words


def grey_table(
    data_set: DataSet, image: Image, stored: NDArray[np.int64], some: Callable[[], Iterator[NDArray[Any]]]
) -> GreyTable:
    """stored: as `stored_values`; some: frames of all over the clip.

    Raises CorruptVideoError, VideoTooLargeError.
    """
    shared = data_set.first_item(tags.SHARED_GROUPS)
    groups = [group for group in (shared, data_set.first_item(tags.FRAME_GROUPS)) if group is not None]
    remarks: list[str] = []
    values = _modality(data_set, groups, image, stored.astype(np.float64))
    shares = _lut_shares(data_set, groups, values)
    window = _window(data_set, groups)
    if shares is not None:
        remarks.append("Grey values are shown through the file's own VOI lookup table.")
    elif window is not None:
        shares = _windowed(values, *window)
        remarks.append(
            f"Grey values are shown with the window that the file states: centre {window[0]:g}, "
            f"width {window[1]:g}."
        )
    elif int(stored.max()) - int(stored.min()) < 256:
        lowest = values.min()
        shares = (values - lowest) / max(1.0, values.max() - lowest)
    else:
        low, high = np.percentile(values[_words(some())], _PERCENTILES)
        high = max(high, low + 1)
        shares = (values - low) / (high - low)
        remarks.append(f"The file states no window; grey values from {low:g} to {high:g} are shown.")
    shares = shares.clip(0, 1)
    shape = data_set.code(tags.PRESENTATION_LUT_SHAPE)
    # With MONOCHROME1 the shape INVERSE is the same statement once more (PS3.3, C.7.6.3.1.2).
    if image.photometric == "MONOCHROME1" or shape == "INVERSE":
        shares = 1 - shares
        remarks.append("Low values are white, as the file states.")
    return GreyTable(np.rint(255 * shares).astype(np.uint8), tuple(remarks))


def _words(frames: Iterator[NDArray[Any]]) -> NDArray[np.int64]:
    return np.concatenate([frame[::2, ::2].ravel().astype(np.int64) for frame in frames])


def _modality(data_set: DataSet, groups: list[DataSet], image: Image, values: Values) -> Values:
    for holder in (data_set, *_inner(groups, tags.PIXEL_VALUE_TRANSFORMATION)):
        table = _lut(holder.first_item(tags.MODALITY_LUT), is_signed=image.is_signed)
        if table is not None:
            first, entries, _ = table
            return entries[(values - first).clip(0, len(entries) - 1).astype(np.int64)].astype(np.float64)
        slope, intercept = holder.decimal(tags.RESCALE_SLOPE), holder.decimal(tags.RESCALE_INTERCEPT)
        if slope or intercept:
            return values * (slope or 1.0) + (intercept or 0.0)
    return values


def _lut_shares(data_set: DataSet, groups: list[DataSet], values: Values) -> Values | None:
    for holder in (data_set, *_inner(groups, tags.FRAME_VOI_LUT)):
        table = _lut(holder.first_item(tags.VOI_LUT), is_signed=bool(values.min() < 0))
        if table is not None:
            first, entries, bits = table
            at = (values - first).clip(0, len(entries) - 1).astype(np.int64)
            return entries[at] / float(max((1 << bits) - 1, int(entries.max())))
    return None


def _lut(item: DataSet | None, *, is_signed: bool) -> tuple[int, NDArray[np.int64], int] | None:
    """First value, entries, bits of an entry; None where there is no such table, or none that makes sense."""
    if item is None:
        return None
    descriptor = item.array(tags.LUT_DESCRIPTOR, "u2", 16).astype(np.int64) & 0xFFFF
    if len(descriptor) != 3 or not 8 <= descriptor[2] <= 16:
        return None
    count, first, bits = int(descriptor[0]) or 1 << 16, int(descriptor[1]), int(descriptor[2])
    element = item.element(tags.LUT_DATA)
    is_bytes = element is not None and bits == 8 and element.byte_count in (count, count + 1)
    if is_bytes:
        entries = np.frombuffer(item.raw(tags.LUT_DATA, _MAX_LUT_BYTES), np.uint8).astype(np.int64)
    else:
        entries = item.array(tags.LUT_DATA, "u2", _MAX_LUT_BYTES).astype(np.int64) & 0xFFFF
    entries = entries[:count]
    first -= (1 << 16) if is_signed and first & 0x8000 else 0
    return (first, entries, bits) if len(entries) else None


def _window(data_set: DataSet, groups: list[DataSet]) -> tuple[float, float, str] | None:
    """Centre, width and function; the first one where the file states several."""
    for holder in (data_set, *_inner(groups, tags.FRAME_VOI_LUT)):
        center, width = holder.decimal(tags.WINDOW_CENTER), holder.decimal(tags.WINDOW_WIDTH)
        function = holder.code(tags.VOI_LUT_FUNCTION) or "LINEAR"
        if center is not None and width is not None and (width >= 1 or (width > 0 and function != "LINEAR")):
            return center, width, function
    return None


def _windowed(values: Values, center: float, width: float, function: str) -> Values:
    """Shares of white (PS3.3, C.11.2.1.2 and C.11.2.1.3)."""
    if function == "SIGMOID":
        return np.asarray(1 / (1 + np.exp((-4 * (values - center) / width).clip(-700, 700))))
    if function == "LINEAR_EXACT":
        return (values - center) / width + 0.5
    if width == 1:
        return (values > center - 0.5).astype(np.float64)
    return (values - (center - 0.5)) / (width - 1) + 0.5


def _inner(groups: list[DataSet], tag: int) -> list[DataSet]:
    found = (group.first_item(tag) for group in groups)
    return [item for item in found if item is not None]
