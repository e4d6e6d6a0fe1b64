"""What of a TIFF's pages is shown as one slide, however the file describes them."""

from dataclasses import dataclass, field

from tiling.geometry import Mpp

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """stack: for each focal plane the pages, one a channel, by their places in the main chain of directories.

    colours: of the channels, where the file states them. mpp: None where the description states none; then
    the resolution tags are asked. remarks: what was chosen already.
    """

    format_name: str
    stack: tuple[tuple[int, ...], ...]
    colours: tuple[Rgb | None, ...] = ()
    mpp: Mpp | None = None
    objective_power: float | None = None
    remarks: tuple[str, ...] = field(default=())
