"""Samples to the colours that people see, one rule for each way of storing them."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tiling.errors import UnsupportedSlideError
from tiling.formats.dicom.instances import Instance
from tiling.formats.dicom.mosaic import Mosaic
from tiling.formats.dicom.pictures import Samples
from tiling.geometry import Size
from tiling.model import Pixels

_WINDOW_SAMPLES = 16
_PERCENTILES = (0.1, 99.9)
_MAX_CHANNELS = 8
# Colours of optical paths whose file states none, in the order in which microscopists reach for them.
_COLOURS = (
    (0, 255, 0), (255, 0, 0), (0, 0, 255), (255, 0, 255),
    (0, 255, 255), (255, 255, 0), (255, 128, 0), (128, 0, 255),
)  # fmt: skip
_WHITE = 255


class Colouring(Protocol):
    """One array of samples a channel, None where it shows nothing, to (height, width, 3) uint8 RGB."""

    @property
    def remarks(self) -> tuple[str, ...]: ...

    def __call__(self, parts: Sequence[Samples | None], size: Size) -> Pixels: ...


class RgbColouring:
    """Three samples are red, green and blue."""

    def __init__(self, bits: int) -> None:
        self._shift = bits - 8
        self.remarks: tuple[str, ...] = ()
        if self._shift:
            self.remarks = (f"Samples of {bits} bits are shown with their upper 8.",)

    def __call__(self, parts: Sequence[Samples | None], size: Size) -> Pixels:
        part = parts[0]
        if part is None:
            return np.full((size.height_px, size.width_px, 3), _WHITE, np.uint8)
        return part.astype(np.uint8) if not self._shift else (part >> self._shift).astype(np.uint8)


class CompositeColouring:
    """Channels of one sample, each in a colour, added up.

    tables: (65536 or 256, 3) uint16 each, the colour of every stored value.
    """

    def __init__(self, tables: Sequence[NDArray[np.uint16]], offset: int, remarks: tuple[str, ...]) -> None:
        self._tables = tables
        self._offset = offset
        self.remarks = remarks

    def __call__(self, parts: Sequence[Samples | None], size: Size) -> Pixels:
        total = np.zeros((size.height_px, size.width_px, 3), np.uint16)
        for part, table in zip(parts, self._tables, strict=False):
            if part is not None:
                total += table[part[:, :, 0].astype(np.int64) + self._offset]
        return total.clip(max=255).astype(np.uint8)


def choose_colouring(instance: Instance, mosaic: Mosaic, samples_of: Callable[[int], Samples]) -> Colouring:
    """Raises UnsupportedSlideError."""
    if instance.samples == 3:
        return RgbColouring(instance.bits_stored if instance.bits_allocated == 16 else 8)
    if instance.photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise UnsupportedSlideError("the slide's colours are of a kind that is not supported")
    count = len(mosaic.channels)
    values = 256 if instance.bits_allocated == 8 else 65_536
    offset = values // 2 if instance.is_signed else 0
    tables, windows = [], []
    for number in range(min(count, _MAX_CHANNELS)):
        low, high = (0, 255)
        if instance.bits_allocated > 8:
            low, high = _window(mosaic.channels[number].frames, samples_of)
        palette = instance.paths[number].palette if number < len(instance.paths) else None
        shares = ((np.arange(values) - offset - low) / max(1, high - low)).clip(0, 1)
        if instance.photometric == "MONOCHROME1":
            shares = 1 - shares
        if palette is not None:
            table = palette[(shares * (len(palette) - 1)).round().astype(int)]
        else:
            colour = np.array(_COLOURS[number] if count > 1 else (255, 255, 255))
            table = (shares[:, None] * colour).round()
        tables.append(table.astype(np.uint16))
        windows.append(f"{low:,}–{high:,}")
    if count == 1:
        remark = f"Grey values are shown, window {windows[0]}."
    else:
        shown = ", ".join(windows)
        remark = f"{len(tables)} of {count} optical paths are shown together, windows {shown}."
    return CompositeColouring(tables, offset, (remark,))


def _window(frames: NDArray[np.int64], samples_of: Callable[[int], Samples]) -> tuple[int, int]:
    """What some frames of a channel hold, without the outermost values."""
    some = frames[np.linspace(0, len(frames) - 1, min(_WINDOW_SAMPLES, len(frames))).round().astype(int)]
    values = np.concatenate([samples_of(int(number))[::4, ::4].ravel() for number in some])
    low, high = np.percentile(values, _PERCENTILES)
    return int(low), max(int(high), int(low) + 1)
