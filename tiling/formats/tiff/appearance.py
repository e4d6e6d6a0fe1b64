"""How a slide's samples are to be shown, decided from its tags and from the values that occur in it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError, UnsupportedSlideError
from tiling.formats.tiff.colouring import (
    Colouring,
    CompositeColouring,
    GreyColouring,
    PaletteColouring,
    RgbColouring,
    Window,
)
from tiling.formats.tiff.layout import Rgb
from tiling.model import Pixels
from tiling.tiff import tags
from tiling.tiff.images import TiffImage
from tiling.tiff.reader import TiffFile
from tiling.tiff.tags import Photometric, SampleFormat

_PERCENTILES = (0.1, 99.9)
MOST_CHANNELS = 8
_PREMULTIPLIED = 1  # ExtraSamples
_ALPHA = (1, 2)
# For channels whose file states no colour, in the order in which fluorescence programs hand them out.
_DEFAULT_COLOURS: tuple[tuple[str, Rgb], ...] = (
    ("red", (255, 0, 0)),
    ("green", (0, 255, 0)),
    ("blue", (0, 0, 255)),
    ("yellow", (255, 255, 0)),
    ("magenta", (255, 0, 255)),
    ("cyan", (0, 255, 255)),
    ("orange", (255, 128, 0)),
    ("white", (255, 255, 255)),
)
_COLOUR_NAMES = {colour: name for name, colour in _DEFAULT_COLOURS}


def appearance(
    tiff: TiffFile,
    image: TiffImage,
    page_count: int,
    look: Callable[[], Sequence[NDArray[Any]]],
    colours: Sequence[Rgb | None],
) -> tuple[Colouring, tuple[str, ...]]:
    """The colouring, and what to say about it. `look` gives some (pixels, samples) of each page shown.

    Raises UnsupportedSlideError, CorruptSlideError.
    """
    if image.photometric in (Photometric.RGB, Photometric.YCBCR) and image.samples_per_pixel >= 3:
        return _rgb(tiff, image, look)
    is_alone = page_count == 1
    if image.photometric == Photometric.PALETTE and is_alone:
        return PaletteColouring(_palette(tiff, image)), ()
    # ImageJ gives each channel of a stack its colour as a palette: then the numbers are brightness after all.
    if image.photometric not in (Photometric.MIN_IS_BLACK, Photometric.MIN_IS_WHITE, Photometric.PALETTE):
        raise UnsupportedSlideError("the slide's colours are of a kind that is not supported")
    extra = _extra_samples(tiff, image)
    values = look()
    channels = [page[:, number] for page in values for number in range(page.shape[1] - len(extra))]
    remarks = ("Transparency is left out.",) if extra else ()
    if len(channels) == 1:
        window, remark = _grey_window(channels[0])
        is_inverted = image.photometric == Photometric.MIN_IS_WHITE
        return GreyColouring(window, is_inverted), (*remarks, *remark)
    if extra:
        raise UnsupportedSlideError("the slide has channels with transparency, which is not supported")
    return _composite(channels, max(page_count, len(channels)), colours)


def _rgb(
    tiff: TiffFile, image: TiffImage, look: Callable[[], Sequence[NDArray[Any]]]
) -> tuple[Colouring, tuple[str, ...]]:
    remarks: tuple[str, ...] = ()
    window = Window(0, 255)
    if (image.bits_per_sample, image.sample_format) != (8, SampleFormat.UNSIGNED):
        window = _joint_window(look()[0][:, :3])
        remarks = (f"Values of {_span(window)} are shown as 0 to 255 in each colour.",)
    extra = _extra_samples(tiff, image)
    is_premultiplied = bool(extra) and extra[0] == _PREMULTIPLIED and image.samples_per_pixel >= 4
    if is_premultiplied:
        remarks += ("Transparency is laid over white.",)
    elif image.samples_per_pixel > 3:
        remarks += (f"Of {image.samples_per_pixel} samples a pixel three are shown, the colours.",)
    return RgbColouring(window, is_premultiplied), remarks


def _joint_window(values: NDArray[Any]) -> Window:
    """Black is 0; white is what the camera's bits allow, or 1 for fractions."""
    highest = float(np.nanmax(values)) if values.size else 0.0
    if values.dtype.kind == "f":
        return Window(0, 1) if highest <= 1 else Window(0, highest)
    bits = next(bits for bits in (8, 10, 12, 14, 16, 24, 32) if highest < 2**bits)
    return Window(0, 2**bits - 1)


def _grey_window(values: NDArray[Any]) -> tuple[Window, tuple[str, ...]]:
    if values.dtype == np.uint8:
        return Window(0, 255), ()
    window = _percentile_window(values)
    return window, (f"Values of {_span(window)} are shown as 0 to 255.",)


def _composite(
    channels: Sequence[NDArray[Any]], count: int, stated: Sequence[Rgb | None]
) -> tuple[Colouring, tuple[str, ...]]:
    shown = channels[:MOST_CHANNELS]
    windows, colours, remarks = [], [], []
    for number, values in enumerate(shown):
        colour = stated[number] if number < len(stated) else None
        colour = colour or _DEFAULT_COLOURS[number][1]
        windows.append(_percentile_window(values))
        colours.append(colour)
        name = _COLOUR_NAMES.get(colour, "#{:02x}{:02x}{:02x}".format(*colour))
        remarks.append(f"Channel {number + 1} of {count} is shown in {name}: values of {_span(windows[-1])}.")
    if count > len(shown):
        remarks.append(f"Of {count} channels the first {len(shown)} are shown.")
    return CompositeColouring(tuple(windows), tuple(colours)), tuple(remarks)


def _percentile_window(values: NDArray[Any]) -> Window:
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if not finite.size:
        return Window(0, 1)
    low, high = (float(value) for value in np.percentile(finite, _PERCENTILES))
    if values.dtype.kind != "f":
        low, high = float(np.floor(low)), float(np.ceil(high))
    return Window(low, high if high > low else low + 1)


def _span(window: Window) -> str:
    return f"{window.low:,.6g} to {window.high:,.6g}"


def _extra_samples(tiff: TiffFile, image: TiffImage) -> list[int]:
    """What the samples beyond the colours are, as far as they are transparency."""
    values = tiff.integers(image.directory, tags.EXTRA_SAMPLES)
    stated = [] if values is None else [int(value) for value in values]
    return stated if stated and all(value in _ALPHA for value in stated) else []


def _palette(tiff: TiffFile, image: TiffImage) -> Pixels:
    """ColorMap: all reds, then all greens, then all blues, 16 bits each."""
    colours = tiff.integers(image.directory, tags.COLOR_MAP)
    count = 2**image.bits_per_sample
    if image.bits_per_sample not in (8, 16) or colours is None or len(colours) != 3 * count:
        raise CorruptSlideError("the slide's table of colours does not fit its samples")
    wide = colours.reshape(3, count).T
    # Some writers give 8-bit values where 16 bits are due.
    return (wide if int(wide.max()) < 256 else wide >> 8).astype(np.uint8)
